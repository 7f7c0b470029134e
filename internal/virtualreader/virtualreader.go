// Package virtualreader puts virtual keys where the commands look for smart cards, without PC/SC: for vkey run, and for
// tests that would take too long through pcscd.
package virtualreader

import (
	"context"
	"errors"
	"fmt"

	"ykmfa/internal/cli"
	"ykmfa/internal/virtualkey"
)

// Readers are virtual keys, each in a reader of its own.
type Readers []*virtualkey.Key

// Readers names them.
func (r Readers) Readers(context.Context) ([]string, error) {
	var names []string
	for i, k := range r {
		names = append(names, readerName(i, k))
	}
	return names, nil
}

func readerName(i int, k *virtualkey.Key) string { return fmt.Sprintf("%s %02X 00", k.ReaderName(), i) }

// Open powers the key up.
func (r Readers) Open(ctx context.Context, reader string) (cli.Card, error) {
	for i, k := range r {
		if readerName(i, k) == reader {
			k.Reset()
			return card{ctx, k}, nil
		}
	}
	return nil, cli.ErrNoCard
}

type card struct {
	ctx context.Context
	key *virtualkey.Key
}

// Transmit ends with the context, as on PC/SC, although the key may go on waiting for its touch.
func (c card) Transmit(apdu []byte) ([]byte, error) {
	type result struct {
		resp []byte
		err  error
	}
	apdu = append([]byte(nil), apdu...)
	done := make(chan result, 1)
	go func() {
		resp, err := c.key.Transmit(apdu)
		clear(apdu)
		done <- result{resp, err}
	}()
	select {
	case r := <-done:
		if errors.Is(r.err, virtualkey.ErrRemoved) {
			r.err = cli.ErrRemoved
		}
		return r.resp, r.err
	case <-c.ctx.Done():
		return nil, c.ctx.Err()
	}
}

func (c card) Close(reset bool) error {
	if reset {
		c.key.Reset()
	}
	return nil
}
