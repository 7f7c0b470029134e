package otpauth

import (
	"bytes"
	"embed"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"ykmfa/oath"
)

//go:embed secret.go uri.go fields.go
var sources embed.FS

// repeatsNothing fails when an error holds six characters of the input in a row that are not the package's own words.
func repeatsNothing(t *testing.T, err error, input []byte) {
	t.Helper()
	const run = 6
	words := "4294967295" // a bound, which is written as 1<<32-1
	for _, name := range []string{"secret.go", "uri.go", "fields.go"} {
		text, err := sources.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		words += strings.ToLower(string(text))
	}
	message, folded := strings.ToLower(err.Error()), strings.ToLower(string(input))
	for i := 0; i+run <= len(message); i++ {
		if piece := message[i : i+run]; strings.Contains(folded, piece) && !strings.Contains(words, piece) {
			t.Fatalf("%q repeats %q of its input", err, piece)
		}
	}
}

// checkBase32 compares with encoding/base32, where that reads the same text: without blanks, hyphens and padding.
func checkBase32(t *testing.T, text, got []byte) {
	t.Helper()
	plain := strings.ToUpper(strings.TrimRight(strings.NewReplacer(" ", "", "-", "", "\t", "", "\u00a0", "").Replace(strings.TrimSpace(string(text))), "="))
	want, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(plain)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%q is read as %x; encoding/base32 says %x, %v", text, got, want, err)
	}
}

// FuzzParse: no input panics; errors have no value beside them and repeat nothing; what parses can be written and read
// again.
func FuzzParse(f *testing.F) {
	for _, s := range []string{secret, "otpauth://totp/ACME:alice?secret=" + secret + "&issuer=ACME", "otpauth://hotp/x?secret=GEZDGNBV&counter=9",
		"steam://GEZDGNBV", "otpauth://totp/A%3AB:c?secret=GEZDGNBV&digits=8&period=60&algorithm=sha512", "492039"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Parse(text)
		if err != nil {
			var bad *ShapeError
			var feature *FeatureError
			if !errors.As(err, &bad) && !errors.As(err, &feature) || !reflect.DeepEqual(p, Params{}) {
				t.Fatalf("%+v, %v", p, err)
			}
			repeatsNothing(t, err, text)
			return
		}
		p = p.WithDefaults()
		uri := p.URI()
		again, err := Parse(uri)
		if err != nil {
			t.Fatalf("%q is written as %q: %v", text, uri, err)
		}
		again = again.WithDefaults()
		if p.Type == oath.HOTP {
			p.Period = again.Period
		}
		if !reflect.DeepEqual(again, p) {
			t.Fatalf("%+v is written as %q and read as %+v", p, uri, again)
		}
	})
}

func FuzzDecodeSecret(f *testing.F) {
	f.Add([]byte(secret))
	f.Add([]byte("mzxw 6ytb-oi=="))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := DecodeSecret(text)
		if err != nil {
			var bad *ShapeError
			if !errors.As(err, &bad) || got != nil {
				t.Fatalf("%x, %v", got, err)
			}
			repeatsNothing(t, err, text)
			return
		}
		checkBase32(t, text, got)
		again, err := DecodeSecret(EncodeSecret(got))
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%s, %v", hex.EncodeToString(again), err)
		}
	})
}

// FuzzFields: fields are read as a URI that says the same. What parses can be written as a URI, and read again.
func FuzzFields(f *testing.F) {
	f.Add("totp", "ACME", "alice", []byte(secret), "SHA1", "6", "30", "0", false)
	f.Add("hotp", "", "A:b", []byte("12345678901234567890"), "sha512", "8", "", "7", true)
	f.Add("steam", "", "", []byte(secret), "", "5", "", "", false)
	f.Fuzz(func(t *testing.T, kind, issuer, account string, text []byte, algorithm, digits, period, counter string, raw bool) {
		fields := Fields{Type: kind, Issuer: issuer, Account: account, Algorithm: algorithm, Digits: digits, Period: period, Counter: counter}
		if raw {
			fields.Raw = text
		} else {
			fields.Secret = text
		}
		before := bytes.Clone(text)
		p, err := fields.Params()
		if !bytes.Equal(text, before) {
			t.Fatal("the secret was changed")
		}
		if err != nil {
			var bad *ShapeError
			var feature *FeatureError
			if !errors.As(err, &bad) && !errors.As(err, &feature) || !reflect.DeepEqual(p, Params{}) {
				t.Fatalf("%+v, %v", p, err)
			}
			return
		}
		p = p.WithDefaults()
		again, err := Parse(p.URI())
		if again = again.WithDefaults(); err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%+v is written as %q and read as %+v, %v", p, p.URI(), again, err)
		}
	})
}
