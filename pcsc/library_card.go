//go:build windows || (cgo && (!linux || libpcsclite))

package pcsc

import (
	"bytes"
	"cmp"
	"context"
	"time"

	"github.com/ebfe/scard"
)

// Card is an open card inside a transaction: no other program gets between its commands.
type Card struct {
	ctx    context.Context
	link   *link
	card   *scard.Card
	reader string
}

const protocols = scard.ProtocolT0 | scard.ProtocolT1

// Open connects to the card in a reader, shared, and begins a transaction (SCardConnect, SCardBeginTransaction). It
// waits up to Patience for a program that holds the card exclusively, and up to TransactionPatience for another's
// transaction. ctx ends Open and every Transmit. Errors: ErrNoCard, ErrBusy, ErrRemoved, ErrNoService.
func (c *Client) Open(ctx context.Context, reader string) (*Card, error) {
	l, err := c.link(ctx)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, cmp.Or(c.testOnlyTransactionPatience, TransactionPatience))
	defer cancel()
	card, err := l.openPatiently(limited, reader, time.Now().Add(cmp.Or(c.testOnlyPatience, Patience)))
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return nil, &Error{Call: "SCardBeginTransaction", Reader: reader, Err: ErrBusy}
	}
	if err != nil {
		return nil, failed("SCardConnect", reader, asCode(err))
	}
	return &Card{ctx: ctx, link: l, card: card, reader: reader}, nil
}

// openPatiently tries again until the deadline when another program holds the card exclusively.
func (l *link) openPatiently(ctx context.Context, reader string, deadline time.Time) (*scard.Card, error) {
	pause := 5 * time.Millisecond
	for {
		card, err := run(ctx, l,
			func() (*scard.Card, error) { return l.open(ctx, reader) },
			func(card *scard.Card) { leave(card, scard.LeaveCard) })
		if err != scard.ErrSharingViolation || time.Now().Add(pause).After(deadline) {
			return card, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, 100*time.Millisecond)
	}
}

// open waits twice for a transaction of another program: libpcsclite lets it neither connect nor begin. Nothing is begun
// when ctx has ended in the first wait.
func (l *link) open(ctx context.Context, reader string) (*scard.Card, error) {
	card, err := l.context.Connect(reader, scard.ShareShared, protocols)
	if err != nil {
		return nil, err
	}
	if err = ctx.Err(); err == nil {
		err = begin(card)
	}
	if err != nil {
		card.Disconnect(scard.LeaveCard)
		return nil, err
	}
	return card, nil
}

// begin begins the transaction, on a fresh connection when another program has reset the card since.
func begin(card *scard.Card) error {
	const tries = 10
	var err error
	for range tries {
		if err = card.BeginTransaction(); err != scard.ErrResetCard {
			return err
		}
		if err := card.Reconnect(scard.ShareShared, protocols, scard.LeaveCard); err != nil {
			return err
		}
	}
	return err
}

// leave does to the card what d says before another program can begin its transaction: SCardEndTransaction resets first
// and then lets others in, SCardDisconnect would do it the other way round.
func leave(card *scard.Card, d scard.Disposition) error {
	if err := card.EndTransaction(d); err == nil {
		d = scard.LeaveCard
	}
	return card.Disconnect(d)
}

// Transmit exchanges one command APDU for one response APDU of up to 64 KiB, status word included (SCardTransmit). It
// blocks for as long as the card works, 15 seconds and more when that waits for a touch; the ctx that Open was given ends
// it, after which the card can only be closed. Errors: ErrRemoved, ErrReset.
func (c *Card) Transmit(command []byte) ([]byte, error) {
	if len(command) == 0 {
		return nil, failed("SCardTransmit", c.reader, codeInvalidParameter)
	}
	command = bytes.Clone(command) // the call may outlive the caller's
	resp, err := run(c.ctx, c.link, func() ([]byte, error) {
		defer clear(command)
		if err := c.ctx.Err(); err != nil {
			return nil, err
		}
		return c.card.Transmit(command)
	}, func(resp []byte) { clear(resp) })
	if err != nil {
		return nil, failed("SCardTransmit", c.reader, asCode(err))
	}
	if len(resp) < 2 { // so a card that was pulled out "answers" with success
		return nil, &Error{Call: "SCardTransmit", Reader: c.reader, Err: ErrRemoved}
	}
	return resp, nil
}

// Close ends the transaction and disconnects, leaving the card as it is (SCardEndTransaction, SCardDisconnect). It does
// not wait for a command whose context has ended: that one closes the card when it is through.
func (c *Card) Close() error { return c.close(scard.LeaveCard) }

// CloseReset is Close, and resets the card while it is still this program's: what was unlocked is locked again.
func (c *Card) CloseReset() error { return c.close(scard.ResetCard) }

func (c *Card) close(d scard.Disposition) error {
	err := c.link.finish(func() error { return leave(c.card, d) })
	return failed("SCardDisconnect", c.reader, asCode(err))
}
