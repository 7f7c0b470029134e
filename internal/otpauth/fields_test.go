package otpauth

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"ykmfa/oath"
)

func TestFields(t *testing.T) {
	plain := []byte("12345678901234567890")
	for name, c := range map[string]struct {
		fields Fields
		want   Params
	}{
		"only a secret": {Fields{Secret: []byte("gezd gnbv-gy3t qojq gezd gnbv gy3t qojq")}, Params{Type: oath.TOTP, Secret: plain}},
		"bytes":         {Fields{Raw: plain, Account: "x"}, Params{Type: oath.TOTP, Secret: plain, Account: "x"}},
		"all of TOTP": {Fields{Type: "TOTP", Issuer: " ACME ", Account: "a:b ", Secret: []byte(secret), Algorithm: "sha-256", Digits: "8", Period: "60", Counter: "0"},
			Params{Type: oath.TOTP, Secret: plain, Issuer: "ACME", Account: "a:b", Algorithm: oath.SHA256, Digits: 8, Period: time.Minute}},
		"all of HOTP": {Fields{Type: "hotp", Account: "ACME:x", Secret: []byte(secret), Period: "0", Counter: "7"},
			Params{Type: oath.HOTP, Secret: plain, Account: "ACME:x", Counter: 7}},
		"steam": {Fields{Type: "Steam", Issuer: "Valve", Secret: []byte(secret), Digits: "5"}, Params{Type: oath.TOTP, Secret: plain, Issuer: "Steam", Digits: 6}},
	} {
		got, err := c.fields.Params()
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", name, got, err, c.want)
		}
	}
}

func TestFieldsCopies(t *testing.T) {
	raw, text := []byte("12345678901234567890"), []byte(secret)
	one, err := Fields{Raw: raw}.Params()
	two, err2 := Fields{Secret: text}.Params()
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	Wipe(raw)
	if string(text) != secret {
		t.Error("the caller's base32 was wiped")
	}
	Wipe(text)
	if string(one.Secret) != "12345678901234567890" || string(two.Secret) != "12345678901234567890" {
		t.Error("the secret is not a copy")
	}
}

// The same faults are told in the same words, whether a URI or fields have them.
func TestFieldsRefuse(t *testing.T) {
	for uri, f := range map[string]Fields{
		"otpauth://totp/x":                                      {},
		"otpauth://totp/x?secret=":                              {Secret: []byte{}},
		"otpauth://totp/x?secret=squeamish!":                    {Secret: []byte("squeamish!")},
		"otpauth://other/x?secret=" + secret:                    {Type: "other", Secret: []byte(secret)},
		"otpauth://motp/x?secret=" + secret:                     {Type: "motp", Secret: []byte(secret)},
		"otpauth://yaotp/x?secret=" + secret:                    {Type: "yaotp", Secret: []byte(secret)},
		"otpauth://totp/x?algorithm=MD5&secret=" + secret:       {Algorithm: "md5", Secret: []byte(secret)},
		"otpauth://totp/x?digits=10&secret=" + secret:           {Digits: "10", Secret: []byte(secret)},
		"otpauth://totp/x?digits=-1&secret=" + secret:           {Digits: "-1", Secret: []byte(secret)},
		"otpauth://totp/x?period=86401&secret=" + secret:        {Period: "86401", Secret: []byte(secret)},
		"otpauth://hotp/x?counter=4294967296&secret=" + secret:  {Type: "hotp", Counter: "4294967296", Secret: []byte(secret)},
		"otpauth://hotp/Steam:x?encoder=steam&secret=" + secret: {Type: "hotp", Issuer: "steam", Secret: []byte(secret)},
		"otpauth://totp/a%0Ab?secret=" + secret:                 {Account: "a\nb", Secret: []byte(secret)},
		"otpauth://totp/a%E2%80%AEb?secret=" + secret:           {Issuer: "a\u202eb", Secret: []byte(secret)},
		"otpauth://totp/a%FFb?secret=" + secret:                 {Issuer: "a\xffb", Secret: []byte(secret)},
	} {
		_, want := Parse([]byte(uri))
		got, err := f.Params()
		if uri == "otpauth://totp/x" || uri == "otpauth://totp/x?secret=" { // empty and missing are one for fields
			want = errors.New("it has no secret")
		}
		if err == nil || want == nil || err.Error() != want.Error() || !reflect.DeepEqual(got, Params{}) {
			t.Errorf("%s: %v, for fields %v", uri, want, err)
		}
	}
	for _, n := range []int{1, maxSecret + 1} {
		if p, err := (Fields{Raw: make([]byte, n)}).Params(); err == nil || p.Secret != nil {
			t.Errorf("%d bytes are taken for a secret", n)
		}
	}
}
