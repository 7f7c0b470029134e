// Package otpauth reads and writes the two texts in which one-time-password secrets travel: base32, and otpauth URIs
// (the Key URI format that Google Authenticator introduced), as they exist in the wild.
//
// No error of this package holds a piece of its input.
package otpauth

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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

// Parse reads a secret as a backup holds it: an otpauth URI, or base32. Errors are a *ShapeError.
func Parse(text []byte) (Params, error) {
	if len(text) <= maxText && isURI(text) {
		return parseURI(string(bytes.TrimSpace(text)))
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

func parseURI(text string) (Params, error) {
	if secret, ok := cutPrefixFold(text, "steam://"); ok {
		return parseSteam(secret)
	}
	rest, ok := cutPrefixFold(text, "otpauth://")
	if !ok {
		return Params{}, shape("it is a URI, but no otpauth URI")
	}
	rest, _, _ = strings.Cut(rest, "#")
	path, rawQuery, _ := strings.Cut(rest, "?")
	host, label, _ := strings.Cut(path, "/")
	query, err := url.ParseQuery(strings.ReplaceAll(rawQuery, ";", "%3B"))
	if err != nil {
		return Params{}, shape("the otpauth URI has a damaged query (percent signs)")
	}
	p, err := parseQuery(query)
	if err != nil {
		return Params{}, err
	}
	if err := p.setType(host, query); err != nil {
		Wipe(p.Secret)
		return Params{}, err
	}
	if err := p.setLabel(label, query.Get("issuer")); err != nil {
		Wipe(p.Secret)
		return Params{}, err
	}
	return p, nil
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

// steamIssuer is how a YubiKey's programs know a Steam account.
const steamIssuer = "Steam"

func parseSteam(text string) (Params, error) {
	secret, err := DecodeSecret([]byte(text))
	if err != nil {
		return Params{}, err
	}
	return Params{Type: oath.TOTP, Secret: secret, Issuer: steamIssuer}, nil
}

// setType reads the host: totp, hotp, or what some programs write for Steam.
func (p *Params) setType(host string, query url.Values) error {
	steam := strings.EqualFold(query.Get("encoder"), "steam") || strings.EqualFold(host, "steam")
	switch {
	case steam, strings.EqualFold(host, "totp"):
		p.Type = oath.TOTP
	case strings.EqualFold(host, "hotp"):
		p.Type, p.Period = oath.HOTP, 0
	default:
		return shape("the otpauth URI is neither of type totp nor hotp: a YubiKey cannot hold it")
	}
	if p.Type == oath.TOTP {
		p.Counter = 0
	}
	if steam {
		p.Issuer = steamIssuer
	}
	return nil
}

// parseQuery reads the parameters that do not depend on the type.
func parseQuery(query url.Values) (Params, error) {
	var p Params
	if !query.Has("secret") {
		return p, shape("the otpauth URI has no secret")
	}
	var err error
	if p.Digits, err = number(query, "digits", 5, 8); err != nil {
		return p, err
	}
	if p.Digits == 5 {
		p.Digits = 6 // Steam: the key keeps 6, and shows five characters all the same
	}
	period, err := number(query, "period", 1, 24*3600)
	if err != nil {
		return p, err
	}
	p.Period = time.Duration(period) * time.Second
	counter, err := number(query, "counter", 0, 1<<32-1)
	if err != nil {
		return p, err
	}
	p.Counter = uint64(counter)
	if name := query.Get("algorithm"); name != "" {
		if p.Algorithm, err = oath.ParseAlgorithm(name); err != nil {
			return p, shape("the otpauth URI names an algorithm that a YubiKey does not have: it has SHA1, SHA256 and SHA512")
		}
	}
	p.Secret, err = DecodeSecret([]byte(query.Get("secret")))
	if err != nil {
		return Params{}, shape("the secret of the otpauth URI: %v", err)
	}
	return p, nil
}

// number reads a parameter within bounds; missing is 0.
func number(query url.Values, name string, low, high int64) (int, error) {
	text := strings.TrimSpace(query.Get(name))
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high {
		return 0, shape("the otpauth URI has %s outside %d to %d, which a YubiKey cannot hold", name, low, high)
	}
	return int(n), nil
}

// setLabel splits the label at its first colon, a literal one before an encoded one. The issuer parameter wins over the
// label's.
func (p *Params) setLabel(label, issuer string) error {
	before, after, found := strings.Cut(label, ":")
	first, err1 := url.PathUnescape(before)
	second, err2 := url.PathUnescape(after)
	if err1 != nil || err2 != nil {
		return shape("the otpauth URI has a damaged label (percent signs)")
	}
	account := first
	if found {
		account = second
	} else if first, second, found = strings.Cut(first, ":"); found {
		account = second
	}
	if found && p.Issuer == "" {
		p.Issuer = strings.TrimSpace(first)
	}
	if issuer = strings.TrimSpace(issuer); issuer != "" && p.Issuer != steamIssuer {
		p.Issuer = issuer
	}
	if strings.EqualFold(p.Issuer, steamIssuer) {
		p.Issuer = steamIssuer
	}
	p.Account = strings.TrimSpace(account)
	return p.checkText()
}

// checkText refuses names that could not be shown as they are.
func (p *Params) checkText() error {
	for _, s := range []string{p.Issuer, p.Account} {
		if !utf8.ValidString(s) {
			return shape("the names in the otpauth URI are not UTF-8")
		}
		if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return shape("the names in the otpauth URI hold control characters, or marks that turn text around")
		}
	}
	return nil
}

// URI writes the parameters as an otpauth URI, for the caller to wipe. Only what differs from the defaults is written,
// and the counter.
func (p Params) URI() []byte {
	p = p.WithDefaults()
	var b bytes.Buffer
	b.Grow(256 + 2*len(p.Secret)) // so that no copy with the secret is left behind
	b.WriteString("otpauth://" + strings.ToLower(p.Type.String()) + "/")
	if p.Issuer != "" {
		b.WriteString(strings.ReplaceAll(url.PathEscape(p.Issuer), ":", "%3A") + ":")
	}
	b.WriteString(strings.ReplaceAll(url.PathEscape(p.Account), ":", "%3A"))
	b.WriteString("?secret=")
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
