package transfer

import (
	"crypto/rand"
	"fmt"
	"unicode/utf8"

	"ykmfa/internal/otpauth"
)

// jsonWriter builds JSON in one buffer, whose size is known beforehand, so that no secret is left behind in an old one.
// encoding/json would keep copies.
type jsonWriter struct {
	buf []byte
}

// newJSONWriter makes room for entries, of which each has the given number of bytes around its secret and its names.
func newJSONWriter(entries []Entry, around int) *jsonWriter {
	size := 512
	for _, e := range entries {
		// The secret in base32, possibly in a URI; each name up to three times, in escapes of six bytes.
		size += around + 2*len(e.Params.Secret) + 18*(len(e.Params.Issuer)+len(e.Params.Account)+len(e.Title))
	}
	return &jsonWriter{make([]byte, 0, size)}
}

// add appends pieces: a string as it stands, a quoted as a string of JSON, and anything else as fmt prints it.
func (w *jsonWriter) add(pieces ...any) {
	for _, p := range pieces {
		switch p := p.(type) {
		case string:
			w.buf = append(w.buf, p...)
		case quoted:
			w.quote(p)
		default:
			w.buf = fmt.Append(w.buf, p)
		}
	}
}

// quoted is a text that becomes a string of JSON.
type quoted []byte

// quote escapes (RFC 8259 section 7). What is no UTF-8 would be no JSON, and becomes the mark for that.
func (w *jsonWriter) quote(s []byte) {
	w.buf = append(w.buf, '"')
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		switch {
		case r == '"', r == '\\':
			w.buf = append(w.buf, '\\', byte(r))
		case r < ' ':
			w.buf = fmt.Appendf(w.buf, `\u%04x`, r)
		default:
			w.buf = utf8.AppendRune(w.buf, r)
		}
		s = s[n:]
	}
	w.buf = append(w.buf, '"')
}

// secret appends base32 as a string.
func (w *jsonWriter) secret(secret []byte) {
	text := otpauth.EncodeSecret(secret)
	defer otpauth.Wipe(text)
	w.quote(text)
}

// list appends one element for each entry.
func (w *jsonWriter) list(entries []Entry, element func(i int, p otpauth.Params)) {
	for i, e := range entries {
		if i > 0 {
			w.add(",")
		}
		w.add("\n")
		element(i, e.Params)
	}
	w.add("\n")
}

// newUUID is a random one (RFC 9562 section 5.4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
