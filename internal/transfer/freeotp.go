package transfer

import (
	"cmp"
	"context"

	"ykmfa/internal/otpauth"
)

// isFreeOTP: FreeOTP+ writes its preferences, in which the order of the tokens is a list of its own.
func isFreeOTP(data []byte) bool {
	return looksJSON(data, '{', "tokens", "tokenOrder", "algo", "secret")
}

func readFreeOTP(_ context.Context, in Input) (*File, error) {
	var export struct{ Tokens raw }
	if err := parseJSON(in.Data, &export); err != nil {
		return nil, err
	}
	var file File
	err := export.Tokens.each(func(n int, element raw) error {
		p, err := freeOTPToken(element)
		return file.add(entryNumber(n), "", p, err)
	})
	return file.unless(err)
}

func freeOTPToken(element raw) (otpauth.Params, error) {
	var t struct {
		Type, Label, Algo       string
		IssuerExt, IssuerInt    string // of the label, of the parameter
		Digits, Period, Counter number
		Secret                  signedBytes
	}
	err := parseEntry(element, &t)
	defer otpauth.Wipe(t.Secret)
	if err != nil {
		return otpauth.Params{}, err
	}
	f := otpauth.Fields{Type: t.Type, Issuer: cmp.Or(t.IssuerInt, t.IssuerExt), Account: t.Label, Raw: t.Secret,
		Algorithm: t.Algo, Digits: t.Digits.String(), Period: t.Period.String()}
	f.Counter = (t.Counter + 1).String() // kept is that of the last code: see OtpTokenFactory.kt
	return f.Params()
}

// signedBytes are bytes as Java prints them: a list of numbers from -128 to 127.
type signedBytes []byte

// UnmarshalJSON implements json.Unmarshaler.
func (b *signedBytes) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var out []byte
	err := raw(data).each(func(_ int, element raw) error {
		var n number
		if err := n.UnmarshalJSON(element); err != nil || n < -128 || n > 255 {
			return errShape
		}
		out = append(out, byte(n))
		return nil
	})
	if err != nil {
		otpauth.Wipe(out)
		return err
	}
	*b = out
	return nil
}
