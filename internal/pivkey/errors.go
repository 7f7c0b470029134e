package pivkey

import (
	"errors"
	"fmt"
)

// What a card can refuse, for errors.Is. The same status word means different things to different commands, so most of
// these are reached by unwrapping an *Error, which knows the command.
var (
	ErrNoApplet           = errors.New("the card has no PIV applet")
	ErrNoKey              = errors.New("no such key in the slot")
	ErrNoCertificate      = errors.New("no certificate in the slot")
	ErrNotP256            = errors.New("not a P-256 key")
	ErrOccupied           = errors.New("the slot is in use")
	ErrFull               = errors.New("every retired slot is in use")
	ErrPINNeeded          = errors.New("the PIN is needed")
	ErrPINBlocked         = errors.New("the PIN is blocked")
	ErrPINVerified        = errors.New("the PIN is verified, which hides the number of tries")
	ErrNotTouched         = errors.New("not touched in time")
	ErrNotAuthenticated   = errors.New("the management key is needed")
	ErrWrongManagementKey = errors.New("wrong management key")
	ErrNoProtectedKey     = errors.New("no management key is stored under the PIN")
	ErrImpostor           = errors.New("the card could not prove that it knows the management key")
	ErrPolicy             = errors.New("refused by the key's policy")
	ErrNoSpace            = errors.New("no space left on the key")
	ErrNotSupported       = errors.New("not supported by this key")
	ErrInvalid            = errors.New("invalid data")
	ErrCorrupt            = errors.New("the card's answer makes no sense")
)

// Error is a status word other than 9000, with the command that it answers.
type Error struct {
	Command string // as 800-73 and Yubico name it: "VERIFY", "GET DATA", ...
	Status  uint16

	meaning error
}

func (e *Error) Error() string {
	if e.meaning == nil {
		return fmt.Sprintf("%s: status %04x", e.Command, e.Status)
	}
	return fmt.Sprintf("%s: %v (status %04x)", e.Command, e.meaning, e.Status)
}

// Unwrap returns what the status means to the command, or nil when nothing is known about it.
func (e *Error) Unwrap() error { return e.meaning }

// PINError is a wrong PIN.
type PINError struct {
	Tries int // left before the PIN is blocked, at least one
}

func (e *PINError) Error() string {
	if e.Tries == 1 {
		return "wrong PIN, one try left"
	}
	return fmt.Sprintf("wrong PIN, %d tries left", e.Tries)
}

// Status words that the applet uses.
const (
	statusOK           = 0x9000
	statusMore         = 0x6100 // low byte: how many bytes are left
	statusWrongPIN     = 0x6300 // low byte: c0 and the tries left
	statusMemory       = 0x6581
	statusSecurity     = 0x6982 // PIN, touch or management key is missing
	statusBlocked      = 0x6983
	statusConditions   = 0x6985
	statusNoAppletNFC  = 0x6999
	statusWrongData    = 0x6a80
	statusNotSupported = 0x6a81
	statusNotFound     = 0x6a82
	statusNoSpace      = 0x6a84
	statusWrongP1P2    = 0x6a86
	statusNoReference  = 0x6a88
	statusBadP1P2      = 0x6b00
	statusUnknownINS   = 0x6d00
)

// meaning is what a status word says to a command, or nil.
func meaning(ins byte, status uint16) error {
	switch ins {
	case insSelect:
		switch status { // NEO and NFC readers know several words for it
		case statusNotFound, statusUnknownINS, statusBadP1P2, statusNoAppletNFC:
			return ErrNoApplet
		}
	case insGenerate, insPutData:
		switch status {
		case statusSecurity:
			return ErrNotAuthenticated
		case statusConditions:
			return ErrPolicy
		case statusWrongData:
			return ErrInvalid
		case statusNoSpace, statusMemory:
			return ErrNoSpace
		}
	case insGetData:
		switch status {
		case statusSecurity:
			return ErrPINNeeded
		case statusNotFound:
			return ErrNoCertificate
		}
	case insVerify:
		if status == statusBlocked {
			return ErrPINBlocked
		}
	case insMetadata:
		if status == statusNoReference || status == statusNotFound {
			return ErrNoKey
		}
	case insAuthenticate:
		if noSuchKey(status) {
			return ErrNoKey
		}
	}
	if status == statusUnknownINS {
		return ErrNotSupported
	}
	return nil
}

// noSuchKey reports whether GENERAL AUTHENTICATE says that a slot has no key, or none of the algorithm asked for.
// Firmware has several words for it, and Yubico's page names none.
func noSuchKey(status uint16) bool {
	switch status {
	case statusWrongData, statusNotSupported, statusNotFound, statusWrongP1P2, statusNoReference, statusBadP1P2:
		return true
	}
	return false
}

// hasStatus reports whether err is this status word.
func hasStatus(err error, status uint16) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

func corrupt(ins byte) error { return fmt.Errorf("%s: %w", commandName(ins), ErrCorrupt) }
