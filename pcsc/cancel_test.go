//go:build cgo && linux

package pcsc_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ebfe/scard"

	"ykmfa/internal/pcscdtest"
	"ykmfa/internal/virtualkey"
	"ykmfa/oath"
	"ykmfa/pcsc"
)

// promptly fails the test when f is not through long before the thing it must not wait for.
func promptly(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatalf("%s hangs", what)
	}
}

// abandoned leaves a Transmit behind whose context has ended while the key waits for a touch. The key waits until
// touch is called.
func abandoned(t *testing.T) (d *pcscdtest.PCSCD, c *pcsc.Client, card *pcsc.Card, touch func()) {
	t.Helper()
	waiting, touched := make(chan struct{}), make(chan struct{})
	d, c, _, _ = start(t, virtualkey.Options{Touch: func(context.Context) bool {
		close(waiting)
		<-touched
		return true
	}})
	id := []byte("touch")
	card = open(t, c, d.Reader(0))
	s, err := oath.Select(card)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Put(oath.NewCredential{ID: id, Type: oath.TOTP, Algorithm: oath.SHA1, Secret: []byte("12345678901234567890"), Digits: 6, Touch: true})
	if err != nil {
		t.Fatal(err)
	}
	card.Close()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if card, err = c.Open(ctx, d.Reader(0)); err != nil {
		t.Fatal(err)
	}
	if s, err = oath.Select(card); err != nil {
		t.Fatal(err)
	}
	go func() {
		<-waiting
		cancel()
	}()
	if _, err := s.Calculate(id, oath.CounterChallenge(1)); !errors.Is(err, context.Canceled) {
		t.Fatalf("Transmit: %v", err)
	}
	return d, c, card, func() { close(touched) }
}

// TestCancelledCommandIsInNobodysWay: what the client and others do next does not wait for the abandoned command.
func TestCancelledCommandIsInNobodysWay(t *testing.T) {
	d, c, card, touch := abandoned(t)
	promptly(t, "Transmit on the same card", func() {
		if _, err := card.Transmit(selectOATH); !errors.Is(err, context.Canceled) {
			t.Errorf("Transmit: %v", err)
		}
	})
	promptly(t, "closing the card", func() { card.Close() })
	promptly(t, "Readers", func() {
		if names, err := c.Readers(t.Context()); err != nil || !slices.Equal(names, []string{d.Reader(0)}) {
			t.Errorf("readers %q, %v", names, err)
		}
	})
	promptly(t, "WaitForCard", func() {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := c.WaitForCard(ctx, []string{d.Reader(0)}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WaitForCard: %v", err)
		}
	})
	touch()
	card = open(t, c, d.Reader(0))
	defer card.Close()
	if _, err := card.Transmit(selectOATH); err != nil {
		t.Errorf("after the cancelled command: %v", err)
	}
}

// TestCloseAfterCancel: the client can be closed, and the rest of the process goes on meanwhile.
func TestCloseAfterCancel(t *testing.T) {
	d, c, card, touch := abandoned(t)
	promptly(t, "closing", func() {
		card.Close()
		c.Close()
	})
	promptly(t, "another client", func() {
		if _, err := connect(t).Readers(t.Context()); err != nil {
			t.Error(err)
		}
	})
	touch()
	becomesFree(t, d)
}

// becomesFree waits until a program could have the card for itself, so that nobody else has it open.
func becomesFree(t *testing.T, d *pcscdtest.PCSCD) {
	t.Helper()
	c, err := scard.EstablishContext()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		card, err := c.Connect(d.Reader(0), scard.ShareExclusive, scard.ProtocolAny)
		if err == nil {
			card.Disconnect(scard.LeaveCard)
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("somebody keeps the card: %v", err)
		}
	}
}

// TestContextsDoNotPileUp: a client gets a second connection for what was abandoned, not one for every call.
func TestContextsDoNotPileUp(t *testing.T) {
	d, c, card, touch := abandoned(t)
	card.Close()
	for range 5 {
		if _, err := c.Readers(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.Links(); n > 2 {
		t.Errorf("%d connections", n)
	}
	touch()
	open(t, c, d.Reader(0)).Close()
}

// openInVain opens a card that another program holds in a transaction, which is not waited for without end. The
// client still waits in the background.
func openInVain(t *testing.T) (d *pcscdtest.PCSCD, c *pcsc.Client, holder *scard.Card) {
	t.Helper()
	d, c, _, _ = start(t, virtualkey.Options{})
	holder = other(t, d, scard.ShareShared)
	if err := holder.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	c.SetPatience(time.Second, 200*time.Millisecond)
	promptly(t, "Open", func() {
		if _, err := c.Open(t.Context(), d.Reader(0)); !errors.Is(err, pcsc.ErrBusy) {
			t.Errorf("Open: %v", err)
		}
	})
	return d, c, holder
}

// TestTransactionThatDoesNotEnd: what Open has abandoned is not in the way, and does not keep the card in the end.
func TestTransactionThatDoesNotEnd(t *testing.T) {
	d, c, holder := openInVain(t)
	promptly(t, "Readers", func() {
		if _, err := c.Readers(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if err := holder.Disconnect(scard.LeaveCard); err != nil {
		t.Fatal(err)
	}
	promptly(t, "what Open has abandoned", func() {
		for !c.Idle() {
			time.Sleep(2 * time.Millisecond) // between two looks
		}
	})
	becomesFree(t, d)
	card := open(t, c, d.Reader(0))
	defer card.Close()
	if _, err := card.Transmit(selectOATH); err != nil {
		t.Error(err)
	}
}

// TestCloseAfterOpenInVain: Close does not wait for the other program either.
func TestCloseAfterOpenInVain(t *testing.T) {
	d, c, holder := openInVain(t)
	promptly(t, "Close", func() { c.Close() })
	if err := holder.Disconnect(scard.LeaveCard); err != nil {
		t.Fatal(err)
	}
	becomesFree(t, d)
}
