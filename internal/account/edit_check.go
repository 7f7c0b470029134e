package account

import (
	"fmt"
	"reflect"
	"strconv"

	"ykmfa/oath"
)

// PutAll is Put for many. New ones are added together, which takes hardly longer than one: the file is read as a whole for
// each change.
func (f *File) PutAll(accounts []Account) error {
	grown := &File{path: f.path, data: f.data}
	var added []Account
	for _, acc := range accounts {
		if _, exists := f.Get(acc.Name); exists {
			continue
		}
		grown.data = grown.appended(acc)
		added = append(added, acc)
	}
	if err := f.replaceAll(grown.data, added); err != nil {
		return err
	}
	for _, acc := range accounts {
		if old, _ := f.Get(acc.Name); !reflect.DeepEqual(normal(old), normal(acc)) {
			if err := f.Put(acc); err != nil {
				return err
			}
		}
	}
	return nil
}

// replace keeps new text only if it says what it should: the account that was edited is as wanted, and everything else
// is what it was.
func (f *File) replace(data []byte, name string, want *Account) error {
	if want == nil {
		return f.replaceAll(data, nil, name)
	}
	return f.replaceAll(data, []Account{*want}, name)
}

// replaceAll is replace for several accounts, and others that are gone.
func (f *File) replaceAll(data []byte, want []Account, gone ...string) error {
	before, err := f.tables()
	if err != nil {
		return err
	}
	what := list(want, gone)
	edited, err := Parse(f.path, data)
	if err != nil {
		return fmt.Errorf("could not change %s without damage, so the file was left alone: %w", what, err)
	}
	after, err := edited.tables()
	if err != nil {
		return err
	}
	right := true
	now := map[string]Account{}
	for _, acc := range edited.accounts {
		now[acc.Name] = acc
	}
	for _, acc := range want {
		got, found := now[acc.Name]
		right = right && found && reflect.DeepEqual(normal(got), normal(acc))
		delete(after, acc.Name)
		delete(before, acc.Name)
	}
	for _, name := range gone {
		delete(before, name)
	}
	if !right || !(len(before) == 0 && len(after) == 0 || reflect.DeepEqual(before, after)) {
		return fmt.Errorf("could not change %s in the account file %s without damage, so it was left alone: change it there by hand", what, f.path)
	}
	f.data, f.accounts = edited.data, edited.accounts
	return nil
}

// list names what a change is about.
func list(accounts []Account, gone []string) string {
	switch {
	case len(gone) > 0:
		return strconv.Quote(gone[0])
	case len(accounts) == 1:
		return strconv.Quote(accounts[0].Name)
	}
	return fmt.Sprintf("%d accounts", len(accounts))
}

// normal makes accounts comparable: what has no meaning for a type or is a default is the same as missing.
func normal(acc Account) Account {
	if acc.Type == 0 {
		acc.Type = oath.TOTP
	}
	if acc.Algorithm == 0 {
		acc.Algorithm = oath.SHA1
	}
	if acc.Digits == 0 {
		acc.Digits = 6
	}
	if acc.Period == 0 || acc.Type == oath.HOTP {
		acc.Period = oath.DefaultPeriod
	}
	return acc
}
