package otpauth

import (
	"bytes"
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
		"GEZDGNBVGY3TQOJ0": "0, 1, 8 or 9", "MZXW6YTBA": "never has 9 letters", "MZXW6YTB\nalice": "several lines", "MZXW6YTB\r\nMZXW6YTB\r\n": "several lines", "MZXW=6YTB": "neither base32", "492 039": "current code", "A": "too short",
		"https://example.org/secret": "URI",
		strings.Repeat("A", 60000):   "too long", strings.Repeat("A", 10<<20): "no secret",
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
		"otpauth://totp/steam:gabe?digits=5&secret=" + secret:                             {Type: oath.TOTP, Secret: plain, Issuer: "Steam", Account: "gabe", Digits: 6},
		"otpauth://hotp/x?period=0&counter=2&secret=" + secret:                            {Type: oath.HOTP, Secret: plain, Account: "x", Counter: 2},
		"otpauth://totp/x?counter=-1&secret=" + secret:                                    {Type: oath.TOTP, Secret: plain, Account: "x"},
		"otpauth://totp/x?secret=" + secret + "&secret=" + secret:                         {Type: oath.TOTP, Secret: plain, Account: "x"},
		"otpauth://totp/A:B:alice?issuer=A%3AB&secret=" + secret:                          {Type: oath.TOTP, Secret: plain, Issuer: "A:B", Account: "alice"},
		"otpauth://totp/A:b:alice?secret=" + secret:                                       {Type: oath.TOTP, Secret: plain, Issuer: "A", Account: "b:alice"},
		"otpauth://totp/:a:b?secret=" + secret:                                            {Type: oath.TOTP, Secret: plain, Account: "a:b"},
		"otpauth://totp/room #3?secret=" + secret + "&amp;digits=8#top":                   {Type: oath.TOTP, Secret: plain, Account: "room #3", Digits: 8},
		"otpauth://totp/x?secret=" + secret + "&note=50%":                                 {Type: oath.TOTP, Secret: plain, Account: "x"},
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
		"otpauth://other/x?secret=" + secret:                         "neither totp",
		"otpauth://totp/x?algorithm=&digits=six&secret=" + secret:    "digits is not a number",
		"otpauth://totp/x?digits=0&secret=" + secret:                 "digits is not a number",
		"otpauth://totp/x?digits=11&secret=" + secret:                "digits is not a number",
		"otpauth://totp/x?period=0&secret=" + secret:                 "period is not",
		"otpauth://totp/x?period=-30&secret=" + secret:               "period is not",
		"otpauth://totp/x?period=86401&secret=" + secret:             "period is not",
		"otpauth://hotp/x?counter=4294967296&secret=" + secret:       "counter is not",
		"otpauth://hotp/x?counter=99999999999999999999&secret=GEZDG": "counter is not",
		"otpauth://totp/%zz?secret=" + secret:                        "damaged label",
		"otpauth://totp/x%?secret=" + secret:                         "damaged label",
		"otpauth://totp/x?secret=" + secret + "%4":                   "damaged secret",
		"otpauth://totp/x?issuer=%zz&secret=" + secret:               "damaged issuer",
		"otpauth://totp/a%0Ab?secret=" + secret:                      "control characters",
		"otpauth://totp/a%E2%80%AEb?secret=" + secret:                "turn text around",
		"otpauth://totp/%FF?secret=" + secret:                        "UTF-8",
		"otpauth-migration://offline?data=CgQ":                       "Google Authenticator",
		"ftp://totp/x?secret=" + secret:                              "no otpauth URI",
		// What looks like one secret and is two.
		"otpauth://totp/x?secret=" + secret + "\nMZXW6YTB":                               "several lines",
		"otpauth://totp/x?secret=" + secret + "&secret=MZXW6YTB":                         "secret twice",
		"otpauth://totp/x?secret=" + secret + "&note=\notpauth://totp/y?secret=MZXW6YTB": "several lines",
		"otpauth://totp/x?digits=8&secret=" + secret + "&digits=6":                       "digits twice",
	} {
		p, err := Parse([]byte(text))
		var bad *ShapeError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(p, Params{}) || strings.Contains(err.Error(), "GEZDG") {
			t.Errorf("%s: %+v, %v, want %q", text, p, err, want)
		}
		repeatsNothing(t, err, []byte(text))
	}
}

// What is a good URI, but not for a YubiKey, is refused by name: codes would come out wrong.
func TestParseURIFeatures(t *testing.T) {
	for text, want := range map[string]string{
		"otpauth://motp/x?secret=" + secret:                            "mOTP",
		"motp://x:y?secret=" + secret:                                  "mOTP",
		"otpauth://yaotp/x?secret=" + secret:                           "a Yandex password",
		"otpauth://totp/x?algorithm=MD5&secret=" + secret:              "the algorithm MD5",
		"otpauth://totp/x?algorithm=HmacMD5&secret=" + secret:          "the algorithm MD5",
		"otpauth://totp/x?algorithm=SHA384&secret=" + secret:           "an algorithm other than SHA1, SHA256 and SHA512",
		"otpauth://totp/x?digits=5&secret=" + secret:                   "5 digits", // only Steam's five are no digits
		"otpauth://totp/x?digits=10&secret=" + secret:                  "10 digits",
		"otpauth://hotp/Steam:x?encoder=steam&secret=" + secret:        "a Steam code that counts",
		"otpauth://totp/x?secret=" + secret + "&amp;algorithm=md5":     "the algorithm MD5",
		"otpauth://totp/x?secret=" + secret + "&Algorithm=%4D%44%35#x": "the algorithm MD5",
	} {
		p, err := Parse([]byte(text))
		var bad *FeatureError
		if !errors.As(err, &bad) || bad.Feature != want || !reflect.DeepEqual(p, Params{}) {
			t.Errorf("%s: %+v, %v, want %q", text, p, err, want)
		}
		repeatsNothing(t, err, []byte(text))
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
		"otpauth://totp/:a%3Ab?secret=" + secret:                                          {Secret: plain, Account: "a:b"},
		"otpauth://totp/A%3AB:c%3Ad?secret=" + secret + "&issuer=A%3AB":                   {Secret: plain, Issuer: "A:B", Account: "c:d"},
	} {
		if got := string(p.URI()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		again, err := Parse([]byte(want))
		if err != nil || !reflect.DeepEqual(again.WithDefaults(), p.WithDefaults()) {
			t.Errorf("%s is read as %+v, %v", want, again, err)
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
