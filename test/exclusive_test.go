//go:build linux && cgo

package test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ebfe/scard"
	"github.com/rogpeppe/go-internal/testscript"

	"ykmfa/internal/virtualkey"
)

// hold holds the card exclusively, as gpg's scdaemon does, until release is called.
func hold(t *testing.T, m *machine) (release func()) {
	t.Helper()
	t.Setenv("PCSCLITE_CSOCK_NAME", m.pcscd.Socket)
	c, err := scard.EstablishContext()
	if err != nil {
		t.Fatal(err)
	}
	card, err := c.Connect(m.pcscd.Reader(0), scard.ShareExclusive, scard.ProtocolAny)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	release = func() {
		once.Do(func() {
			card.Disconnect(scard.LeaveCard)
			c.Release()
		})
	}
	t.Cleanup(release)
	return release
}

// TestExclusive: a program that holds the card for a second is waited for; one that keeps it is named as the reason.
func TestExclusive(t *testing.T) {
	m := newMachine(t)
	m.insert(virtualkey.Options{}, 0)
	m.file("aws.txt", s20)
	m.must("add", "aws", "--secret-from", "file:aws.txt")

	release := hold(t, m)
	time.AfterFunc(time.Second, release)
	if got := m.must("code", "aws", "--at", "59"); got != "287082" {
		t.Errorf("code %q", got)
	}

	p := scripts("testdata/busy")
	setup := p.Setup
	p.Setup = func(e *testscript.Env) error {
		err := setup(e)
		e.Setenv("PCSCLITE_CSOCK_NAME", m.pcscd.Socket)
		e.Setenv("YKMFA_ACCOUNTS", filepath.Join(m.home, "config", "ykmfa", "accounts.toml"))
		return err
	}
	p.Cmds["hold"] = func(*testscript.TestScript, bool, []string) { release = hold(t, m) }
	p.Cmds["release"] = func(*testscript.TestScript, bool, []string) { release() }
	testscript.Run(t, p)
}
