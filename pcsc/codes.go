package pcsc

import "fmt"

// code is what a PC/SC call returns when it fails (PC/SC part 5; the numbers are those of Windows' winerror.h).
type code uint32

const (
	codeInvalidHandle      code = 0x80100003
	codeInvalidParameter   code = 0x80100004
	codeUnknownReader      code = 0x80100009
	codeSharingViolation   code = 0x8010000b
	codeNoSmartcard        code = 0x8010000c
	codeProtoMismatch      code = 0x8010000f
	codeCommError          code = 0x80100013
	codeNotTransacted      code = 0x80100016
	codeReaderUnavailable  code = 0x80100017
	codeNoService          code = 0x8010001d
	codeServiceStopped     code = 0x8010001e
	codeNoAccess           code = 0x80100027
	codeNoReadersAvailable code = 0x8010002e
	codeServerTooBusy      code = 0x80100031
	codeUnresponsiveCard   code = 0x80100066
	codeUnpoweredCard      code = 0x80100067
	codeResetCard          code = 0x80100068
	codeRemovedCard        code = 0x80100069
	codeSecurityViolation  code = 0x8010006a
)

func (c code) Error() string { return fmt.Sprintf("PC/SC error %08x", uint32(c)) }

// errClosed is a connection that the service has closed.
const errClosed = codeSecurityViolation

// failed gives a PC/SC code its meaning. The error of an ended context stays what it is. When polkit says no, for which
// pcscd asks in two calls, pcscd closes the connection, which SCARD_W_SECURITY_VIOLATION stands for; in any other call a
// closed connection means that pcscd ended.
func failed(call, reader string, err error) error {
	c, ok := err.(code)
	if !ok {
		return err
	}
	for _, m := range meanings {
		if m.code == c {
			err = m.err
		}
	}
	if c == codeSecurityViolation && call != "SCardEstablishContext" && call != "SCardConnect" {
		err = ErrNoService
	}
	return &Error{Call: call, Reader: reader, Code: uint32(c), Err: err}
}

var meanings = [...]struct {
	code code
	err  error
}{
	{codeNoService, ErrNoService},
	{codeServiceStopped, ErrNoService},
	{codeCommError, ErrNoService}, // what libpcsclite reports when pcscd ends during a call
	{codeSecurityViolation, ErrDenied},
	{codeNoAccess, ErrDenied},

	{codeNoReadersAvailable, ErrNoReader},
	{codeUnknownReader, ErrRemoved},
	{codeReaderUnavailable, ErrRemoved},
	{codeRemovedCard, ErrRemoved},
	{codeNotTransacted, ErrRemoved}, // pulled out while it worked
	{codeInvalidHandle, ErrRemoved},
	{codeNoSmartcard, ErrNoCard},
	{codeUnpoweredCard, ErrNoCard},
	{codeUnresponsiveCard, ErrNoCard},
	{codeSharingViolation, ErrBusy},
	{codeServerTooBusy, ErrBusy},
	{codeResetCard, ErrReset},
}
