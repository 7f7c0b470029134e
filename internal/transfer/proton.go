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
	return file.unless(export.Entries.each(func(n int, element raw) error {
		// Steam is steam://SECRET, with the name beside it.
		var e struct {
			Content struct {
				URI  text
				Name string
			}
		}
		err := parseEntry(element, &e)
		defer otpauth.Wipe(e.Content.URI)
		return file.addNamed(entryNumber(n), e.Content.Name, "", e.Content.URI, err)
	}))
}
