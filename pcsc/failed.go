//go:build cgo || windows

package pcsc

import "github.com/ebfe/scard"

// failed gives a PC/SC code its meaning. The error of an ended context stays what it is.
func failed(call, reader string, err error) error {
	code, ok := err.(scard.Error)
	if !ok {
		return err
	}
	if known, ok := meanings[code]; ok {
		err = known
	}
	if code == scard.ErrSecurityViolation && !mayBeDenied[call] {
		err = ErrNoService
	}
	return &Error{Call: call, Reader: reader, Code: uint32(code), Err: err}
}

// mayBeDenied has the calls for which pcscd asks polkit. To libpcsclite SCARD_W_SECURITY_VIOLATION is any connection that
// pcscd closes; later than in these calls, that means that pcscd ended.
var mayBeDenied = map[string]bool{"SCardEstablishContext": true, "SCardConnect": true}

var meanings = map[scard.Error]error{
	scard.ErrNoService:         ErrNoService,
	scard.ErrServiceStopped:    ErrNoService,
	scard.ErrCommError:         ErrNoService, // what libpcsclite reports when pcscd ends during a call
	scard.ErrSecurityViolation: ErrDenied,
	scard.ErrNoAccess:          ErrDenied,

	scard.ErrNoReadersAvailable: ErrNoReader,
	scard.ErrUnknownReader:      ErrRemoved,
	scard.ErrReaderUnavailable:  ErrRemoved,
	scard.ErrRemovedCard:        ErrRemoved,
	scard.ErrNotTransacted:      ErrRemoved, // pulled out while it worked
	scard.ErrInvalidHandle:      ErrRemoved,
	scard.ErrNoSmartcard:        ErrNoCard,
	scard.ErrUnpoweredCard:      ErrNoCard,
	scard.ErrUnresponsiveCard:   ErrNoCard,
	scard.ErrSharingViolation:   ErrBusy,
	scard.ErrServerTooBusy:      ErrBusy,
	scard.ErrResetCard:          ErrReset,
}
