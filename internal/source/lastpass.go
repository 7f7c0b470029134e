package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"ykmfa/internal/otpauth"
)

// lastPassEntry is an object of lpass show --json, with the values as they are written there.
type lastPassEntry struct {
	ID       json.RawMessage `json:"id"`
	Name     json.RawMessage `json:"name"`
	FullName json.RawMessage `json:"fullname"`
	Username json.RawMessage `json:"username"`
	Password json.RawMessage `json:"password"`
	URL      json.RawMessage `json:"url"`
	Note     json.RawMessage `json:"note"`
}

// secureNote is the URL by which LastPass marks an entry that is only a note.
const secureNote = "http://sn"

// parseLastPass reads what lpass show --json -x prints, and keeps the entries of exactly that name or id.
func parseLastPass(printed []byte, name string) ([]entry, error) {
	if len(bytes.TrimSpace(printed)) == 0 {
		return nil, errors.New("lpass said that it succeeded, and printed nothing")
	}
	if bytes.HasPrefix(printed, []byte("Multiple matches found")) {
		return nil, fail(KindSeveral, "lpass ls, and use the id of the entry as its name", errors.New("several entries have this name"))
	}
	var objects []lastPassEntry
	if json.Unmarshal(printed, &objects) != nil { // whose error may quote what it read
		return nil, errors.New("lpass printed something that is not its JSON")
	}
	var entries []entry
	for _, o := range objects {
		id, short, full := string(unquote(o.ID)), string(unquote(o.Name)), string(unquote(o.FullName))
		if id == name || short == name || full == name {
			entries = append(entries, o.entry(fmt.Sprintf("%s [id: %s]", full, id)))
		}
		otpauth.Wipe(o.Password)
		otpauth.Wipe(o.Note)
	}
	return entries, nil
}

// entry makes the fields. The note of a secure note stands where another entry has its password.
func (o lastPassEntry) entry(name string) entry {
	note := field{name: "note", value: unquote(o.Note)}
	if string(unquote(o.URL)) == secureNote {
		note.role = rolePassword
	}
	e := entry{name: name, fields: []field{
		{name: "password", role: rolePassword, value: unquote(o.Password)},
		note,
		{name: "username", value: unquote(o.Username)},
		{name: "url", value: unquote(o.URL)},
	}}
	e.fields = append(e.fields, fieldsOfText(note.value)...)
	return e
}

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
