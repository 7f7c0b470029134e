package pivkey_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ykmfa/internal/pivkey"
)

// commands is every method that talks to the card.
func commands(t testing.TB) map[string]func(*pivkey.Session) (got bool, err error) {
	peer := point(t, peerPoint)
	return map[string]func(*pivkey.Session) (bool, error){
		"Serial":    func(s *pivkey.Session) (bool, error) { n, err := s.Serial(); return n != 0, err },
		"PINTries":  func(s *pivkey.Session) (bool, error) { n, err := s.PINTries(); return n != 0, err },
		"Verified":  func(s *pivkey.Session) (bool, error) { yes, err := s.Verified(); return yes, err },
		"VerifyPIN": func(s *pivkey.Session) (bool, error) { return false, s.VerifyPIN([]byte("123456")) },
		"Key": func(s *pivkey.Session) (bool, error) {
			k, err := s.Key(0x82)
			return k != pivkey.KeyInfo{}, err
		},
		"Empty":       func(s *pivkey.Session) (bool, error) { return s.Empty(0x82) },
		"FreeRetired": func(s *pivkey.Session) (bool, error) { n, err := s.FreeRetired(); return n != 0, err },
		"Generate": func(s *pivkey.Session) (bool, error) {
			k, err := s.Generate(0x82, pivkey.PINOnce, pivkey.TouchNever)
			return k != nil, err
		},
		"Certificate":      func(s *pivkey.Session) (bool, error) { der, err := s.Certificate(0x82); return der != nil, err },
		"WriteCertificate": func(s *pivkey.Session) (bool, error) { return false, s.WriteCertificate(0x82, make([]byte, 300)) },
		"ECDH":             func(s *pivkey.Session) (bool, error) { secret, err := s.ECDH(0x82, peer); return secret != nil, err },
		"ManagementKey": func(s *pivkey.Session) (bool, error) {
			m, err := s.ManagementKey()
			return m != pivkey.ManagementKey{}, err
		},
		"ProtectedManagementKey": func(s *pivkey.Session) (bool, error) { key, err := s.ProtectedManagementKey(); return key != nil, err },
		"AuthenticateManagement": func(s *pivkey.Session) (bool, error) {
			return false, s.AuthenticateManagement(pivkey.DefaultManagementKey())
		},
	}
}

// answering is a session of a card that answers every command after the version with what next gives.
func answering(t testing.TB, v string, next func(command []byte) ([]byte, error)) *pivkey.Session {
	t.Helper()
	s, err := pivkey.Select(cardFunc(func(command []byte) ([]byte, error) {
		switch hex.EncodeToString(command) {
		case selectPIV:
			return unhex(t, selected), nil
		case version:
			return unhex(t, v), nil
		}
		return next(slices.Clone(command))
	}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Whatever the reader says comes through to the caller, whichever command and whichever part of the answer it hits.
func TestTransportError(t *testing.T) {
	pulled := errors.New("card removed")
	for name, do := range commands(t) {
		for _, v := range []string{v435, v574} {
			for after := range 2 {
				n := 0
				s := answering(t, v, func([]byte) ([]byte, error) {
					if n++; n > after {
						return nil, pulled
					}
					return []byte{0x53, 0x61, 0x10}, nil
				})
				got, err := do(s)
				var status *pivkey.Error
				if !errors.Is(err, pulled) || errors.Is(err, pivkey.ErrCorrupt) || errors.As(err, &status) || got {
					t.Errorf("%s on %.6s, at command %d: %v, %v", name, v, after, got, err)
				}
			}
		}
	}
	_, err := pivkey.Select(cardFunc(func([]byte) ([]byte, error) { return nil, pulled }))
	is(t, err, pulled)
}

// TestEndlessAnswers: a card that never comes to an end is left.
func TestEndlessAnswers(t *testing.T) {
	for name, do := range commands(t) {
		for _, part := range [][]byte{bytes.Repeat([]byte{0x53}, 256), {0x53}, {}} {
			n := 0
			s := answering(t, v574, func([]byte) ([]byte, error) {
				n += max(1, len(part))
				return append(slices.Clone(part), 0x61, 0xff), nil
			})
			if got, err := do(s); !errors.Is(err, pivkey.ErrCorrupt) || got || n > 20_000 {
				t.Errorf("%s: %v, %v after %d bytes", name, got, err, n)
			}
		}
	}
}

// TestWaiting: a card of which no policy is known, and that took its time, wanted to be touched; so did
// one that took its time over the management key.
func TestWaiting(t *testing.T) {
	for wait, want := range map[time.Duration]error{15 * time.Second: pivkey.ErrNotTouched, time.Second: pivkey.ErrPINNeeded} {
		synctest.Test(t, func(t *testing.T) {
			s := answering(t, v435, func(command []byte) ([]byte, error) {
				switch command[1] {
				case 0x87:
					time.Sleep(wait)
					return []byte{0x69, 0x82}, nil
				case 0x20:
					return []byte{0x63, 0xc3}, nil
				}
				return []byte{0x6a, 0x82}, nil
			})
			_, err := s.ECDH(0x82, point(t, peerPoint))
			is(t, err, want)
			if want == pivkey.ErrPINNeeded {
				want = pivkey.ErrWrongManagementKey
			}
			is(t, s.AuthenticateManagement(pivkey.DefaultManagementKey()), want)
		})
	}
}

// TestWiped: neither the PIN nor a secret stays behind in what went over the wire.
func TestWiped(t *testing.T) {
	var seen [][]byte
	secret := []byte("\x7c\x22\x82\x20secretsecretsecretsecretsecretse\x90\x00")
	s, err := pivkey.Select(cardFunc(func(command []byte) ([]byte, error) {
		resp := []byte{0x90, 0x00}
		switch command[1] {
		case 0xfd:
			resp = []byte{5, 7, 4, 0x90, 0}
		case 0x87:
			resp = slices.Clone(secret)
		}
		seen = append(seen, command, resp)
		return resp, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.VerifyPIN([]byte("123456")); err != nil {
		t.Fatal(err)
	}
	got, err := s.ECDH(0x82, point(t, peerPoint))
	if err != nil || string(got) != "secretsecretsecretsecretsecretse" {
		t.Fatalf("%q, %v", got, err)
	}
	for _, b := range seen {
		if !bytes.Equal(b, make([]byte, len(b))) {
			t.Errorf("%x is left", b)
		}
	}
}

// TestFlush: on firmware 4.2.0 to 4.2.6 a dummy follows a long answer.
func TestFlush(t *testing.T) {
	long := "530000"
	for v, want := range map[string]int{"040206 9000": 1, "040207 9000": 0, "040105 9000": 0} {
		dummies := 0
		s := answering(t, v, func(command []byte) ([]byte, error) {
			if bytes.Equal(command, make([]byte, 5)) {
				dummies++
				return []byte{0x6d, 0}, nil
			}
			return unhex(t, "533a 7038"+long+hex.EncodeToString(make([]byte, 53))+"9000"), nil
		})
		for range 2 {
			if _, err := s.Certificate(0x82); err != nil {
				t.Fatal(err)
			}
		}
		if dummies != want {
			t.Errorf("%.6s: %d dummies, want %d", v, dummies, want)
		}
	}
}
