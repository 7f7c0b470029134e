package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"ykmfa/internal/otpauth"
)

var errNoURI = errors.New("it is no otpauth URI")

// scheme returns the scheme of a line that is a URI of a secret, in small letters; else nothing.
func scheme(line []byte) string {
	name, _, _ := bytes.Cut(line[:min(len(line), 32)], []byte("://"))
	switch s := string(bytes.ToLower(name)); s {
	case "otpauth", "otpauth-migration", "steam", "motp":
		if len(name) < len(line) {
			return s
		}
	}
	return ""
}

// isURIs looks for a line that is a URI, anywhere: the first ones may be bad.
func isURIs(data []byte) bool { return firstScheme(data) != "" }

func isMigration(data []byte) bool { return firstScheme(data) == "otpauth-migration" }

func firstScheme(data []byte) string {
	if bytes.ContainsAny(bytes.TrimSpace(data)[:1], "{[<") {
		return "" // JSON or XML that holds URIs
	}
	for _, line := range lines(data) {
		if s := scheme(line); s != "" {
			return s
		}
	}
	return ""
}

// readURIs reads URIs, one per line, between blank lines and comments. It is also what Ente Auth exports in the clear;
// its parameter codeDisplay changes no code. A URI of Google Authenticator's migration may stand for many accounts.
func readURIs(ctx context.Context, in Input) (*File, error) {
	if bytes.IndexByte(in.Data, 0) >= 0 {
		return nil, ErrMixed
	}
	var file File
	var m migration
	for n, line := range lines(in.Data) {
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		where := fmt.Sprintf("line %d", n)
		switch scheme(line) {
		case "":
			file.Entries = append(file.Entries, Entry{Where: where, Err: errNoURI})
		case "otpauth-migration":
			file.Entries = append(file.Entries, m.read(n, line)...)
		default:
			p, err := otpauth.ParseURI(line)
			file.Entries = append(file.Entries, Entry{Where: where, Params: p, Err: err})
		}
		if len(file.Entries) > maxEntries || ctx.Err() != nil {
			file.Wipe()
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, ErrTooBig
		}
	}
	file.Missing = m.missing()
	return &file, nil
}

func writeURIs(entries []Entry) ([]byte, error) {
	list := make([][]byte, len(entries))
	for i, e := range entries {
		list[i] = e.Params.URI()
	}
	return joinLines(list), nil
}

// joinLines writes one text of lines, and wipes them.
func joinLines(list [][]byte) []byte {
	size := 0
	for _, line := range list {
		size += len(line) + 1
	}
	text := make([]byte, 0, size)
	for _, line := range list {
		text = append(append(text, line...), '\n')
		otpauth.Wipe(line)
	}
	return text
}
