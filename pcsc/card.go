//go:build cgo || windows

package pcsc

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/ebfe/scard"
)

// Card is an open card inside a transaction: no other program gets between its commands.
type Card struct {
	client *Client
	ctx    context.Context
	card   *scard.Card
	reader string
	busy   sync.Mutex // held while a command runs, also after its context has ended
}

const protocols = scard.ProtocolT0 | scard.ProtocolT1

// Open connects to the card in a reader, shared, and begins a transaction (SCardConnect, SCardBeginTransaction). It
// waits for other programs' transactions, and up to Patience for one that holds the card exclusively. ctx ends Open
// and every Transmit. Errors: ErrNoCard, ErrBusy, ErrRemoved, ErrNoService.
func (c *Client) Open(ctx context.Context, reader string) (*Card, error) {
	deadline := time.Now().Add(Patience)
	pause := 5 * time.Millisecond
	for {
		card, err := await(ctx,
			func() (*scard.Card, error) { return c.open(reader) },
			func(card *scard.Card) { leave(card, scard.LeaveCard) })
		if err == nil {
			return &Card{client: c, ctx: ctx, card: card, reader: reader}, nil
		}
		if err != scard.ErrSharingViolation || time.Now().Add(pause).After(deadline) {
			return nil, failed("SCardConnect", reader, err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, 100*time.Millisecond)
	}
}

// open first waits for a card that this client has still to leave: while it waited for the transaction, PC/SC would not
// let it end the other.
func (c *Client) open(reader string) (*scard.Card, error) {
	c.leaving.Wait()
	card, err := c.context.Connect(reader, scard.ShareShared, protocols)
	if err != nil {
		return nil, err
	}
	if err := begin(card); err != nil {
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

func leave(card *scard.Card, d scard.Disposition) error {
	card.EndTransaction(scard.LeaveCard)
	return card.Disconnect(d)
}

// Transmit exchanges one command APDU for one response APDU, status word included (SCardTransmit). It blocks for as
// long as the card works, 15 seconds and more when that waits for a touch. Errors: ErrRemoved, ErrReset.
func (c *Card) Transmit(command []byte) ([]byte, error) {
	command = bytes.Clone(command)
	resp, err := await(c.ctx, func() ([]byte, error) {
		c.busy.Lock()
		defer c.busy.Unlock()
		defer clear(command)
		return c.card.Transmit(command)
	}, func(resp []byte) { clear(resp) })
	if err != nil {
		return nil, failed("SCardTransmit", c.reader, err)
	}
	if len(resp) < 2 { // so a card that was pulled out "answers" with success
		return nil, &Error{"SCardTransmit", c.reader, ErrRemoved}
	}
	return resp, nil
}

// Close ends the transaction and disconnects, leaving the card as it is (SCardDisconnect).
func (c *Card) Close() error { return c.close(scard.LeaveCard) }

// CloseReset is Close, and resets the card: what was unlocked on it is locked again.
func (c *Card) CloseReset() error { return c.close(scard.ResetCard) }

// close does not wait for a command whose context has ended: that one closes the card when it is through.
func (c *Card) close(d scard.Disposition) error {
	if !c.busy.TryLock() {
		c.client.leaving.Go(func() {
			c.busy.Lock()
			leave(c.card, d)
		})
		return nil
	}
	if err := leave(c.card, d); err != nil {
		return failed("SCardDisconnect", c.reader, err)
	}
	return nil
}
