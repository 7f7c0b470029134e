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
	if text := bytes.TrimSpace(data); len(text) > 0 && bytes.IndexByte([]byte("{[<"), text[0]) >= 0 {
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
		if err := readLine(&file, &m, n, line); err != nil {
			return file.unless(err)
		}
		if err := ctx.Err(); err != nil {
			return file.unless(err)
		}
	}
	file.Missing = m.missing()
	return &file, nil
}

func readLine(file *File, m *migration, n int, line []byte) error {
	if len(line) == 0 || line[0] == '#' {
		return nil
	}
	where := lineNumber(n)
	switch scheme(line) {
	case "":
		return file.add(where, "", otpauth.Params{}, errNoURI)
	case "otpauth-migration":
		for _, e := range m.read(n, line) {
			if err := file.add(e.Where, "", e.Params, e.Err); err != nil {
				return err
			}
		}
		return nil
	}
	p, err := otpauth.ParseURI(line)
	return file.add(where, "", p, err)
}

func lineNumber(n int) string { return fmt.Sprintf("line %d", n) }

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
