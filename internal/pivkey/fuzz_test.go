package pivkey_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"ykmfa/internal/iso7816"
	"ykmfa/internal/pivkey"
)

// seed adds answers, whole, damaged and refused, to a target's corpus. Every target starts from all of them.
func seed(f *testing.F) {
	for _, answer := range []string{
		"7f49438641" + cardPoint + "9000", "010111020202010301010443 8641" + cardPoint + "9000", "01010a020200010501019000", "0101ff050101060203039000",
		"7c228220" + shared + "9000", "7c0a800826604d88e55bd3e79000", "7c1282102f7c43f570b0a3f8d9aaa8dd4249d4c59000",
		"53058003810102 9000", "531c881a8918010203040506070801020304050607080102030405060708 9000", "53009000", "5303700130 9000",
		"00bc614e9000", "9000", "63c2", "63c0", "6300", "6982", "6983", "6985", "6a80", "6a82", "6a84", "6a88", "6d00", "61ff", "536110", "90", "",
	} {
		f.Add(unhex(f, answer))
	}
	own, err := pivkey.NewCertificate(point(f, cardPoint), pivkey.PINOnce, pivkey.TouchAlways)
	if err != nil {
		f.Fatal(err)
	}
	for _, der := range [][]byte{own, certify(f, certificateKey(f)), own[:100]} {
		f.Add(unhex(f, object(der)+"9000"))
		f.Add(append(slices.Clone(der), 0x90, 0x00))
	}
}

// FuzzAnswers: whatever a card answers, there is a value or an error, and the error is of a kind that is promised.
func FuzzAnswers(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, answer []byte) {
		for name, do := range commands(t) {
			for _, v := range []string{"010004 9000", v435, v574} {
				got, err := do(answering(t, v, func([]byte) ([]byte, error) { return slices.Clone(answer), nil }))
				if err != nil && got {
					t.Errorf("%s: a value beside the error %v", name, err)
				}
				if err != nil && !kind(err) {
					t.Errorf("%s: an error of no kind: %v", name, err)
				}
			}
		}
		pivkey.Select(cardFunc(func([]byte) ([]byte, error) { return slices.Clone(answer), nil }))
	})
}

func kind(err error) bool {
	var status *pivkey.Error
	var wrong *pivkey.PINError
	return errors.As(err, &status) || errors.As(err, &wrong) || slices.ContainsFunc([]error{
		pivkey.ErrCorrupt, pivkey.ErrNotP256, pivkey.ErrOccupied, pivkey.ErrFull, pivkey.ErrPINNeeded, pivkey.ErrPINBlocked, pivkey.ErrPINVerified,
		pivkey.ErrNoKey, pivkey.ErrNoCertificate, pivkey.ErrNoProtectedKey, pivkey.ErrWrongManagementKey, pivkey.ErrImpostor, pivkey.ErrNotSupported,
	}, func(k error) bool { return errors.Is(err, k) })
}

// FuzzCertificate: what is read of a certificate is what a certificate made of it says again.
func FuzzCertificate(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, der []byte) {
		read := func(der []byte) (pivkey.KeyInfo, error) {
			if len(der) > 3000 {
				der = der[:3000]
			}
			return answering(t, v435, func([]byte) ([]byte, error) { return unhex(t, object(der)+"9000"), nil }).Key(0x82)
		}
		key, err := read(der)
		if err != nil {
			return
		}
		again, err := pivkey.NewCertificate(key.Public, key.PIN, key.Touch)
		if err != nil {
			t.Fatal(err)
		}
		twin, err := read(again)
		if err != nil || !twin.Public.Equal(key.Public) || twin.PIN != key.PIN || twin.Touch != key.Touch {
			t.Errorf("%+v became %+v, %v", key, twin, err)
		}
	})
}

// FuzzMetadata: what is read is what the same fields in the usual order say.
func FuzzMetadata(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, answer []byte) {
		read := func(answer []byte) (pivkey.KeyInfo, error) {
			return answering(t, v574, func([]byte) ([]byte, error) { return slices.Clone(answer), nil }).Key(0x82)
		}
		key, err := read(answer)
		if err != nil {
			return
		}
		again := []byte{1, 1, 0x11, 2, 2, byte(key.PIN), byte(key.Touch), 3, 1, 2}
		if key.Generated {
			again[9] = 1
		}
		again = iso7816.AppendTLV(again, 4, iso7816.AppendTLV(nil, 0x86, key.Public.Bytes()))
		twin, err := read(append(again, 0x90, 0x00))
		if err != nil || !twin.Public.Equal(key.Public) || twin.PIN != key.PIN || twin.Touch != key.Touch || twin.Generated != key.Generated {
			t.Errorf("%+v became %+v, %v", key, twin, err)
		}
	})
}

// FuzzPIN: a PIN is sent as it is, filled up, or not at all.
func FuzzPIN(f *testing.F) {
	f.Add([]byte("123456"))
	f.Add([]byte("123456789"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, pin []byte) {
		sent := ""
		err := answering(t, v574, func(command []byte) ([]byte, error) {
			sent = hex.EncodeToString(command)
			return []byte{0x90, 0x00}, nil
		}).VerifyPIN(pin)
		if len(pin) < 6 || len(pin) > 8 {
			if err == nil || sent != "" {
				t.Errorf("%x: %s, %v", pin, sent, err)
			}
			return
		}
		padded := append(slices.Clone(pin), bytes.Repeat([]byte{0xff}, 8-len(pin))...)
		if want := "0020008008" + hex.EncodeToString(padded); sent != want || err != nil {
			t.Errorf("%x: %s, %v", pin, sent, err)
		}
	})
}
