// Package otpauth reads and writes the two texts in which one-time-password secrets travel: base32, and otpauth URIs
// (the Key URI format that Google Authenticator introduced), as they exist in the wild.
//
// No error of this package holds a piece of its input.
package otpauth

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"time"

	"ykmfa/oath"
)

// Params is a secret and the terms that came with it. A zero field was not given; see WithDefaults.
type Params struct {
	Type      oath.Type
	Secret    []byte // raw bytes; the caller wipes them
	Issuer    string
	Account   string
	Algorithm oath.Algorithm
	Digits    int
	Period    time.Duration
	Counter   uint64
}

// WithDefaults fills in what was not given: TOTP, SHA1, 6 digits, 30 seconds.
func (p Params) WithDefaults() Params {
	if p.Type == 0 {
		p.Type = oath.TOTP
	}
	if p.Algorithm == 0 {
		p.Algorithm = oath.SHA1
	}
	if p.Digits == 0 {
		p.Digits = 6
	}
	if p.Period == 0 {
		p.Period = oath.DefaultPeriod
	}
	return p
}

// Parse reads a secret as a backup holds it: an otpauth URI, or base32. Errors are those of ParseURI and DecodeSecret.
func Parse(text []byte) (Params, error) {
	if len(text) <= maxText && isURI(text) {
		return ParseURI(text)
	}
	secret, err := DecodeSecret(text)
	if err != nil {
		return Params{}, err
	}
	return Params{Secret: secret}, nil
}

func isURI(text []byte) bool {
	scheme, _, found := bytes.Cut(bytes.TrimSpace(text), []byte("://"))
	return found && len(scheme) > 0 && len(scheme) < 32 && len(bytes.Trim(bytes.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz-")) == 0
}

// URI writes the parameters as an otpauth URI, for the caller to wipe. Only what differs from the defaults is written,
// and the counter. Parse reads it back as it was, but for blanks around the names.
func (p Params) URI() []byte {
	p = p.WithDefaults()
	var b bytes.Buffer
	b.Grow(256 + 2*len(p.Secret) + 6*len(p.Issuer) + 3*len(p.Account)) // so that no copy with the secret is left behind
	b.WriteString("otpauth://" + strings.ToLower(p.Type.String()) + "/")
	if p.Issuer != "" || strings.Contains(p.Account, ":") { // without a colon before it, the account would be split
		b.WriteString(escapeLabel(p.Issuer) + ":")
	}
	b.WriteString(escapeLabel(p.Account) + "?secret=")
	text := EncodeSecret(p.Secret)
	b.Write(text)
	Wipe(text)
	if p.Issuer != "" {
		b.WriteString("&issuer=" + strings.ReplaceAll(url.QueryEscape(p.Issuer), "+", "%20"))
	}
	if p.Algorithm != oath.SHA1 {
		b.WriteString("&algorithm=" + p.Algorithm.String())
	}
	if p.Digits != 6 {
		fmt.Fprintf(&b, "&digits=%d", p.Digits)
	}
	if p.Type == oath.HOTP {
		fmt.Fprintf(&b, "&counter=%d", p.Counter)
	} else if p.Period != oath.DefaultPeriod {
		fmt.Fprintf(&b, "&period=%d", p.Period/time.Second)
	}
	return b.Bytes()
}

func escapeLabel(s string) string { return strings.ReplaceAll(url.PathEscape(s), ":", "%3A") }
