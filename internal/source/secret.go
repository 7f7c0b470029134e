package source

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ykmfa/internal/otpauth"
)

// parseText reads text that is one secret and nothing else. Lines are not joined: two secrets below each other would
// otherwise be a third.
func parseText(text []byte) (otpauth.Params, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return otpauth.Params{}, errors.New("it is empty")
	}
	if n := bytes.Count(text, []byte("\n")); n > 0 {
		return otpauth.Params{}, fmt.Errorf("it has %d lines, where one secret is expected", n+1)
	}
	return otpauth.Parse(text)
}

// secretsIn reads the value of a field that should hold a secret: the URIs in it, or else the whole of it.
func secretsIn(value []byte) ([]otpauth.Params, error) {
	if uris := findURIs(value); len(uris) > 0 {
		return parseAll(uris)
	}
	p, err := parseText(value)
	if err != nil {
		return nil, err
	}
	return []otpauth.Params{p}, nil
}

// parseAll reads URIs; the error is that of the first one that is no good.
func parseAll(uris [][]byte) (all []otpauth.Params, first error) {
	for _, u := range uris {
		p, err := otpauth.Parse(u)
		if err != nil {
			first = cmp.Or(first, err)
			continue
		}
		all = append(all, p)
	}
	return all, first
}

// findURIs returns the otpauth URIs in a text, which alias it. A URI ends at its line, or at the first blank, quote or
// bracket in its query: before that, people write labels with blanks in them. The end of a sentence is not its part.
func findURIs(text []byte) [][]byte {
	var uris [][]byte
	for line := range bytes.Lines(text) {
		for i := indexURI(line); i >= 0; i = indexURI(line) {
			uri := line[i:]
			query := max(bytes.IndexByte(uri, '?'), 0)
			if end := bytes.IndexAny(uri[query:], " \t\r\n\"'<>()[]{}\\"); end >= 0 {
				uri = uri[:query+end]
			}
			uris, line = append(uris, bytes.TrimRight(uri, ".,;:!")), line[i+len(uri):]
		}
	}
	return uris
}

// indexURI is the index of the first otpauth:// in any case, or -1.
func indexURI(line []byte) int {
	const scheme = "otpauth://"
	for i := range line {
		if i+len(scheme) <= len(line) && bytes.EqualFold(line[i:i+len(scheme)], []byte(scheme)) {
			return i
		}
	}
	return -1
}

// saysSecret reports whether a field's name says that a one-time-password secret is in it.
func saysSecret(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"totp", "mfa", "otp", "secret"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// plausible reports whether a password is spelled like a base32 secret, and not like something to log in with: one
// case, a length that base32 has, at least ten bytes' worth, blanks only between groups of four, and in small letters
// a digit or such groups, because passphrases have neither.
func plausible(value []byte) bool {
	value = bytes.TrimRight(bytes.TrimSpace(value), "=")
	groups := bytes.FieldsFunc(value, func(c rune) bool { return c == ' ' || c == '-' })
	size := 0
	for i, g := range groups {
		if len(groups) > 1 && (len(g) > 4 || len(g) < 4 && i < len(groups)-1) || len(bytes.Trim(g, letters+capitals+digits)) > 0 {
			return false
		}
		size += len(g)
	}
	if size < 16 || !slices.Contains([]int{0, 2, 4, 5, 7}, size%8) || !oneCase(value) {
		return false
	}
	return !bytes.ContainsAny(value, letters) || len(groups) > 1 || bytes.ContainsAny(value, digits)
}

// The alphabet of base32 (RFC 4648 section 6).
const (
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	letters  = "abcdefghijklmnopqrstuvwxyz"
	digits   = "234567"
)

// oneCase reports whether the letters are all capital, or all small.
func oneCase(value []byte) bool {
	return !bytes.ContainsAny(value, letters) || !bytes.ContainsAny(value, capitals)
}
