package oath_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"ykmfa/oath"
)

// Made with Python's hashlib, and ykman's own test vectors.
func TestDeriveKey(t *testing.T) {
	for _, tt := range []struct{ password, salt, want string }{
		{"correct horse", "0123456789abcdef", "3a64b689d233983cdb7d27da18f6faef"},
		{"hunter2", "0123456789abcdef", "66225672ed141b10bf59a1fb4d513412"},
		{"pässwörd", "0123456789abcdef", "9639bbfe5871da26c08ad740cf14fc38"},
		{"foobar", "0000000000000000", "b07da1e7de87f89a87a2b598eaa2188c"},
		{"Hallå världen!", "3132333435363738", "da818e6b2cf0a2d0bf19b3ddd34b83f5"},
	} {
		if got := hex.EncodeToString(oath.DeriveKey(tt.password, unhex(t, tt.salt))); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.password, got, tt.want)
		}
	}
}

const (
	validate = "00a30000207514c2ac0b2d09bcac0bc62556ad18b7d2624b2ef84374088877665544332211"
	proof    = "75146a8ee8104d136a88c09a65b4afb9dbb147197b73"
	setCode  = "00030000337311213a64b689d233983cdb7d27da18f6faef7408887766554433221175146a8ee8104d136a88c09a65b4afb9dbb147197b73"
)

func TestValidate(t *testing.T) {
	key := oath.DeriveKey("correct horse", unhex(t, "0123456789abcdef"))
	s := session(t, locked543, validate, proof+"9000")
	if err := s.Validate(key); err != nil || s.Locked() || !s.HasPassword() {
		t.Errorf("%v, locked %v", err, s.Locked())
	}
	for answer, want := range map[string]error{
		"6a80": oath.ErrWrongPassword,
		"75146a8ee8104d136a88c09a65b4afb9dbb147197b749000": oath.ErrImpostor, // one bit off
		"75139000":             oath.ErrCorrupt,
		"75006a9000":           oath.ErrImpostor,
		"9000":                 oath.ErrCorrupt,
		"76140000000000009000": oath.ErrCorrupt,
	} {
		s := session(t, locked543, validate, answer)
		if err := s.Validate(key); !errors.Is(err, want) || !s.Locked() {
			t.Errorf("%s: %v, locked %v", answer, err, s.Locked())
		}
	}
	if err := session(t, open543).Validate(key); !errors.Is(err, oath.ErrNoPassword) {
		t.Errorf("open: %v", err)
	}
}

// Recorded from a 5.4.3 whose key was set for SHA-256 by go-ykoath.
func TestValidateSHA256Recorded(t *testing.T) {
	s := session(t, "790305040371088d848ca27d71e9ba7408"+"1ebc5ddebcd7f0ca"+"7b01029000",
		"00a300002c75204b4eba87e770e587aa1c67db02b9004681c95510c7f4f659191e5eb287b5903b74088b797cb2d9682404",
		"75207831d961d57f4f73c530076d422525357ae0f2b0a10e5c8e9d7a680a8f18ae8a9000")
	s.Rand = bytes.NewReader(unhex(t, "8b797cb2d9682404"))
	// From the recorded SET CODE: 73 11 02 <key>.
	if err := s.Validate(unhex(t, "f811b7badeab0579ec07e302fbc12eda")); err != nil {
		t.Error(err)
	}
}

// SetKey proves that the new key opens the applet, whether the card locks at once (NEO) or stays open.
func TestSetKey(t *testing.T) {
	key := oath.DeriveKey("correct horse", unhex(t, "0123456789abcdef"))
	s := session(t, open543, setCode, "9000", selectOATH, locked543, validate, proof+"9000")
	s.Rand = bytes.NewReader(unhex(t, "88776655443322118877665544332211"))
	if err := s.SetKey(key); err != nil || s.Locked() {
		t.Errorf("%v, locked %v", err, s.Locked())
	}
}

func TestClearKey(t *testing.T) {
	s := session(t, open543, "00030000027300", "9000", selectOATH, open543)
	if err := s.ClearKey(); err != nil || s.HasPassword() {
		t.Errorf("%v", err)
	}
	if err := session(t, open543, "00030000027300", "9000", selectOATH, locked543).ClearKey(); !errors.Is(err, oath.ErrCorrupt) {
		t.Errorf("a card that keeps its password: %v", err)
	}
}

func TestReset(t *testing.T) {
	s := session(t, locked543, "0004dead00", "9000", selectOATH, "7903050403 7108 fedcba9876543210 9000")
	if err := s.Reset(); err != nil || s.Locked() || s.Salt[0] != 0xfe {
		t.Errorf("%v, %x", err, s.Salt)
	}
}

func TestNoRandomness(t *testing.T) {
	s := session(t, locked543)
	s.Rand = bytes.NewReader(nil)
	if err := s.Validate(make([]byte, 16)); err == nil {
		t.Error("validated without a challenge")
	}
}
