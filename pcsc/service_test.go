//go:build cgo && linux

package pcsc_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"

	"ykmfa/internal/pcscdtest"
	"ykmfa/internal/virtualkey"
	"ykmfa/pcsc"
)

// elsewhere runs a test again in a process that is no client of the pcscd of the other tests, and reports whether this
// is that process.
func elsewhere(t *testing.T) bool {
	t.Helper()
	if os.Getenv(nowhere) != "" {
		return true
	}
	if daemon == nil {
		pcscdtest.Skip(t)
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), nowhere+"=1")
	if out, err := c.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("PASS: "+t.Name())) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

func TestNoReader(t *testing.T) {
	if !elsewhere(t) {
		return
	}
	p, stop, err := pcscdtest.RunWithoutReaders()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	t.Setenv("PCSCLITE_CSOCK_NAME", p.Socket)
	names, err := connect(t).Readers(t.Context())
	if !errors.Is(err, pcsc.ErrNoReader) || names != nil {
		t.Errorf("readers %q, %v", names, err)
	}
}

// TestServiceEnds: pcscd is stopped while it is used.
func TestServiceEnds(t *testing.T) {
	if !elsewhere(t) {
		return
	}
	p, stop, err := pcscdtest.Run()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	t.Setenv("PCSCLITE_CSOCK_NAME", p.Socket)
	k, err := virtualkey.Open(virtualkey.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Insert(k, 0); err != nil {
		t.Fatal(err)
	}
	c, card := connect(t), open(t, connect(t), p.Reader(0))
	waited := make(chan error, 1)
	waiting := connect(t)
	go func() {
		_, err := waiting.WaitForCard(context.Background(), []string{p.Reader(0)})
		waited <- err
	}()
	stop()
	if _, err := card.Transmit(selectOATH); !errors.Is(err, pcsc.ErrNoService) {
		t.Errorf("Transmit: %v", err)
	}
	if _, err := c.Readers(t.Context()); !errors.Is(err, pcsc.ErrNoService) {
		t.Errorf("Readers: %v", err)
	}
	if _, err := c.Open(t.Context(), p.Reader(0)); !errors.Is(err, pcsc.ErrNoService) {
		t.Errorf("Open: %v", err)
	}
	if err := <-waited; !errors.Is(err, pcsc.ErrNoService) {
		t.Errorf("WaitForCard: %v", err)
	}
}
