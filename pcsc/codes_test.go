package pcsc

import (
	"context"
	"errors"
	"testing"
)

// TestMeanings: codes of PC/SC part 5 as numbers, so that this does not depend on the names here.
func TestMeanings(t *testing.T) {
	for c, want := range map[code]error{
		0x8010001d: ErrNoService,     // SCARD_E_NO_SERVICE
		0x8010001e: ErrNoService,     // SCARD_E_SERVICE_STOPPED
		0x80100013: ErrNoService,     // SCARD_F_COMM_ERROR
		0x8010006a: ErrDenied,        // SCARD_W_SECURITY_VIOLATION
		0x80100027: ErrDenied,        // SCARD_E_NO_ACCESS
		0x8010002e: ErrNoReader,      // SCARD_E_NO_READERS_AVAILABLE
		0x80100009: ErrRemoved,       // SCARD_E_UNKNOWN_READER
		0x80100017: ErrRemoved,       // SCARD_E_READER_UNAVAILABLE
		0x80100069: ErrRemoved,       // SCARD_W_REMOVED_CARD
		0x80100016: ErrRemoved,       // SCARD_E_NOT_TRANSACTED
		0x8010000c: ErrNoCard,        // SCARD_E_NO_SMARTCARD
		0x80100067: ErrNoCard,        // SCARD_W_UNPOWERED_CARD
		0x80100066: ErrNoCard,        // SCARD_W_UNRESPONSIVE_CARD
		0x8010000b: ErrBusy,          // SCARD_E_SHARING_VIOLATION
		0x80100068: ErrReset,         // SCARD_W_RESET_CARD
		0x8010000f: code(0x8010000f), // SCARD_E_PROTO_MISMATCH: has no name here
	} {
		err := failed("SCardConnect", "a reader", c)
		var e *Error
		if !errors.Is(err, want) || !errors.As(err, &e) || e.Code != uint32(c) || e.Reader != "a reader" {
			t.Errorf("%08x: %#v, want %v", uint32(c), err, want)
		}
	}
	if err := failed("SCardTransmit", "", errClosed); !errors.Is(err, ErrNoService) {
		t.Errorf("a connection that pcscd closed: %v", err)
	}
	if err := failed("SCardConnect", "", context.Canceled); err != context.Canceled {
		t.Errorf("an ended context: %v", err)
	}
}
