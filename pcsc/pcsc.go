// Package pcsc opens smart cards through PC/SC (the PC/SC Workgroup's specification, part 5): pcscd on Linux, the
// systems' own services on macOS and Windows.
//
// It is polite. A card is opened shared and used inside a transaction, which should last milliseconds; a card that
// another program holds is waited for. Any reader with a card counts, whatever its name: what is on the card is for
// the caller to find out.
//
// Every function ends early when its context does, although PC/SC itself cannot be interrupted: the call then comes to
// its end in the background, and what it opened is closed.
//
// On Linux the package speaks to pcscd itself, without libpcsclite and without cgo: a process that prints one code spends a
// third of its time on loading C libraries otherwise. The build tag libpcsclite chooses the library all the same. On macOS
// the package needs cgo; without it, Connect fails with ErrUnsupported.
package pcsc

import (
	"errors"
	"fmt"
	"time"
)

// What can go wrong, for errors.Is.
var (
	ErrNoService   = errors.New("the smart card service is not running")
	ErrDenied      = errors.New("no permission to use smart cards")
	ErrNoReader    = errors.New("no smart card reader")
	ErrNoCard      = errors.New("no card in the reader")
	ErrBusy        = errors.New("the card is in use by another program")
	ErrRemoved     = errors.New("the card was removed")
	ErrReset       = errors.New("the card was reset by another program")
	ErrUnsupported = errors.New("built without cgo: no PC/SC")
)

// Patience is how long Open waits for a card that another program holds exclusively.
const Patience = 5 * time.Second

// TransactionPatience is how long Open waits for another program's transaction. That may last as long as a key waits for
// a touch: 15 seconds on a YubiKey, 30 on others.
const TransactionPatience = 35 * time.Second

// Error is a PC/SC call that failed.
type Error struct {
	Call   string // as the specification names it: "SCardConnect"
	Reader string // may be empty
	Code   uint32 // what PC/SC returned: 0x8010000b is SCARD_E_SHARING_VIOLATION; 0 if the failure is not PC/SC's own
	Err    error  // one of the errors above, or what the code says
}

func (e *Error) Error() string {
	if e.Reader == "" {
		return fmt.Sprintf("%v (%s)", e.Err, e.Call)
	}
	return fmt.Sprintf("%v (%s, reader %q)", e.Err, e.Call, e.Reader)
}

func (e *Error) Unwrap() error { return e.Err }
