package oath

import (
	"errors"
	"fmt"
)

// What a card can refuse, for errors.Is. The same status word means different things to different commands, so these
// are reached by unwrapping an *Error, which knows the command.
var (
	ErrNoApplet      = errors.New("the card has no OATH applet")
	ErrLocked        = errors.New("the applet is locked by a password")
	ErrWrongPassword = errors.New("wrong password")
	ErrNoPassword    = errors.New("no password is set")
	ErrNotTouched    = errors.New("not touched in time")
	ErrNotFound      = errors.New("no such credential")
	ErrExists        = errors.New("a credential of that id exists already")
	ErrFull          = errors.New("no space left on the key")
	ErrPolicy        = errors.New("refused by the key's policy")
	ErrInvalid       = errors.New("invalid data")
	ErrNotSupported  = errors.New("not supported by this key")
	ErrCorrupt       = errors.New("the card's answer makes no sense")
	ErrImpostor      = errors.New("the card could not prove that it knows the password")
)

// Error is a status word other than 9000, with the command that it answers.
type Error struct {
	Command string // as Yubico's page names it: "PUT", "CALCULATE", ...
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

// FeatureError says what a key is too old for. It unwraps to ErrNotSupported.
type FeatureError struct {
	Feature    string
	Needs, Has Version
}

func (e *FeatureError) Error() string {
	if e.Has.Less(Version{3}) { // a NEO tells the version of its applet, whatever its firmware
		return fmt.Sprintf("%s needs firmware %v, this key is a NEO with the applet %v", e.Feature, e.Needs, e.Has)
	}
	return fmt.Sprintf("%s needs firmware %v, this key has %v", e.Feature, e.Needs, e.Has)
}

func (e *FeatureError) Unwrap() error { return ErrNotSupported }

// Status words that the applet uses.
const (
	statusOK            = 0x9000
	statusMore          = 0x6100 // low byte: how many bytes are left
	statusLocked        = 0x6982
	statusNoSuchObject  = 0x6984
	statusPolicy        = 0x6985
	statusWrongData     = 0x6a80
	statusNoApplet      = 0x6a82
	statusNoSpace       = 0x6a84
	statusWrongP1P2     = 0x6b00
	statusUnknownINS    = 0x6d00
	statusNoAppletNFC   = 0x6999
	statusAborted       = 0x6f00
	statusInternalError = 0x6581
)

// meanings says what a status word says to a command beyond what it says everywhere.
var meanings = [...]struct {
	command string
	status  uint16
	meaning error
}{
	{"SELECT", statusNoApplet, ErrNoApplet}, // NEO and NFC readers know several words for it
	{"SELECT", statusUnknownINS, ErrNoApplet},
	{"SELECT", statusWrongP1P2, ErrNoApplet},
	{"SELECT", statusNoAppletNFC, ErrNoApplet},
	{"PUT", statusNoSpace, ErrFull},
	{"PUT", statusAborted, ErrFull}, // a NEO aborts when it is full
	{"PUT", statusPolicy, ErrPolicy},
	{"PUT", statusWrongData, ErrInvalid},
	{"DELETE", statusNoSuchObject, ErrNotFound},
	{"RENAME", statusNoSuchObject, errRename},
	{"RENAME", statusWrongData, ErrInvalid},
	{"SET CODE", statusNoSuchObject, ErrInvalid},
	{"SET CODE", statusPolicy, ErrPolicy},
	{"SET CODE", statusWrongData, ErrInvalid},
	{"VALIDATE", statusWrongData, ErrWrongPassword},
	{"VALIDATE", statusNoSuchObject, ErrNoPassword},
	{"CALCULATE", statusNoSuchObject, ErrNotFound},
	{"CALCULATE", statusWrongData, ErrInvalid},
}

func meaning(command string, status uint16) error {
	for _, m := range meanings {
		if m.command == command && m.status == status {
			return m.meaning
		}
	}
	return nil
}

var (
	errRename = either{ErrNotFound, ErrExists} // RENAME has one word for both
	errPut    = either{ErrExists, ErrPolicy}   // so has PUT on CanoKey, which reports 6.0.0
)

// either is a meaning that is one of two.
type either [2]error

func (e either) Error() string   { return e[0].Error() + ", or " + e[1].Error() }
func (e either) Unwrap() []error { return e[:] }

// statusError gives the status word of a failed command its meaning. A 6982 means "locked", except that CALCULATE in
// an unlocked session also answers so when nobody touched the key.
func (s *Session) statusError(command string, status uint16) error {
	e := &Error{Command: command, Status: status, meaning: meaning(command, status)}
	switch {
	case command == "PUT" && status == statusPolicy && !s.Version.Less(Version{6}):
		e.meaning = errPut
	case e.meaning != nil:
	case status == statusLocked && command == "CALCULATE" && !s.locked:
		e.meaning = ErrNotTouched
	case status == statusLocked:
		e.meaning = ErrLocked
	case status == statusUnknownINS:
		e.meaning = ErrNotSupported
	case status == statusInternalError:
		e.meaning = ErrCorrupt
	}
	return e
}
