package oath_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
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

// Published by Yubico for a 5.2.4: an access key, a host challenge, and the response to it.
func TestSetKeyPublished(t *testing.T) {
	key, challenge := unhex(t, "780e45a00652ccb08c4bdacddaca5134"), "f103da8958e44085"
	s := session(t, "790305020471084bb7a7fad7af401b9000",
		"0003000033"+"731121780e45a00652ccb08c4bdacddaca5134"+"7408"+challenge+"7514011ee1ff2a982d4dcccd8eb33a12e4887ef5e00c", "6985")
	s.Rand = bytes.NewReader(unhex(t, challenge))
	if err := s.SetKey(key); !errors.Is(err, oath.ErrPolicy) {
		t.Error(err)
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

// Recorded from a 5.4.3 whose key was set for SHA-256 by go-ykoath: a wrong key, the right one, and its removal.
// The wrong key is not known: here it is sixteen zeros, and Python computed what they give.
func TestValidateSHA256Recorded(t *testing.T) {
	s := session(t, "790305040371088d848ca27d71e9ba7408"+"2404b5659cc7d30f"+"7b01029000",
		"00a300002c7520"+"04dc690a08f62cf090d0ca835e88aa9d89e2e3d16ac2a973d6de9d8ab644a948"+"7408"+"1645b32add642db1", "6a80",
		selectOATH, "790305040371088d848ca27d71e9ba7408"+"1ebc5ddebcd7f0ca"+"7b01029000",
		"00a300002c7520"+"4b4eba87e770e587aa1c67db02b9004681c95510c7f4f659191e5eb287b5903b"+"7408"+"8b797cb2d9682404",
		"7520"+"7831d961d57f4f73c530076d422525357ae0f2b0a10e5c8e9d7a680a8f18ae8a"+"9000",
		"00030000027300", "9000", selectOATH, "790305040371088d848ca27d71e9ba9000")
	s.Rand = bytes.NewReader(unhex(t, "1645b32add642db1"+"8b797cb2d9682404"))
	if err := s.Validate(make([]byte, 16)); !errors.Is(err, oath.ErrWrongPassword) || !s.Locked() {
		t.Fatalf("the wrong key: %v, locked %v", err, s.Locked())
	}
	if err := s.Select(); err != nil {
		t.Fatal(err)
	}
	// From the recorded SET CODE: 73 11 02 <key>.
	if err := s.Validate(unhex(t, "f811b7badeab0579ec07e302fbc12eda")); err != nil || s.Locked() {
		t.Fatalf("the right key: %v, locked %v", err, s.Locked())
	}
	if err := s.ClearKey(); err != nil || s.HasPassword() {
		t.Errorf("removal: %v", err)
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

// A key that the card did not take, or a card that says so without knowing it, does not count as set.
func TestSetKeyFails(t *testing.T) {
	key := oath.DeriveKey("correct horse", unhex(t, "0123456789abcdef"))
	for _, tt := range []struct {
		lines []string
		want  error
	}{
		{[]string{setCode, "6985"}, oath.ErrPolicy},
		{[]string{setCode, "6984"}, oath.ErrInvalid},
		{[]string{setCode, "9000", selectOATH, "6a82"}, oath.ErrNoApplet},
		{[]string{setCode, "9000", selectOATH, open543}, oath.ErrNoPassword},
		{[]string{setCode, "9000", selectOATH, locked543, validate, "6a80"}, oath.ErrWrongPassword},
		{[]string{setCode, "9000", selectOATH, locked543, validate, "7514" + strings.Repeat("00", 20) + "9000"}, oath.ErrImpostor},
	} {
		s := session(t, open543, tt.lines...)
		s.Rand = bytes.NewReader(unhex(t, "88776655443322118877665544332211"))
		if err := s.SetKey(key); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.lines, err, tt.want)
		}
	}
}

// An algorithm of the access key that does not exist is the card's fault, found before anything is sent.
func TestValidateUnknownAlgorithm(t *testing.T) {
	s := session(t, "79030504037108 0123456789abcdef 7408 1122334455667788 7b010f 9000")
	if err := s.Validate(make([]byte, 16)); !errors.Is(err, oath.ErrCorrupt) || !s.Locked() {
		t.Errorf("%v, locked %v", err, s.Locked())
	}
}

// Host challenges come from crypto/rand, eight bytes, never the same twice.
func TestHostChallenges(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		s, err := oath.Select(cardFunc(func(command []byte) ([]byte, error) {
			if command[1] == 0xa3 {
				seen[hex.EncodeToString(command[len(command)-10:])] = true
			}
			return unhex(t, locked543), nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(make([]byte, 16)); !errors.Is(err, oath.ErrCorrupt) {
			t.Fatal(err)
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d challenges in 100", len(seen))
	}
	for c := range seen {
		if c[:4] != "7408" {
			t.Errorf("%s is not a challenge of eight bytes", c)
		}
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
