package pivkey_test

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"errors"
	"testing"
	"time"

	"ykmfa/internal/pivkey"
	"ykmfa/internal/virtualkey"
)

// firmwares are those of the virtual keys: without metadata, with a 3DES management key, with an AES one.
var firmwares = []string{"4.3.5", "5.4.3", "5.7.4"}

// never is a finger that does not come.
func never(ctx context.Context) bool {
	<-ctx.Done()
	return false
}

func onEach(t *testing.T, test func(t *testing.T, firmware string)) {
	for _, firmware := range firmwares {
		t.Run(firmware, func(t *testing.T) { test(t, firmware) })
	}
}

func virtual(t testing.TB, o virtualkey.Options) *virtualkey.Key {
	t.Helper()
	k, err := virtualkey.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func pivSession(t testing.TB, card pivkey.Card) *pivkey.Session {
	t.Helper()
	s, err := pivkey.Select(card)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// manage authenticates with the management key that a new key has.
func manage(t testing.TB, s *pivkey.Session) {
	t.Helper()
	if err := s.AuthenticateManagement(pivkey.DefaultManagementKey()); err != nil {
		t.Fatal(err)
	}
}

func verify(t testing.TB, s *pivkey.Session) {
	t.Helper()
	if err := s.VerifyPIN([]byte("123456")); err != nil {
		t.Fatal(err)
	}
}

// generate makes a key in a slot, with its certificate, in a session that ends with this.
func generate(t testing.TB, card pivkey.Card, slot pivkey.Slot, pin pivkey.PINPolicy, touch pivkey.TouchPolicy) *ecdh.PublicKey {
	t.Helper()
	s := pivSession(t, card)
	manage(t, s)
	public, err := s.Generate(slot, pin, touch)
	if err != nil {
		t.Fatal(err)
	}
	der, err := pivkey.NewCertificate(public, pin, touch)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.WriteCertificate(slot, der); err != nil {
		t.Fatal(err)
	}
	if again, err := s.Certificate(slot); err != nil || !bytes.Equal(again, der) {
		t.Fatalf("certificate %x, %v; want %x", again, err, der)
	}
	return public
}

// agrees checks that the key in a slot and a key of ours have the same secret.
func agrees(t testing.TB, s *pivkey.Session, slot pivkey.Slot, public *ecdh.PublicKey) {
	t.Helper()
	ours, err := ecdh.P256().GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ours.ECDH(public)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.ECDH(slot, ours.PublicKey()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("slot %v: shared secret %x, %v; want %x", slot, got, err, want)
	}
}

func TestVirtualKey(t *testing.T) {
	onEach(t, func(t *testing.T, firmware string) {
		k := virtual(t, virtualkey.Options{Firmware: firmware, Serial: 12345678})
		s := pivSession(t, k)
		if s.Version.String() != firmware {
			t.Errorf("version %v", s.Version)
		}
		if serial, err := s.Serial(); serial != 12345678 || err != nil {
			t.Errorf("serial %d, %v", serial, err)
		}
		_, err := s.Key(0x82)
		is(t, err, pivkey.ErrNoKey)
		_, err = s.Certificate(0x82)
		is(t, err, pivkey.ErrNoCertificate)
		_, err = s.ECDH(0x82, point(t, peerPoint))
		is(t, err, pivkey.ErrNoKey)
		if slot, err := s.FreeRetired(); slot != 0x82 || err != nil {
			t.Fatalf("free slot %v, %v", slot, err)
		}
		_, err = s.Generate(0x82, pivkey.PINOnce, pivkey.TouchAlways)
		is(t, err, pivkey.ErrNotAuthenticated)
		is(t, s.WriteCertificate(0x82, []byte{1}), pivkey.ErrNotAuthenticated)

		public := generate(t, k, 0x82, pivkey.PINOnce, pivkey.TouchAlways)
		s = pivSession(t, k)
		key, err := s.Key(0x82)
		if err != nil || !key.Public.Equal(public) || key.PIN != pivkey.PINOnce || key.Touch != pivkey.TouchAlways || key.Generated != (firmware > "5.3") {
			t.Errorf("%+v, %v", key, err)
		}
		_, err = s.ECDH(0x82, public)
		is(t, err, pivkey.ErrPINNeeded)
		verify(t, s)
		agrees(t, s, 0x82, public)
		agrees(t, s, 0x82, public)
		if slot, err := s.FreeRetired(); slot != 0x83 || err != nil {
			t.Errorf("free slot %v, %v", slot, err)
		}
	})
}

// TestVirtualPolicies: each pair of policies can be had and is told again.
func TestVirtualPolicies(t *testing.T) {
	onEach(t, func(t *testing.T, firmware string) {
		k := virtual(t, virtualkey.Options{Firmware: firmware})
		slot := pivkey.FirstRetired
		for pin := pivkey.PINNever; pin <= pivkey.PINAlways; pin++ {
			for touch := pivkey.TouchNever; touch <= pivkey.TouchCached; touch++ {
				public := generate(t, k, slot, pin, touch)
				s := pivSession(t, k)
				if key, err := s.Key(slot); err != nil || key.PIN != pin || key.Touch != touch || !key.Public.Equal(public) {
					t.Errorf("PIN %v, touch %v: %+v, %v", pin, touch, key, err)
				}
				verify(t, s)
				agrees(t, s, slot, public)
				slot++
			}
		}
	})
}

func TestVirtualOccupied(t *testing.T) {
	onEach(t, func(t *testing.T, firmware string) {
		k := virtual(t, virtualkey.Options{Firmware: firmware})
		public := generate(t, k, 0x82, pivkey.PINNever, pivkey.TouchNever)
		s := pivSession(t, k)
		manage(t, s)
		_, err := s.Generate(0x82, pivkey.PINNever, pivkey.TouchNever)
		is(t, err, pivkey.ErrOccupied)
		is(t, s.WriteCertificate(0x82, []byte{0x30, 0x00}), pivkey.ErrOccupied)

		// A key without a certificate: the virtual key attests nothing, so that 4.3.5 has to be tried out.
		for i, policies := range []struct {
			pin   pivkey.PINPolicy
			touch pivkey.TouchPolicy
		}{{pivkey.PINNever, pivkey.TouchNever}, {pivkey.PINOnce, pivkey.TouchNever}, {pivkey.PINAlways, pivkey.TouchAlways}} {
			slot := pivkey.Slot(0x83 + i)
			if _, err := s.Generate(slot, policies.pin, policies.touch); err != nil {
				t.Fatal(err)
			}
			_, err := s.Generate(slot, policies.pin, policies.touch)
			is(t, err, pivkey.ErrOccupied)
		}
		// A certificate without a key.
		if err := s.WriteCertificate(0x86, []byte{0x30, 0x00}); err != nil {
			t.Fatal(err)
		}
		_, err = s.Generate(0x86, pivkey.PINNever, pivkey.TouchNever)
		is(t, err, pivkey.ErrOccupied)
		if slot, err := s.FreeRetired(); slot != 0x87 || err != nil {
			t.Errorf("free slot %v, %v", slot, err)
		}
		agrees(t, s, 0x82, public)
	})
}

func TestVirtualFull(t *testing.T) {
	onEach(t, func(t *testing.T, firmware string) {
		s := pivSession(t, virtual(t, virtualkey.Options{Firmware: firmware}))
		manage(t, s)
		for slot := pivkey.FirstRetired; slot <= pivkey.LastRetired; slot++ {
			if free, err := s.FreeRetired(); free != slot || err != nil {
				t.Fatalf("free slot %v, %v", free, err)
			}
			if _, err := s.Generate(slot, pivkey.PINOnce, pivkey.TouchNever); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.FreeRetired()
		is(t, err, pivkey.ErrFull)
	})
}

func TestVirtualPIN(t *testing.T) {
	onEach(t, func(t *testing.T, firmware string) {
		s := pivSession(t, virtual(t, virtualkey.Options{Firmware: firmware}))
		for left := 2; left >= 0; left-- {
			if n, err := s.PINTries(); n != left+1 || err != nil {
				t.Errorf("%d tries, %v; want %d", n, err, left+1)
			}
			err := s.VerifyPIN([]byte("654321"))
			var wrong *pivkey.PINError
			if left > 0 && (!errors.As(err, &wrong) || wrong.Tries != left) || left == 0 && !errors.Is(err, pivkey.ErrPINBlocked) {
				t.Errorf("with %d left: %v", left, err)
			}
			if left == 2 { // too short to be sent
				is(t, s.VerifyPIN([]byte("12345")), pivkey.ErrInvalid)
			}
		}
		is(t, s.VerifyPIN([]byte("123456")), pivkey.ErrPINBlocked)
		if n, err := s.PINTries(); n != 0 || err != nil {
			t.Errorf("%d tries, %v", n, err)
		}
	})
}

func TestVirtualVerified(t *testing.T) {
	onEach(t, func(t *testing.T, firmware string) {
		k := virtual(t, virtualkey.Options{Firmware: firmware})
		s := pivSession(t, k)
		if yes, err := s.Verified(); yes || err != nil {
			t.Errorf("verified %v, %v", yes, err)
		}
		verify(t, s)
		if yes, err := s.Verified(); !yes || err != nil {
			t.Errorf("verified %v, %v", yes, err)
		}
		n, err := s.PINTries()
		if firmware < "5.3" {
			is(t, err, pivkey.ErrPINVerified)
		} else if n != 3 || err != nil {
			t.Errorf("%d tries, %v", n, err)
		}
		// The management key does not take the PIN away, selecting does.
		manage(t, s)
		if yes, err := s.Verified(); !yes || err != nil {
			t.Errorf("verified %v, %v", yes, err)
		}
		if yes, err := pivSession(t, k).Verified(); yes || err != nil {
			t.Errorf("verified %v, %v", yes, err)
		}
	})
}

// TestVirtualMissing: a touch that does not come and a PIN that was not given are told apart, for each policy.
func TestVirtualMissing(t *testing.T) {
	onEach(t, func(t *testing.T, firmware string) {
		k := virtual(t, virtualkey.Options{Firmware: firmware, Touch: never, TouchTimeout: time.Millisecond})
		for i, tt := range []struct {
			pin           pivkey.PINPolicy
			without, with error
		}{
			{pivkey.PINNever, pivkey.ErrNotTouched, pivkey.ErrNotTouched},
			{pivkey.PINOnce, pivkey.ErrPINNeeded, pivkey.ErrNotTouched},
			{pivkey.PINAlways, pivkey.ErrPINNeeded, pivkey.ErrNotTouched},
		} {
			slot := pivkey.Slot(0x82 + i)
			generate(t, k, slot, tt.pin, pivkey.TouchAlways)
			s := pivSession(t, k)
			_, err := s.ECDH(slot, point(t, peerPoint))
			is(t, err, tt.without)
			verify(t, s)
			_, err = s.ECDH(slot, point(t, peerPoint))
			is(t, err, tt.with)
		}
		// A key that wants the PIN each time says so the second time.
		public := generate(t, k, 0x85, pivkey.PINAlways, pivkey.TouchNever)
		s := pivSession(t, k)
		verify(t, s)
		agrees(t, s, 0x85, public)
		_, err := s.ECDH(0x85, public)
		is(t, err, pivkey.ErrPINNeeded)
	})
}

func TestVirtualManagement(t *testing.T) {
	onEach(t, func(t *testing.T, firmware string) {
		s := pivSession(t, virtual(t, virtualkey.Options{Firmware: firmware}))
		want := pivkey.ManagementKeyDefault
		if firmware < "5.3" {
			want = pivkey.ManagementKeyUnknown
		}
		if m, err := s.ManagementKey(); m.State != want || err != nil {
			t.Errorf("%+v, %v", m, err)
		}
		wrong := pivkey.DefaultManagementKey()
		wrong[0] = 0x7f
		is(t, s.AuthenticateManagement(wrong), pivkey.ErrWrongManagementKey)
		_, err := s.Generate(0x82, pivkey.PINOnce, pivkey.TouchNever)
		is(t, err, pivkey.ErrNotAuthenticated)
		_, err = s.ProtectedManagementKey()
		is(t, err, pivkey.ErrPINNeeded)
		verify(t, s)
		_, err = s.ProtectedManagementKey()
		is(t, err, pivkey.ErrNoProtectedKey)
		manage(t, s)
	})
}

// TestVirtualNEO: the virtual NEO has no PIV applet.
func TestVirtualNEO(t *testing.T) {
	_, err := pivkey.Select(virtual(t, virtualkey.Options{Firmware: "NEO"}))
	is(t, err, pivkey.ErrNoApplet)
}
