package otpauth

import "strings"

// Fields is one account as the export of another program has it: in columns, or members of an object, where a URI would
// have parameters. What is empty was not given.
type Fields struct {
	Type      string // totp, hotp or steam, in any case; empty: totp
	Issuer    string
	Account   string
	Secret    []byte // base32, as tolerant as DecodeSecret
	Raw       []byte // the bytes of the secret, for programs that write those; Secret is empty then
	Algorithm string // as oath.ParseAlgorithm reads it
	Digits    string
	Period    string // seconds
	Counter   string
}

// Params reads the fields as ParseURI reads a URI that says the same, with the same errors. The names are taken as they
// are, though: issuer and account are two fields already, and a colon belongs to the name. Secret and Raw are copied.
func (f Fields) Params() (Params, error) {
	p := Params{Issuer: strings.TrimSpace(f.Issuer), Account: strings.TrimSpace(f.Account)}
	if f.Type == "" {
		f.Type = "totp"
	}
	q := query{
		"algorithm": []byte(f.Algorithm),
		"digits":    []byte(f.Digits),
		"period":    []byte(f.Period),
		"counter":   []byte(f.Counter),
	}
	if len(f.Secret) > 0 {
		q["secret"] = f.Secret // not ours to wipe
	}
	for _, read := range []func() error{
		func() error { return p.setType(f.Type) },
		p.checkText,
		func() error { return p.setSteam(strings.EqualFold(f.Type, "steam"), q) },
		func() error { return p.setAlgorithm(q) },
		func() error { return p.setDigits(q) },
		func() error { return p.setMovingFactor(q) },
		func() error { return p.setRaw(f.Raw, q) },
	} {
		if err := read(); err != nil {
			return Params{}, err
		}
	}
	return p, nil
}

// setRaw takes the bytes of a secret, else reads its base32.
func (p *Params) setRaw(raw []byte, q query) error {
	switch n := len(raw); {
	case n == 0:
		return p.setSecret(q)
	case n < minSecret:
		return shape("its secret: it is too short: most secrets have 10 bytes or more")
	case n > maxSecret:
		return shape("its secret: it is too long: a secret has %d bytes at most", maxSecret)
	}
	p.Secret = append([]byte(nil), raw...)
	return nil
}
