package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"ykmfa/internal/otpauth"
)

// unquote decodes a JSON string without a copy that cannot be wiped; anything else is empty. lpass up to 1.6.1 writes
// each byte of a letter outside ASCII as a negative number, \uffffffc3, which no other text becomes: that is undone.
func unquote(raw json.RawMessage) []byte {
	if len(raw) < 2 || raw[0] != '"' {
		return nil
	}
	in := raw[1 : len(raw)-1]
	out := make([]byte, 0, len(in))
	for len(in) > 0 {
		if in[0] != '\\' || len(in) < 2 {
			out, in = append(out, in[0]), in[1:]
			continue
		}
		var n int
		out, n = unescape(out, in)
		in = in[n:]
	}
	return out
}

// unescape appends what the escape at the beginning of in stands for (RFC 8259 section 7), and returns its length.
func unescape(out, in []byte) ([]byte, int) {
	if i := bytes.IndexByte([]byte(`bfnrt`), in[1]); i >= 0 {
		return append(out, "\b\f\n\r\t"[i]), 2
	}
	if in[1] != 'u' {
		return append(out, in[1]), 2
	}
	if bytes.HasPrefix(in[2:], []byte("ffffff")) && len(in) >= 10 {
		if b, err := strconv.ParseUint(string(in[8:10]), 16, 8); err == nil && b >= 0x80 {
			return append(out, byte(b)), 10
		}
	}
	if len(in) < 6 {
		return out, len(in)
	}
	c, err := strconv.ParseUint(string(in[2:6]), 16, 16)
	if err != nil {
		return out, 6
	}
	return utf8.AppendRune(out, rune(c)), 6 // half of a surrogate pair becomes U+FFFD: no secret has one
}

// appendQuoted appends a text as a JSON string, and leaves no copy behind if dst is large enough: see sizeQuoted.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"', c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = fmt.Appendf(dst, `\u%04x`, c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// sizeQuoted is the most that appendQuoted appends.
func sizeQuoted(text []byte) int { return 6*len(text) + 2 }

// A template is a JSON text around secrets: a list of texts as they stand ([]byte: secrets and names, to be quoted).
func template(parts ...any) []byte {
	size := 0
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			size += len(p)
		case []byte:
			size += sizeQuoted(p)
		}
	}
	text := make([]byte, 0, size)
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			text = append(text, p...)
		case []byte:
			text = appendQuoted(text, p)
		}
	}
	return text
}

// fieldsOfObject makes fields of the members of a JSON object that are texts, in the order of their names.
func fieldsOfObject(object []byte) ([]field, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil || members == nil { // whose error may quote what it read
		return nil, errors.New("is not a JSON object")
	}
	var fields []field
	for _, name := range slices.Sorted(maps.Keys(members)) {
		fields = append(fields, textField(name, unquote(members[name])))
		otpauth.Wipe(members[name])
	}
	return fields, nil
}

// textField makes a field of which only the name says what it is for.
func textField(name string, value []byte) field {
	f := field{name: name, value: value}
	if strings.EqualFold(name, "password") {
		f.role = rolePassword
	}
	return f
}
