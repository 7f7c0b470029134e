package otpauth

import (
	"bytes"
	"encoding/base32"
	"fmt"
	"strings"
)

// ShapeError says what a text looks like that should have been a secret, without saying what it is.
type ShapeError struct {
	Shape string
}

func (e *ShapeError) Error() string { return e.Shape }

func shape(format string, args ...any) error { return &ShapeError{fmt.Sprintf(format, args...)} }

// Bounds of what is taken for a secret.
const (
	maxText   = 64 << 10 // bytes of text
	maxSecret = 8 << 10  // bytes of secret; the longest in use have 64
	minSecret = 2        // other programs refuse one byte, too
)

// Wipe overwrites a secret.
func Wipe(b []byte) { clear(b) }

// EncodeSecret returns base32 without padding (RFC 4648 section 6).
func EncodeSecret(secret []byte) []byte {
	return base32.StdEncoding.WithPadding(base32.NoPadding).AppendEncode(nil, secret)
}

// DecodeSecret reads base32 as people and web pages write it: in any case, in groups of letters with spaces or hyphens
// between, with or without padding. Anything else is a *ShapeError.
func DecodeSecret(text []byte) ([]byte, error) {
	if len(text) > maxText {
		return nil, shape("%d bytes are no secret: the longest in use have about 100 letters", len(text))
	}
	letters := compact(text)
	defer clear(letters)
	if err := checkLetters(letters); err != nil {
		return nil, err
	}
	// Unused bits of the last letter need not be zero: some services fill them.
	secret := make([]byte, len(letters)*5/8)
	n, err := base32.StdEncoding.WithPadding(base32.NoPadding).Decode(secret, letters)
	if err != nil {
		clear(secret)
		return nil, shape("it is not base32")
	}
	return secret[:n], nil
}

// compact takes out what is there for the eye, and makes letters upper case.
func compact(text []byte) []byte {
	text = bytes.ReplaceAll(bytes.TrimSpace(text), []byte("\u00a0"), nil) // from web pages
	letters := make([]byte, 0, len(text))
	for _, c := range bytes.TrimRight(text, "= \t\r\n") {
		switch {
		case c == ' ', c == '-', c == '\t', c == '\r', c == '\n':
		case 'a' <= c && c <= 'z':
			letters = append(letters, c-'a'+'A')
		default:
			letters = append(letters, c)
		}
	}
	return letters
}

func checkLetters(letters []byte) error {
	text := string(letters)
	only := func(set string) bool { return strings.Trim(text, set) == "" }
	const base32Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	switch n := len(letters); {
	case n == 0:
		return shape("it is empty")
	case 6 <= n && n <= 8 && only("0123456789"):
		return shape("it is %d digits: that looks like a current code, not the secret that codes are made of", n)
	case only("0123456789ABCDEF") && n%2 == 0 && n >= 20 && strings.ContainsAny(text, "0189"):
		return shape("it looks like hexadecimal, and base32 is needed")
	case only(base32Letters+"0189") && strings.ContainsAny(text, "0189"):
		return shape("it holds 0, 1, 8 or 9, which base32 does not have: a mistyped O, I, B or g?")
	case !only(base32Letters):
		return shape("it is neither base32 nor an otpauth URI")
	case n*5/8 < minSecret:
		return shape("it is too short: a secret has 16 letters or more")
	case n*5/8 > maxSecret:
		return shape("it is too long: a secret has %d bytes at most", maxSecret)
	case n%8 == 1, n%8 == 3, n%8 == 6:
		return shape("base32 never has %d letters: some are missing, or too many", n)
	}
	return nil
}
