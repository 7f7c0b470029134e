//go:build cgo && linux

package pcsc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ebfe/scard"

	"ykmfa/internal/pcscdtest"
	"ykmfa/internal/virtualkey"
	"ykmfa/oath"
	"ykmfa/pcsc"
)

var selectOATH = []byte{0x00, 0xa4, 0x04, 0x00, 0x07, 0xa0, 0x00, 0x00, 0x05, 0x27, 0x21, 0x01}

// daemon is the pcscd of all tests here: the PC/SC library finds its service once in a process's life.
var daemon *pcscdtest.PCSCD

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if os.Getenv(nowhere) != "" || pcscdtest.Missing() != "" {
			return m.Run()
		}
		d, stop, err := pcscdtest.Run()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer stop()
		os.Setenv("PCSCLITE_CSOCK_NAME", d.Socket)
		daemon = d
		return m.Run()
	}())
}

// start puts a key into the first reader, and connects.
func start(t *testing.T, o virtualkey.Options) (d *pcscdtest.PCSCD, c *pcsc.Client, k *virtualkey.Key, remove func()) {
	t.Helper()
	if daemon == nil {
		pcscdtest.Skip(t)
	}
	k, err := virtualkey.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	remove = daemon.Put(t, k, 0)
	return daemon, connect(t), k, remove
}

func connect(t *testing.T) *pcsc.Client {
	t.Helper()
	c, err := pcsc.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func open(t *testing.T, c *pcsc.Client, reader string) *pcsc.Card {
	t.Helper()
	card, err := c.Open(t.Context(), reader)
	if err != nil {
		t.Fatal(err)
	}
	return card
}

func TestReadersAndTransmit(t *testing.T) {
	d, c, k, _ := start(t, virtualkey.Options{})
	names, err := c.Readers(t.Context())
	if err != nil || !slices.Equal(names, []string{d.Reader(0)}) {
		t.Fatalf("readers %q, %v", names, err)
	}
	card := open(t, c, d.Reader(0))
	resp, err := card.Transmit(selectOATH)
	if err != nil || !bytes.HasSuffix(resp, []byte{0x90, 0x00}) {
		t.Errorf("answer %x, %v", resp, err)
	}
	if err := card.Close(); err != nil {
		t.Error(err)
	}
	if n := len(k.Log()); n != 1 {
		t.Errorf("%d commands reached the key", n)
	}
}

// TestCloseReset: what was unlocked is locked for the next program, at once.
func TestCloseReset(t *testing.T) {
	d, c, _, _ := start(t, virtualkey.Options{})
	card := open(t, c, d.Reader(0))
	s, err := oath.Select(card)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetKey(oath.DeriveKey("correct horse", s.Salt)); err != nil {
		t.Fatal(err)
	}
	if err := card.CloseReset(); err != nil {
		t.Fatal(err)
	}
	card = open(t, c, d.Reader(0))
	defer card.Close()
	list := []byte{0x00, 0xa1, 0x00, 0x00, 0x00}
	if resp, err := card.Transmit(list); err != nil || !bytes.Equal(resp, []byte{0x6d, 0x00}) {
		t.Errorf("LIST without SELECT after a reset: %x, %v; want 6d00, no applet selected", resp, err)
	}
}

// nowhere tells a process of this test that it shall find no service.
const nowhere = "PCSC_TEST_NOWHERE"

func TestNoService(t *testing.T) {
	if os.Getenv(nowhere) == "" {
		c := exec.Command(os.Args[0], "-test.run=^TestNoService$", "-test.v")
		c.Env = append(os.Environ(), nowhere+"=1", "PCSCLITE_CSOCK_NAME="+filepath.Join(t.TempDir(), "nowhere"))
		if out, err := c.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("PASS: TestNoService")) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	_, err := pcsc.Connect(t.Context())
	var e *pcsc.Error
	if !errors.Is(err, pcsc.ErrNoService) || !errors.As(err, &e) || e.Call != "SCardEstablishContext" {
		t.Errorf("error %v", err)
	}
}

func TestNoCard(t *testing.T) {
	d, c, _, remove := start(t, virtualkey.Options{})
	remove()
	if names, err := c.Readers(t.Context()); !errors.Is(err, pcsc.ErrNoCard) || names != nil {
		t.Errorf("readers %q, %v", names, err)
	}
	if _, err := c.Open(t.Context(), d.Reader(0)); !errors.Is(err, pcsc.ErrNoCard) {
		t.Errorf("empty reader: %v", err)
	}
	if _, err := c.Open(t.Context(), "no such reader"); !errors.Is(err, pcsc.ErrRemoved) {
		t.Errorf("unknown reader: %v", err)
	}
}

func TestPulledOut(t *testing.T) {
	for _, fault := range []string{"vanish@1", "cut@1"} {
		faults, err := virtualkey.ParseFaults(fault)
		if err != nil {
			t.Fatal(err)
		}
		d, c, _, remove := start(t, virtualkey.Options{Faults: faults})
		card := open(t, c, d.Reader(0))
		if resp, err := card.Transmit(selectOATH); !errors.Is(err, pcsc.ErrRemoved) || resp != nil {
			t.Errorf("%s: %x, %v", fault, resp, err)
		}
		card.Close()
		remove()
	}
}

// other is another program: it talks to PC/SC without this package.
func other(t *testing.T, d *pcscdtest.PCSCD, mode scard.ShareMode) *scard.Card {
	t.Helper()
	c, err := scard.EstablishContext()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Release() })
	card, err := c.Connect(d.Reader(0), mode, scard.ProtocolAny)
	if err != nil {
		t.Fatal(err)
	}
	return card
}

