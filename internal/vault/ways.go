package vault

import (
	"context"
	"errors"
	"slices"
	"strings"

	"filippo.io/age"
)

// Ways opens entries with the first of several identities that can. One that fails (a PIN that is wrong, a key that nobody
// touches) is not tried again: it would ask again for each entry.
type Ways struct {
	Identities []Identity

	failed map[int]error
}

// Failed is why those that failed did, or nil.
func (w *Ways) Failed() error {
	var errs reasons
	for i := range w.Identities {
		if err := w.failed[i]; err != nil {
			errs = append(errs, err)
		}
	}
	if errs == nil {
		return nil
	}
	return &identityError{errs}
}

// reasons are errors on one line.
type reasons []error

func (r reasons) Error() string {
	var texts []string
	for _, err := range r {
		texts = append(texts, err.Error())
	}
	return strings.Join(slices.Compact(texts), "; ")
}

// Unwrap returns them all.
func (r reasons) Unwrap() []error { return r }

// Unwrap implements age.Identity. Where none opens it, the reason is why those that failed did.
func (w *Ways) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for i, id := range w.Identities {
		if w.failed[i] != nil {
			continue
		}
		fileKey, err := id.Unwrap(stanzas)
		var own *identityError
		switch {
		case err == nil:
			return fileKey, nil
		case errors.Is(err, age.ErrIncorrectIdentity):
		case !errors.As(err, &own) || errors.Is(err, context.Canceled): // the file is damaged, or the user wants no more
			return nil, err
		default:
			if w.failed == nil {
				w.failed = map[int]error{}
			}
			w.failed[i] = err
		}
	}
	if err := w.Failed(); err != nil {
		return nil, err
	}
	return nil, age.ErrIncorrectIdentity
}
