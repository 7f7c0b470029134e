package otpauth

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"ykmfa/oath"
)

// RFC 4648 section 10, without what is too short for a secret.
func TestDecodeVectors(t *testing.T) {
	for text, want := range map[string]string{
		"MZXQ====": "fo", "MZXW6===": "foo", "MZXW6YQ=": "foob", "MZXW6YTB": "fooba", "MZXW6YTBOI======": "foobar",
		"MZXW6YTBOI": "foobar", "mzxw 6ytb-oi": "foobar", "\tMZXW6YTBOI\r\n": "foobar", "MZXW\u00a06YTBOI": "foobar", "MZXW6YTBOI=": "foobar",
	} {
		got, err := DecodeSecret([]byte(text))
		if err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if got := string(EncodeSecret([]byte("foobar"))); got != "MZXW6YTBOI" {
		t.Errorf("encoded %q", got)
	}
	// Bits of the last letter that mean nothing.
	if got, err := DecodeSecret([]byte("MZXW6YTBOJ")); err != nil || string(got) != "foobar" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"": "empty", "  \n": "empty", "====": "empty", "ME": "too short", "492039": "current code", "49203912": "current code", "4920391": "current code",
		"squeamish ossifrage!": "neither base32", "3132333435363738393031323334353637383930": "hexadecimal",
		"GEZDGNBVGY3TQOJ0": "0, 1, 8 or 9", "MZXW6YTBA": "never has 9 letters", "https://example.org/secret": "URI",
		strings.Repeat("A", 60000): "too long", strings.Repeat("A", 10<<20): "no secret",
	} {
		p, err := Parse([]byte(text))
		var bad *ShapeError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(p, Params{}) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
		if len(text) > 6 && strings.Contains(err.Error(), strings.TrimSpace(text)) {
			t.Errorf("the error repeats its input: %v", err)
		}
	}
}

const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // RFC 6238

