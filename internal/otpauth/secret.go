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

func errLong(n int) error {
	return shape("%d bytes are no secret: the longest in use have about 100 letters", n)
}

// Bounds of what is taken for a secret. The lower one is not that of RFC 4226 section 4 (16 bytes): services do give out
// shorter ones, and refusing those would help nobody.
const (
	maxText   = 64 << 10 // bytes of text
	maxSecret = 8 << 10  // bytes of secret; the longest in use have 64
	minSecret = 2        // other programs refuse one byte, too
)

// Wipe overwrites a secret.
func Wipe(b []byte) { clear(b) }

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" // RFC 4648 section 6

// EncodeSecret returns base32 without padding (RFC 4648 section 6).
func EncodeSecret(secret []byte) []byte {
	return base32.StdEncoding.WithPadding(base32.NoPadding).AppendEncode(nil, secret)
}

// DecodeSecret reads base32 as people and web pages write it: in any case, in groups of letters with blanks or hyphens
// between, with or without padding. Anything else is a *ShapeError; so are several lines, because two secrets below
// each other would otherwise be a third.
func DecodeSecret(text []byte) ([]byte, error) {
	if len(text) > maxText {
		return nil, errLong(len(text))
	}
	text = bytes.TrimSpace(text)
	if bytes.ContainsAny(text, "\r\n") {
		return nil, shape("it has several lines, where one secret is expected")
	}
	letters := compact(text)
	defer Wipe(letters)
	if err := checkLetters(letters); err != nil {
		return nil, err
	}
	return decode(letters), nil
}

// decode is here because encoding/base32 leaves a copy behind. Unused bits of the last letter need not be zero: some
// services fill them.
func decode(letters []byte) []byte {
	secret := make([]byte, 0, len(letters)*5/8)
	var bits, n uint
	for _, c := range letters {
		bits, n = bits<<5|uint(strings.IndexByte(alphabet, c)), n+5
		if n >= 8 {
			n -= 8
			secret = append(secret, byte(bits>>n))
		}
	}
	return secret
}

// compact takes out what is there for the eye, and makes letters upper case.
func compact(text []byte) []byte {
	letters := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ' ', c == '-', c == '\t':
		case bytes.HasPrefix(text[i:], []byte("\u00a0")): // from web pages
			i++
		case 'a' <= c && c <= 'z':
			letters = append(letters, c-'a'+'A')
		default:
			letters = append(letters, c)
		}
	}
	return bytes.TrimRight(letters, "=")
}

func checkLetters(letters []byte) error {
	only := func(set string) bool { return len(bytes.Trim(letters, set)) == 0 }
	odd := bytes.ContainsAny(letters, "0189")
	switch n := len(letters); {
	case n == 0:
		return shape("it is empty")
	case 6 <= n && n <= 8 && only("0123456789"):
		return shape("it is %d digits: that looks like a current code, not the secret that codes are made of", n)
	case only("0123456789ABCDEF") && n%2 == 0 && n >= 20 && odd:
		return shape("it looks like hexadecimal, and base32 is needed")
	case only(alphabet+"0189") && odd:
		return shape("it holds 0, 1, 8 or 9, which base32 does not have: a mistyped O, I, B or g?")
	case !only(alphabet):
		return shape("it is neither base32 nor an otpauth URI")
	case n*5/8 < minSecret:
		return shape("it is too short: most secrets have 16 letters or more")
	case n*5/8 > maxSecret:
		return shape("it is too long: a secret has %d bytes at most", maxSecret)
	case n%8 == 1, n%8 == 3, n%8 == 6:
		return shape("base32 never has %d letters: some are missing, or too many", n)
	}
	return nil
}
