package keyring

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zalando/go-keyring"
)

var (
	ErrNotFound = errors.New("no such entry in the keyring")
	ErrLocked   = errors.New("the keyring is locked")
)

// SeveralError is about several entries where one was expected.
type SeveralError struct {
	Labels []string
}

func (e *SeveralError) Error() string {
	return fmt.Sprintf("%d entries have this name: %q", len(e.Labels), e.Labels)
}

// Entry returns the entry of a name, which is what secret-tool lookup service ykmfa username NAME prints.
func (k Keyring) Entry(name string) ([]byte, error) {
	if !k.available() {
		return nil, ErrUnavailable
	}
	if err := onlyOne(name); err != nil {
		return nil, err
	}
	text, err := keyring.Get(service, name)
	return []byte(text), meaning(err)
}

// SetEntry makes an entry. It replaces one of the same name: look first.
func (k Keyring) SetEntry(name string, value []byte) error {
	if !k.available() {
		return ErrUnavailable
	}
	return meaning(keyring.Set(service, name, string(value)))
}

// meaning keeps the reason of an error and drops what else it says.
func meaning(err error) error {
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return ErrNotFound
	case err != nil && strings.Contains(err.Error(), "failed to unlock"):
		return ErrLocked
	}
	return err
}
