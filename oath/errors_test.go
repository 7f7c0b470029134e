package oath_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ykmfa/oath"
)

// commands is every command, by the name that its errors carry.
var commands = map[string]func(*oath.Session) error{
	"PUT": func(s *oath.Session) error {
		return s.Put(oath.NewCredential{ID: []byte("a"), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: s20, Digits: 6})
	},
	"DELETE":        func(s *oath.Session) error { return s.Delete([]byte("a")) },
	"RENAME":        func(s *oath.Session) error { return s.Rename([]byte("a"), []byte("b")) },
	"LIST":          func(s *oath.Session) error { _, err := s.List(); return err },
	"CALCULATE":     func(s *oath.Session) error { _, err := s.Calculate([]byte("a"), count(8, 0)); return err },
	"CALCULATE ALL": func(s *oath.Session) error { _, err := s.CalculateAll(count(8, 0), false); return err },
	"SET CODE":      func(s *oath.Session) error { return s.SetKey(count(16, 0)) },
	"VALIDATE":      func(s *oath.Session) error { return s.Validate(count(16, 0)) },
	"RESET":         func(s *oath.Session) error { return s.Reset() },
}

var sentinels = []error{
	oath.ErrNoApplet, oath.ErrLocked, oath.ErrWrongPassword, oath.ErrNoPassword, oath.ErrNotTouched, oath.ErrNotFound, oath.ErrExists,
	oath.ErrFull, oath.ErrPolicy, oath.ErrInvalid, oath.ErrNotSupported, oath.ErrCorrupt, oath.ErrImpostor,
}

// What each word says to each command, from the protocol page, and from devices where it is silent.
var (
	anywhere = map[string][]error{"6982": {oath.ErrLocked}, "6d00": {oath.ErrNotSupported}, "6581": {oath.ErrCorrupt}}
	special  = map[string][]error{
		"PUT 6a84": {oath.ErrFull}, "PUT 6f00": {oath.ErrFull}, "PUT 6985": {oath.ErrPolicy}, "PUT 6a80": {oath.ErrInvalid},
		"DELETE 6984": {oath.ErrNotFound},
		"RENAME 6984": {oath.ErrNotFound, oath.ErrExists}, "RENAME 6a80": {oath.ErrInvalid},
		"CALCULATE 6984": {oath.ErrNotFound}, "CALCULATE 6a80": {oath.ErrInvalid},
		"SET CODE 6984": {oath.ErrInvalid}, "SET CODE 6985": {oath.ErrPolicy}, "SET CODE 6a80": {oath.ErrInvalid},
		"VALIDATE 6a80": {oath.ErrWrongPassword}, "VALIDATE 6984": {oath.ErrNoPassword},
	}
)

// A word means different things to different commands, and each means nothing else.
func TestStatusWords(t *testing.T) {
	words := []string{"6581", "6700", "6982", "6984", "6985", "6999", "6a80", "6a82", "6a84", "6a86", "6b00", "6d00", "6e00", "6f00", "9001", "0000"}
	for command, do := range commands {
		for _, word := range words {
			want := special[command+" "+word]
			if want == nil {
				want = anywhere[word]
			}
			wantStatus(t, locked543, command, word, do, want)
			switch {
			case command == "VALIDATE": // is not sent to an open applet
				continue
			case command == "CALCULATE" && word == "6982": // it is not locked, so nobody touched it
				want = []error{oath.ErrNotTouched}
			}
			wantStatus(t, open543, command, word, do, want)
		}
	}
	// CanoKey calls itself 6.0.0 and refuses to overwrite with the word of a YubiKey's policy.
	wantStatus(t, "7903060000 710401020304 9000", "PUT", "6985", commands["PUT"], []error{oath.ErrExists, oath.ErrPolicy})
}

func wantStatus(t *testing.T, selected, command, word string, do func(*oath.Session) error, want []error) {
	t.Helper()
	err := do(opened(t, selected, unhex(t, word)))
	var e *oath.Error
	if !errors.As(err, &e) || e.Command != command || hex.EncodeToString([]byte{byte(e.Status >> 8), byte(e.Status)}) != word {
		t.Errorf("%s %s: %#v", command, word, err)
		return
	}
	for _, s := range sentinels {
		if errors.Is(err, s) != slices.Contains(want, s) {
			t.Errorf("%s %s: %v; is it %q: %v", command, word, err, s, errors.Is(err, s))
		}
	}
	if text := err.Error(); !strings.HasPrefix(text, command+": ") || !strings.Contains(text, word) {
		t.Errorf("%s %s: the message %q does not say so", command, word, text)
	}
}

func TestFeatureErrorText(t *testing.T) {
	err := session(t, "7903050204 710401020304 9000").Rename([]byte("a"), []byte("b"))
	if got := fmt.Sprint(err); got != "renaming needs firmware 5.3.0, this key has 5.2.4" {
		t.Errorf("%q", got)
	}
	err = session(t, "7903010000 710401020304 9000").Rename([]byte("a"), []byte("b"))
	if got := fmt.Sprint(err); got != "renaming needs firmware 5.3.0, this key is a NEO with the applet 1.0.0" {
		t.Errorf("%q", got)
	}
}

// No error says anything of the secret or the key, whatever goes wrong.
func TestErrorsKeepSecrets(t *testing.T) {
	const secret = "JBSWY3DPEHPK3PXP"
	c := oath.NewCredential{ID: []byte("a"), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: []byte(secret), Digits: 6}
	bad := c
	bad.Digits = 9
	for _, answer := range []string{"6a80", "6f00", "6984", "90", "61ff", "9000"} {
		s := opened(t, locked543, unhex(t, answer))
		for _, err := range []error{s.Put(c), s.Put(bad), s.SetKey([]byte(secret)), s.Validate([]byte(secret))} {
			text := fmt.Sprintf("%v %+v %#v", err, err, err)
			if strings.Contains(text, secret) || strings.Contains(text, hex.EncodeToString([]byte(secret))) {
				t.Errorf("%s: %s", answer, text)
			}
		}
	}
}

func TestNamesOfBytes(t *testing.T) {
	for value, want := range map[fmt.Stringer]string{
		oath.HOTP: "HOTP", oath.TOTP: "TOTP", oath.Type(0x30): "type 30", oath.SHA1: "SHA1", oath.SHA512: "SHA512",
		oath.Algorithm(0x0f): "algorithm 0f", oath.Version{5, 10, 0}: "5.10.0",
	} {
		if got := value.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
