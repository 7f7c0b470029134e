package transfer

import (
	"fmt"

	"ykmfa/internal/otpauth"
)

// add appends an account, good or not. It is an error only where there are more than any export has.
func (f *File) add(where, title string, p otpauth.Params, err error) error {
	if len(f.Entries) == maxEntries {
		otpauth.Wipe(p.Secret)
		return fmt.Errorf("it has more than %d entries", maxEntries)
	}
	if err != nil {
		otpauth.Wipe(p.Secret)
		p = otpauth.Params{}
	}
	f.Entries = append(f.Entries, Entry{Where: where, Title: title, Params: p, Err: err})
	return nil
}

// unless is the file, or the error in place of it.
func (f *File) unless(err error) (*File, error) {
	if err != nil {
		f.Wipe()
		return nil, err
	}
	return f, nil
}

func entryNumber(n int) string { return fmt.Sprintf("entry %d", n) }

// addNamed appends what a password manager keeps for an item: base32 or a URI, which may have no names of its own.
func (f *File) addNamed(where, title, user string, secret []byte, err error) error {
	var p otpauth.Params
	if err == nil {
		p, err = otpauth.Parse(secret)
	}
	if err == nil {
		named(&p, title, user)
	}
	return f.add(where, clean(title), p, err)
}