func TestExclusiveHolderIsWaitedFor(t *testing.T) {
	d, c, _, _ := start(t, virtualkey.Options{})
	holder := other(t, d, scard.ShareExclusive)
	time.AfterFunc(300*time.Millisecond, func() { holder.Disconnect(scard.LeaveCard) })
	card := open(t, c, d.Reader(0))
	defer card.Close()
	if _, err := card.Transmit(selectOATH); err != nil {
		t.Error(err)
	}
}

func TestBusy(t *testing.T) {
	d, c, _, _ := start(t, virtualkey.Options{})
	holder := other(t, d, scard.ShareExclusive)
	defer holder.Disconnect(scard.LeaveCard)
	began := time.Now()
	_, err := c.Open(t.Context(), d.Reader(0))
	if !errors.Is(err, pcsc.ErrBusy) {
		t.Errorf("error %v", err)
	}
	if waited := time.Since(began); waited < pcsc.Patience-time.Second {
		t.Errorf("gave up after %v", waited)
	}
}

// TestResetByOther: another program holds a transaction, resets the card and goes. Open comes through all the same.
func TestResetByOther(t *testing.T) {
	d, c, _, _ := start(t, virtualkey.Options{})
	holder := other(t, d, scard.ShareShared)
	if err := holder.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		card, err := c.Open(t.Context(), d.Reader(0))
		if err == nil {
			_, err = card.Transmit(selectOATH)
			card.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Fatalf("Open did not wait for the other program's transaction: %v", err)
	case <-time.After(200 * time.Millisecond): // it waits
	}
	if err := holder.EndTransaction(scard.ResetCard); err != nil {
		t.Fatal(err)
	}
	holder.Disconnect(scard.LeaveCard)
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

// TestCancel: a context ends a Transmit that waits for a touch, and a wait for a card that is held; the card can be used
// afterwards.
func TestCancel(t *testing.T) {
	waiting, touched := make(chan struct{}), make(chan struct{})
	touch := func(context.Context) bool {
		close(waiting)
		<-touched
		return true
	}
	d, c, _, _ := start(t, virtualkey.Options{Touch: touch})
	card := open(t, c, d.Reader(0))
	s, err := oath.Select(card)
	if err != nil {
		t.Fatal(err)
	}
	id := []byte("touch")
	err = s.Put(oath.NewCredential{ID: id, Type: oath.TOTP, Algorithm: oath.SHA1, Secret: []byte("12345678901234567890"), Digits: 6, Touch: true})
	if err != nil {
		t.Fatal(err)
	}
	card.Close()

	ctx, cancel := context.WithCancel(t.Context())
	card, err = c.Open(ctx, d.Reader(0))
	if err != nil {
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
		t.Errorf("Transmit: %v", err)
	}
	if err := card.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Open(ctx, d.Reader(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v", err)
	}
	close(touched)
	card = open(t, c, d.Reader(0))
	defer card.Close()
	if _, err := card.Transmit(selectOATH); err != nil {
		t.Errorf("after the cancelled command: %v", err)
	}
}

func TestWaitForCard(t *testing.T) {
	d, c, k, remove := start(t, virtualkey.Options{})
	if name, err := c.WaitForCard(t.Context(), nil); err != nil || name != d.Reader(0) {
		t.Errorf("a card that is there: %q, %v", name, err)
	}
	found := make(chan string, 1)
	go func() {
		name, err := c.WaitForCard(t.Context(), []string{d.Reader(0)})
		if err != nil {
			t.Error(err)
		}
		found <- name
	}()
	remove()
	select {
	case name := <-found:
		t.Fatalf("the card that is known: %q", name)
	default:
	}
	d.Put(t, k, 0) // the same reader, but another card for all we know
	if name := <-found; name != d.Reader(0) {
		t.Errorf("found %q", name)
	}

	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := connect(t).WaitForCard(ctx, []string{d.Reader(0)}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	d, _, _, _ := start(t, virtualkey.Options{})
	var wg sync.WaitGroup
	for range 32 {
		c := connect(t)
		wg.Go(func() {
			card, err := c.Open(t.Context(), d.Reader(0))
			if err != nil {
				t.Error(err)
				return
			}
			defer card.Close()
			s, err := oath.Select(card)
			if err == nil {
				_, err = s.List()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
