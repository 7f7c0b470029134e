package cli

import (
	"context"
	"errors"

	"ykmfa/oath"
)

// Cards finds smart cards and opens them. The commands know no more of PC/SC than this.
type Cards interface {
	// Readers returns the names of the readers that hold a card: none is ErrNoReader or ErrNoCard.
	Readers(ctx context.Context) ([]string, error)
	// Open connects to the card in a reader, shared with other programs but alone until Close. It waits a few
	// seconds for a card that is in use.
	Open(ctx context.Context, reader string) (Card, error)
}

// Card is an open card. The ctx of Open ends a Transmit too.
type Card interface {
	oath.Card // as pivkey has it, too
	// Close leaves the card to other programs. With reset, it is reset first, which locks what was unlocked.
	Close(reset bool) error
}

// What Cards can fail with, for errors.Is.
var (
	ErrNoService   = errors.New("the smart card service is not running")
	ErrNoReader    = errors.New("no smart card reader")
	ErrNoCard      = errors.New("no card in any reader")
	ErrBusy        = errors.New("the card is in use by another program")
	ErrRemoved     = errors.New("the card was removed")
	ErrReset       = errors.New("the card was reset by another program")
	ErrDenied      = errors.New("no permission to use smart cards")
	ErrUnsupported = errors.New("this build has no smart card support")
)
