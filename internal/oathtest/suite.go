// Package oathtest checks that a card's OATH applet does what package oath relies on. It runs on every card: virtual
// keys in memory, behind a real pcscd, and hardware. It WIPES the applet.
package oathtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"ykmfa/oath"
)

// Card is a card that can be cut from its power, so that it forgets what is selected and unlocked, and nothing else. It
// must be touched at once when it asks.
type Card interface {
	oath.Card
	PowerCycle() error
}

// Secrets of RFC 6238 appendix B.
var (
	s20 = []byte("12345678901234567890")
	s32 = []byte("12345678901234567890123456789012")
	s64 = []byte("1234567890123456789012345678901234567890123456789012345678901234")
)

// t59 is the first time of RFC 6238's table.
var t59 = time.Unix(59, 0)

// suite is one card under test.
type suite struct {
	*testing.T
	card Card
	s    *oath.Session
}

// Run runs all checks. newCard returns a card for one check; it may be the same each time.
func Run(t *testing.T, newCard func(*testing.T) Card) {
	for _, check := range []struct {
		name string
		run  func(*suite)
	}{
		{"codes", (*suite).codes}, {"names", (*suite).names}, {"counter", (*suite).counter}, {"steam", (*suite).steam},
		{"overwrite", (*suite).overwrite}, {"delete", (*suite).delete}, {"rename", (*suite).rename}, {"touch", (*suite).touch},
		{"password", (*suite).password}, {"wrongPassword", (*suite).wrongPassword}, {"reset", (*suite).reset},
		{"challenge", (*suite).challenge}, {"full", (*suite).full}, {"refused", (*suite).refused}, {"powerCycle", (*suite).powerCycle},
	} {
		t.Run(check.name, func(t *testing.T) {
			s := &suite{T: t, card: newCard(t)}
			s.open()
			s.must(s.s.Reset(), "RESET")
			if s.isFIPS() { // takes credentials only under a password
				s.must(s.s.SetKey(s.key()), "SET CODE")
			}
			check.run(s)
		})
	}
}

func (t *suite) must(err error, what string) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func (t *suite) open() {
	t.Helper()
	s, err := oath.Select(t.card)
	t.must(err, "SELECT")
	t.s = s
}

// isFIPS finds out by asking for what only such a key refuses.
func (t *suite) isFIPS() bool {
	err := t.s.Put(oath.NewCredential{ID: []byte("probe"), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: s20, Digits: 6})
	if err == nil {
		t.must(t.s.Delete([]byte("probe")), "DELETE")
	}
	return errors.Is(err, oath.ErrPolicy)
}

func (t *suite) key() []byte { return oath.DeriveKey("correct horse", t.s.Salt) }

// lacks prints what is left out because the firmware does not have it.
func (t *suite) lacks(feature string, since oath.Version) bool {
	if t.s.Version.Less(since) {
		t.Logf("left out: %s (firmware %v)", feature, t.s.Version)
		return true
	}
	return false
}

func (t *suite) put(c oath.NewCredential) {
	t.Helper()
	t.must(t.s.Put(c), fmt.Sprintf("PUT %q", c.ID))
}

func (t *suite) totp(id string) oath.NewCredential {
	return oath.NewCredential{ID: []byte(id), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: s20, Digits: 6}
}

func (t *suite) wantCode(id string, typ oath.Type, at time.Time, want string) {
	t.Helper()
	if got, err := t.s.Code([]byte(id), typ, at); err != nil || got != want {
		t.Errorf("%q: code %q, %v; want %s", id, got, err, want)
	}
}

func (t *suite) list() map[string]oath.Credential {
	t.Helper()
	list, err := t.s.List()
	t.must(err, "LIST")
	byID := map[string]oath.Credential{}
	for _, c := range list {
		byID[string(c.ID)] = c
	}
	if len(byID) != len(list) {
		t.Errorf("%d credentials under %d ids", len(list), len(byID))
	}
	return byID
}
