package transfer

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

// fields are the terms of an account as programs write them that have a field for each. What is empty or 0 was not given.
type fields struct {
	kind      string // totp, hotp, steam, in any case; empty is totp
	issuer    string
	account   string
	algorithm string
	digits    int64
	period    int64 // seconds
	counter   int64
}

const steamIssuer = "Steam" // how a YubiKey's programs know a Steam account

// base32 makes an account of a secret in base32, which stays the caller's.
func (f fields) base32(secret []byte) (otpauth.Params, error) {
	decoded, err := otpauth.DecodeSecret(secret)
	if err != nil {
		return otpauth.Params{}, fmt.Errorf("the secret: %w", err)
	}
	return f.params(decoded)
}

// params makes an account of a secret in bytes, which it takes over: they are wiped where the account is refused.
func (f fields) params(secret []byte) (otpauth.Params, error) {
	p := otpauth.Params{Secret: secret, Issuer: strings.TrimSpace(f.issuer), Account: strings.TrimSpace(f.account)}
	for _, set := range []func(*otpauth.Params) error{f.checkSecret, f.checkNames, f.setType, f.setAlgorithm, f.setDigits, f.setFactor} {
		if err := set(&p); err != nil {
			otpauth.Wipe(secret)
			return otpauth.Params{}, err
		}
	}
	return p, nil
}

func (f fields) checkSecret(p *otpauth.Params) error {
	if n := len(p.Secret); n < 2 || n > 8<<10 { // as otpauth.DecodeSecret has it
		return fmt.Errorf("a secret of %d bytes is none", n)
	}
	return nil
}

func (f fields) checkNames(p *otpauth.Params) error {
	for _, s := range []string{p.Issuer, p.Account} {
		if !utf8.ValidString(s) {
			return errors.New("its names are not UTF-8")
		}
		if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return errors.New("its names hold control characters, or marks that turn text around")
		}
	}
	return nil
}

func (f fields) setType(p *otpauth.Params) error {
	switch strings.ToLower(f.kind) {
	case "totp", "":
		p.Type = oath.TOTP
	case "steam":
		p.Type, p.Issuer = oath.TOTP, steamIssuer
	case "hotp":
		p.Type = oath.HOTP
	case "motp":
		return errors.New("it is of the type mOTP, which a YubiKey cannot hold")
	case "yandex", "yaotp":
		return errors.New("it is a Yandex password, which a YubiKey cannot hold")
	default:
		return errors.New("it is neither of type totp nor hotp")
	}
	if strings.EqualFold(p.Issuer, steamIssuer) && p.Type == oath.TOTP {
		p.Issuer = steamIssuer
	}
	return nil
}

func (f fields) setAlgorithm(p *otpauth.Params) (err error) {
	if f.algorithm == "" {
		return nil
	}
	p.Algorithm, err = oath.ParseAlgorithm(f.algorithm)
	if err != nil {
		return errors.New("it asks for an algorithm other than SHA1, SHA256 and SHA512, which a YubiKey cannot hold")
	}
	return nil
}

func (f fields) setDigits(p *otpauth.Params) error {
	switch n := f.digits; {
	case n == 5 && p.Issuer == steamIssuer: // the key keeps 6, and programs show five characters all the same
		p.Digits = 6
	case n != 0 && (n < 6 || n > 8):
		return errors.New("it asks for less than 6 or more than 8 digits, which a YubiKey cannot hold")
	default:
		p.Digits = int(n)
	}
	return nil
}

// setFactor reads what the type goes by. Exports write the other one, too.
func (f fields) setFactor(p *otpauth.Params) error {
	switch {
	case p.Type == oath.HOTP && (f.counter < 0 || f.counter > 1<<32-1):
		return errors.New("its counter is not a number from 0 to 4294967295")
	case p.Type == oath.HOTP:
		p.Counter = uint64(f.counter)
	case f.period < 0 || f.period > 24*3600:
		return errors.New("its period is not a number of seconds in a day")
	default:
		p.Period = time.Duration(f.period) * time.Second
	}
	return nil
}

// add appends an account, good or not. It is an error only where there are more than any export has.
func (f *File) add(where, title string, p otpauth.Params, err error) error {
	if len(f.Entries) == maxEntries {
		otpauth.Wipe(p.Secret)
		return fmt.Errorf("it has more than %d entries", maxEntries)
	}
	if err != nil {
		otpauth.Wipe(p.Secret)
		p = otpauth.Params{}
	}
	f.Entries = append(f.Entries, Entry{Where: where, Title: title, Params: p, Err: err})
	return nil
}

// unless is the file, or the error in place of it.
func (f *File) unless(err error) (*File, error) {
	if err != nil {
		f.Wipe()
		return nil, err
	}
	return f, nil
}

func entryNumber(n int) string { return fmt.Sprintf("entry %d", n) }
