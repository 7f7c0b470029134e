//go:build linux && !libpcsclite

package pcsc

import (
	"cmp"
	"context"
	"encoding/binary"
	"time"
)

// Card is an open card inside a transaction: no other program gets between its commands.
type Card struct {
	ctx      context.Context
	client   *Client
	conn     *conn
	reader   string
	handle   uint32 // SCARDHANDLE
	protocol uint32 // T=0 or T=1
}

const (
	shareShared = 2
	protocols   = 3 // T=0 or T=1
	leaveCard   = 0
	resetCard   = 1
)

// Open connects to the card in a reader, shared, and begins a transaction (SCardConnect, SCardBeginTransaction). It
// waits up to Patience for a program that holds the card exclusively, and up to TransactionPatience for another's
// transaction. ctx ends Open and every Transmit. Errors: ErrNoCard, ErrBusy, ErrRemoved, ErrNoService.
func (c *Client) Open(ctx context.Context, reader string) (*Card, error) {
	conn, err := c.take(ctx)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, cmp.Or(c.testOnlyTransactionPatience, TransactionPatience))
	defer cancel()
	card := &Card{ctx: ctx, client: c, conn: conn, reader: reader}
	call := "SCardConnect"
	err = card.connect(limited, time.Now().Add(cmp.Or(c.testOnlyPatience, Patience)))
	if err == nil {
		call = "SCardBeginTransaction"
		if err = card.begin(limited); err != nil && !conn.dead {
			conn.call(context.WithoutCancel(ctx), cmdDisconnect, card.handle, leaveCard)
		}
	}
	if err == nil {
		return card, nil
	}
	c.give(conn)
	if ctx.Err() == nil && limited.Err() != nil {
		return nil, &Error{Call: "SCardBeginTransaction", Reader: reader, Err: ErrBusy}
	}
	return nil, failed(call, reader, err)
}

// connect tries again until the deadline when another program holds the card exclusively. pcscd answers only when no
// other program is in a transaction.
func (c *Card) connect(ctx context.Context, deadline time.Time) error {
	if len(c.reader) >= maxName {
		return codeUnknownReader
	}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := c.tryConnect(ctx)
		if err != codeSharingViolation || time.Now().Add(pause).After(deadline) {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

const (
	firstPause   = 5 * time.Millisecond
	longestPause = 100 * time.Millisecond
)

func (c *Card) tryConnect(ctx context.Context) error {
	message := make([]byte, 4+maxName+5*4)
	binary.NativeEndian.PutUint32(message, c.conn.context)
	copy(message[4:], c.reader)
	rest := message[4+maxName:]
	binary.NativeEndian.PutUint32(rest, shareShared)
	binary.NativeEndian.PutUint32(rest[4:], protocols)
	if err := c.conn.exchange(ctx, cmdConnect, message, nil, message); err != nil {
		return err
	}
	c.handle, c.protocol = word(rest, 8), word(rest, 12)
	return result(message)
}

// begin begins the transaction when no other program is in one, and on a fresh connection when another has reset the card
// since.
func (c *Card) begin(ctx context.Context) error {
	resets := 0
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		_, err := c.conn.call(ctx, cmdBeginTransaction, c.handle)
		const tries = 10
		if err == codeResetCard && resets < tries {
			resets++
			err = c.reconnect(ctx)
			if err == nil {
				continue
			}
		}
		if err != codeSharingViolation {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func (c *Card) reconnect(ctx context.Context) error {
	answer, err := c.conn.call(ctx, cmdReconnect, c.handle, shareShared, protocols, leaveCard, 0)
	if err == nil {
		c.protocol = word(answer, 16)
	}
	return err
}

// maxAnswer is the longest answer in bytes that pcscd passes on: extended length, with room to spare.
const maxAnswer = 4 + 3 + 1<<16 + 3 + 2

// Transmit exchanges one command APDU for one response APDU of up to 64 KiB, status word included (SCardTransmit). It
// blocks for as long as the card works, 15 seconds and more when that waits for a touch; the ctx that Open was given ends
// it, after which the card can only be closed. Errors: ErrRemoved, ErrReset.
func (c *Card) Transmit(command []byte) ([]byte, error) {
	resp, err := c.transmit(command)
	if err == codeProtoMismatch { // so says pcscd in the middle of a reset
		err = codeResetCard
	}
	if err != nil {
		return nil, failed("SCardTransmit", c.reader, err)
	}
	if len(resp) < 2 { // so a card that was pulled out "answers" with success
		return nil, &Error{Call: "SCardTransmit", Reader: c.reader, Err: ErrRemoved}
	}
	return resp, nil
}

func (c *Card) transmit(command []byte) ([]byte, error) {
	switch {
	case c.conn == nil:
		return nil, codeInvalidHandle
	case len(command) == 0 || len(command) > maxAnswer:
		return nil, codeInvalidParameter
	}
	const sizeofPCI = 16 // of an SCARD_IO_REQUEST, which pcscd does not look at
	message := words(c.handle, c.protocol, sizeofPCI, uint32(len(command)), 0, sizeofPCI, maxAnswer, 0)
	if err := c.conn.exchange(c.ctx, cmdTransmit, message, command, message); err != nil {
		return nil, err
	}
	if err := result(message); err != nil {
		return nil, err
	}
	size := word(message, 24)
	if size > maxAnswer {
		c.conn.dead = true
		return nil, errClosed
	}
	resp := make([]byte, size)
	return resp, c.conn.await(c.ctx, resp)
}

// Close ends the transaction and disconnects, leaving the card as it is (SCardEndTransaction, SCardDisconnect). It does
// not wait for a command whose context has ended: pcscd closes the card when that one is through.
func (c *Card) Close() error { return c.close(leaveCard) }

// CloseReset is Close, and resets the card while it is still this program's: what was unlocked is locked again.
func (c *Card) CloseReset() error { return c.close(resetCard) }

// close does to the card what disposition says before another program can begin its transaction: SCardEndTransaction
// resets first and then lets others in, SCardDisconnect, which ends a transaction too, does it the other way round. It works
// when ctx has ended, too.
func (c *Card) close(disposition uint32) error {
	if c.conn == nil {
		return failed("SCardDisconnect", c.reader, codeInvalidHandle)
	}
	conn := c.conn
	c.conn = nil
	if conn.dead {
		const size = 12
		c.client.forget(conn)
		conn.leave(words(size, cmdEndTransaction, c.handle, disposition, 0, size, cmdDisconnect, c.handle, leaveCard, 0))
		return nil
	}
	defer c.client.give(conn)
	ctx := context.WithoutCancel(c.ctx)
	if disposition != leaveCard {
		if _, err := conn.call(ctx, cmdEndTransaction, c.handle, disposition); err == nil {
			disposition = leaveCard
		}
	}
	conn.tell(cmdDisconnect, c.handle, disposition)
	return nil
}
