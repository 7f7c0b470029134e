package transfer

import (
	"context"

	"ykmfa/internal/otpauth"
)

// isProton: Proton Authenticator writes a version, and entries of which each has its content and the type of it.
func isProton(data []byte) bool {
	return looksJSON(data, '{', "entries", "content", "entry_type", "uri")
}

func readProton(_ context.Context, in Input) (*File, error) {
	var export struct{ Entries raw }
	if err := parseJSON(in.Data, &export); err != nil {
		return nil, err
	}
	var file File
	err := export.Entries.each(func(n int, element raw) error {
		name, p, err := protonEntry(element)
		return file.add(entryNumber(n), name, p, err)
	})
	return file.unless(err)
}

// protonEntry: Steam is written as steam://SECRET, with the name beside it.
func protonEntry(element raw) (name string, p otpauth.Params, err error) {
	var e struct {
		Content struct {
			URI  text
			Name string
		}
	}
	err = parseJSON(element, &e)
	defer otpauth.Wipe(e.Content.URI)
	if err != nil {
		return "", p, err
	}
	name = clean(e.Content.Name)
	if p, err = otpauth.Parse(e.Content.URI); err == nil {
		named(&p, name, "")
	}
	return name, p, err
}
