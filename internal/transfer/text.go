package transfer

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"ykmfa/internal/otpauth"
)

const bom = "\ufeff" // the byte order mark, which editors of Windows put in front of texts

// decodeText returns a text as UTF-8 without a byte order mark. What begins with none is returned as it is, and so is
// what turns out to be no text: formats that are encrypted are bytes of any kind. wipe overwrites what was allocated.
func decodeText(data []byte) (text []byte, wipe func(), err error) {
	nothing := func() {}
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte(bom)):
		return data[len(bom):], nothing, nil
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return data, nothing, nil
	}
	if containsFold(data, "otpauth") { // one byte per letter: no UTF-16
		return nil, nothing, ErrMixed
	}
	text, ok := decodeUTF16(data[2:], order)
	if !ok {
		return data, nothing, nil
	}
	return text, func() { otpauth.Wipe(text) }, nil
}

func decodeUTF16(data []byte, order binary.ByteOrder) (text []byte, ok bool) {
	if len(data)%2 != 0 {
		return nil, false
	}
	text = make([]byte, 0, len(data)/2*3) // the most that a unit becomes, so that no copy is left behind
	for ; len(data) > 0; data = data[2:] {
		r := rune(order.Uint16(data))
		if utf16.IsSurrogate(r) {
			if len(data) < 4 {
				return wiped(text), false
			}
			data = data[2:]
			r = utf16.DecodeRune(r, rune(order.Uint16(data)))
			if r == unicode.ReplacementChar {
				return wiped(text), false
			}
		}
		text = utf8.AppendRune(text, r)
	}
	return text, true
}

func wiped(b []byte) []byte {
	otpauth.Wipe(b)
	return nil
}

// containsFold reports whether data holds a word of small ASCII letters in any case.
func containsFold(data []byte, word string) bool {
	for {
		i := bytes.IndexAny(data, word[:1]+strings.ToUpper(word[:1]))
		if i < 0 || len(data)-i < len(word) {
			return false
		}
		if bytes.EqualFold(data[i:i+len(word)], []byte(word)) {
			return true
		}
		data = data[i+1:]
	}
}

// lines yields the lines of a text with their numbers, from 1, without blanks and line ends around them.
func lines(text []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		n := 0
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			n++
			line = bytes.TrimPrefix(bytes.TrimSpace(line), []byte(bom)) // two files in one
			if !yield(n, line) {
				return
			}
		}
	}
}

// clean makes a name of a manager's text: such names are shown, and were never checked.
func clean(s string) string {
	s = s[:min(len(s), 1024)]
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
}

// named names an account after the entry of the manager that has its secret, where the secret came without names. The
// issuer "Steam" would make Steam's codes of it, so a title never becomes that.
func named(p *otpauth.Params, title, user string) {
	title, user = clean(title), clean(user)
	if strings.EqualFold(title, p.Issuer) {
		title = "" // it is there already
	}
	switch {
	case p.Account != "":
	case p.Issuer != "" || user == "" || isSteam(title):
		p.Account = cmp.Or(user, title)
	default:
		p.Issuer, p.Account = title, user
	}
}

func isSteam(issuer string) bool { return strings.EqualFold(issuer, "steam") }