func TestParseURI(t *testing.T) {
	plain := []byte("12345678901234567890")
	for text, want := range map[string]Params{
		secret: {Secret: plain},
		"otpauth://totp/ACME:alice?secret=" + secret:                                      {Type: oath.TOTP, Secret: plain, Issuer: "ACME", Account: "alice"},
		"OTPAUTH://TOTP/ACME%3Aalice?secret=" + strings.ToLower(secret):                   {Type: oath.TOTP, Secret: plain, Issuer: "ACME", Account: "alice"},
		"otpauth://totp/ACME:%20alice@example.org?secret=" + secret + "&issuer=ACME":      {Type: oath.TOTP, Secret: plain, Issuer: "ACME", Account: "alice@example.org"},
		"otpauth://totp/Old:alice?issuer=New&secret=" + secret:                            {Type: oath.TOTP, Secret: plain, Issuer: "New", Account: "alice"},
		"otpauth://totp/alice?issuer=Air+Canada&secret=" + secret:                         {Type: oath.TOTP, Secret: plain, Issuer: "Air Canada", Account: "alice"},
		"otpauth://totp/a+b@example.org?secret=" + secret:                                 {Type: oath.TOTP, Secret: plain, Account: "a+b@example.org"},
		"otpauth://totp/A%3AB:c%3Ad?secret=" + secret:                                     {Type: oath.TOTP, Secret: plain, Issuer: "A:B", Account: "c:d"},
		"otpauth://totp/x?secret=" + secret + "&algorithm=HmacSHA256&digits=8&period=60":  {Type: oath.TOTP, Secret: plain, Account: "x", Algorithm: oath.SHA256, Digits: 8, Period: time.Minute},
		"otpauth://hotp/x?secret=" + secret + "&counter=5&period=30":                      {Type: oath.HOTP, Secret: plain, Account: "x", Counter: 5},
		"otpauth://hotp/x?secret=" + secret:                                               {Type: oath.HOTP, Secret: plain, Account: "x"},
		"otpauth://totp/?secret=" + secret:                                                {Type: oath.TOTP, Secret: plain},
		"otpauth://totp?secret=" + secret:                                                 {Type: oath.TOTP, Secret: plain},
		"otpauth://totp/x?secret=" + secret + "%3D%3D&image=https://e.org/x.png&pinned=1": {Type: oath.TOTP, Secret: plain, Account: "x"},
		"otpauth://steam/Steam:gabe?secret=" + secret:                                     {Type: oath.TOTP, Secret: plain, Issuer: "Steam", Account: "gabe"},
		"otpauth://totp/gabe?encoder=steam&digits=5&secret=" + secret:                     {Type: oath.TOTP, Secret: plain, Issuer: "Steam", Account: "gabe", Digits: 6},
		"steam://" + secret:                          {Type: oath.TOTP, Secret: plain, Issuer: "Steam"},
		"  otpauth://totp/x?secret=" + secret + "\n": {Type: oath.TOTP, Secret: plain, Account: "x"},
	} {
		got, err := Parse([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", text, got, err, want)
		}
	}
}

func TestParseURIRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"otpauth://totp/x":                                           "no secret",
		"otpauth://totp/x?secret=":                                   "empty",
		"otpauth://totp/x?secret=squeamish!":                         "neither base32",
		"otpauth://motp/x?secret=" + secret:                          "neither of type",
		"otpauth://yaotp/x?secret=" + secret:                         "neither of type",
		"otpauth://totp/x?algorithm=MD5&secret=" + secret:            "algorithm",
		"otpauth://totp/x?digits=10&secret=" + secret:                "digits outside",
		"otpauth://totp/x?digits=six&secret=" + secret:               "digits outside",
		"otpauth://totp/x?period=0&secret=" + secret:                 "period outside",
		"otpauth://totp/x?period=-30&secret=" + secret:               "period outside",
		"otpauth://hotp/x?counter=4294967296&secret=" + secret:       "counter outside",
		"otpauth://hotp/x?counter=99999999999999999999&secret=GEZDG": "counter outside",
		"otpauth://totp/%zz?secret=" + secret:                        "damaged label",
		"otpauth://totp/x?secret=%zz":                                "damaged query",
		"otpauth://totp/a%0Ab?secret=" + secret:                      "control characters",
		"otpauth://totp/a%E2%80%AEb?secret=" + secret:                "turn text around",
		"otpauth://totp/%FF?secret=" + secret:                        "UTF-8",
		"otpauth-migration://offline?data=CgQ":                       "no otpauth URI",
	} {
		p, err := Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(p, Params{}) || strings.Contains(err.Error(), "GEZDG") {
			t.Errorf("%s: %+v, %v, want %q", text, p, err, want)
		}
	}
}

func TestWithDefaults(t *testing.T) {
	got := Params{}.WithDefaults()
	if got.Type != oath.TOTP || got.Algorithm != oath.SHA1 || got.Digits != 6 || got.Period != 30*time.Second {
		t.Errorf("%+v", got)
	}
}

func TestURI(t *testing.T) {
	plain := []byte("12345678901234567890")
	for want, p := range map[string]Params{
		"otpauth://totp/x?secret=" + secret:                                               {Secret: plain, Account: "x"},
		"otpauth://totp/Air%20Canada:a+b@e.org?secret=" + secret + "&issuer=Air%20Canada": {Secret: plain, Issuer: "Air Canada", Account: "a+b@e.org"},
		"otpauth://hotp/x?secret=" + secret + "&algorithm=SHA512&digits=8&counter=5":      {Type: oath.HOTP, Secret: plain, Account: "x", Algorithm: oath.SHA512, Digits: 8, Counter: 5},
		"otpauth://totp/x?secret=" + secret + "&period=60":                                {Secret: plain, Account: "x", Period: time.Minute},
	} {
		if got := string(p.URI()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestWipe(t *testing.T) {
	b := []byte("secret")
	Wipe(b)
	if !bytes.Equal(b, make([]byte, 6)) {
		t.Errorf("%q", b)
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
			if !errors.As(err, &bad) || !reflect.DeepEqual(p, Params{}) {
				t.Fatalf("%+v, %v", p, err)
			}
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
			return
		}
		again, err := DecodeSecret(EncodeSecret(got))
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%s, %v", hex.EncodeToString(again), err)
		}
	})
}
