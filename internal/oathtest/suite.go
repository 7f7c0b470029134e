// Package oathtest checks that a card's OATH applet does what package oath relies on. It runs on every card: virtual
// keys in memory, behind a real pcscd, and hardware.
//
// It WIPES the applet, before every check, and leaves credentials and perhaps a password behind: give it no key that
// anybody uses.
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

// Run runs all checks, each as a subtest. newCard returns a card for one check; it may be the same each time. What the
// card's firmware lacks is left out, and the log of the check says so.
func Run(t *testing.T, newCard func(*testing.T) Card) {
	for _, check := range []struct {
		name string
		run  func(*suite)
	}{
		{"codes", (*suite).codes}, {"periods", (*suite).periods}, {"all", (*suite).all}, {"challenge", (*suite).challenge},
		{"steam", (*suite).steam}, {"counter", (*suite).counter}, {"counterHashes", (*suite).counterHashes}, {"touch", (*suite).touch},
		{"names", (*suite).names}, {"overwrite", (*suite).overwrite}, {"delete", (*suite).delete}, {"absent", (*suite).absent},
		{"rename", (*suite).rename}, {"renameKeeps", (*suite).renameKeeps}, {"full", (*suite).full},
		{"password", (*suite).password}, {"changePassword", (*suite).changePassword}, {"wrongPassword", (*suite).wrongPassword},
		{"locked", (*suite).locked}, {"selectLocks", (*suite).selectLocks}, {"noPassword", (*suite).noPassword},
		{"reset", (*suite).reset}, {"powerCycle", (*suite).powerCycle},
	} {
		t.Run(check.name, func(t *testing.T) {
			s := &suite{T: t, card: newCard(t)}
			s.open()
			s.wipe()
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

// wipe empties the applet, with RESET or, on a card that has none, piece by piece.
func (t *suite) wipe() {
	err := t.s.Reset()
	if !errors.Is(err, oath.ErrNotSupported) {
		t.must(err, "RESET")
		return
	}
	t.leftOut("RESET", "the card has no such command")
	if t.s.Locked() {
		err := t.s.Validate(t.key())
		if err != nil {
			t.open()
			err = t.s.Validate(t.secondKey())
		}
		t.must(err, "opening a card without RESET with the passwords of this suite")
		t.must(t.s.ClearKey(), "removing the key")
	}
	for id := range t.list() {
		t.must(t.s.Delete([]byte(id)), "DELETE")
	}
}

// isFIPS finds out by asking for what only such a key refuses.
func (t *suite) isFIPS() bool {
	err := t.s.Put(t.totp("probe"))
	if err == nil {
		t.must(t.s.Delete([]byte("probe")), "DELETE")
	}
	return errors.Is(err, oath.ErrPolicy)
}

// foreign reports whether the card is not a YubiKey: those call themselves 6.0.0 and above.
func (t *suite) foreign() bool { return !t.s.Version.Less(oath.Version{6}) }

func (t *suite) key() []byte       { return oath.DeriveKey("correct horse", t.s.Salt) }
func (t *suite) secondKey() []byte { return oath.DeriveKey("pässwörd", t.s.Salt) }

// leftOut prints what is not checked, and why.
func (t *suite) leftOut(feature, why string) {
	t.Helper()
	t.Logf("left out: %s (firmware %v): %s", feature, t.s.Version, why)
}

// lacks reports whether the firmware is older than a feature, and then leaves it out.
func (t *suite) lacks(feature string, since oath.Version) bool {
	t.Helper()
	if t.s.Version.Less(since) {
		t.leftOut(feature, "since "+since.String())
		return true
	}
	return false
}

// reopen cuts the power, selects, and unlocks with this key where there is a password.
func (t *suite) reopen(key []byte) {
	t.Helper()
	t.must(t.card.PowerCycle(), "power")
	t.open()
	if t.s.Locked() {
		t.must(t.s.Validate(key), "VALIDATE")
	}
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

// list is LIST, whose order means nothing.
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

// wantIDs checks that these are the credentials on the card, and no others.
func (t *suite) wantIDs(ids ...string) {
	t.Helper()
	list := t.list()
	for _, id := range ids {
		if _, there := list[id]; !there {
			t.Errorf("%q is not listed", id)
		}
	}
	if len(list) != len(ids) {
		t.Errorf("%d credentials are listed, want %d: %v", len(list), len(ids), list)
	}
}
