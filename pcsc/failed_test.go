//go:build cgo || windows

package pcsc_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ebfe/scard"

	"ykmfa/pcsc"
)

// TestMeanings: codes of PC/SC part 5 as numbers, so that this does not depend on the names of the binding.
func TestMeanings(t *testing.T) {
	for code, want := range map[scard.Error]error{
		0x8010001d: pcsc.ErrNoService,       // SCARD_E_NO_SERVICE
		0x8010001e: pcsc.ErrNoService,       // SCARD_E_SERVICE_STOPPED
		0x80100013: pcsc.ErrNoService,       // SCARD_F_COMM_ERROR
		0x8010006a: pcsc.ErrDenied,          // SCARD_W_SECURITY_VIOLATION
		0x80100027: pcsc.ErrDenied,          // SCARD_E_NO_ACCESS
		0x8010002e: pcsc.ErrNoReader,        // SCARD_E_NO_READERS_AVAILABLE
		0x80100009: pcsc.ErrRemoved,         // SCARD_E_UNKNOWN_READER
		0x80100017: pcsc.ErrRemoved,         // SCARD_E_READER_UNAVAILABLE
		0x80100069: pcsc.ErrRemoved,         // SCARD_W_REMOVED_CARD
		0x80100016: pcsc.ErrRemoved,         // SCARD_E_NOT_TRANSACTED
		0x8010000c: pcsc.ErrNoCard,          // SCARD_E_NO_SMARTCARD
		0x80100067: pcsc.ErrNoCard,          // SCARD_W_UNPOWERED_CARD
		0x80100066: pcsc.ErrNoCard,          // SCARD_W_UNRESPONSIVE_CARD
		0x8010000b: pcsc.ErrBusy,            // SCARD_E_SHARING_VIOLATION
		0x80100068: pcsc.ErrReset,           // SCARD_W_RESET_CARD
		0x8010000f: scard.Error(0x8010000f), // SCARD_E_PROTO_MISMATCH: has no name here
	} {
		err := pcsc.Failed("SCardConnect", "a reader", code)
		var e *pcsc.Error
		if !errors.Is(err, want) || !errors.As(err, &e) || e.Code != uint32(code) || e.Reader != "a reader" {
			t.Errorf("%08x: %#v, want %v", uint32(code), err, want)
		}
	}
	if err := pcsc.Failed("SCardTransmit", "", scard.Error(0x8010006a)); !errors.Is(err, pcsc.ErrNoService) {
		t.Errorf("a connection that pcscd closed: %v", err)
	}
	if err := pcsc.Failed("SCardConnect", "", context.Canceled); err != context.Canceled {
		t.Errorf("an ended context: %v", err)
	}
}
