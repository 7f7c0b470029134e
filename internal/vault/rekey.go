package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"filippo.io/age"

	"ykmfa/internal/disk"
)

// setPending makes a mark that no Rekey which is already at work takes away: another file than the one that is there. It is
// empty, so that it finds room on a full disk.
func (v *Vault) setPending() error { return disk.Replace(v.pending(), nil, true) }

// NotRekeyed are the entries that a Rekey had to leave as they were.
type NotRekeyed struct {
	Errs  []error // each names its entry
	Total int     // entries in the vault
}

func (e *NotRekeyed) Error() string {
	return fmt.Sprintf("%d of %d entries could not be encrypted anew, and are as they were: %v", len(e.Errs), e.Total, reasons(e.Errs))
}

// Unwrap returns the reasons.
func (e *NotRekeyed) Unwrap() []error { return e.Errs }

// Rekey encrypts every entry anew, to the recipients of today. Each entry is replaced whole, after what replaces it is
// known to open to the same text. What is wrong with one does not keep the others from it: *NotRekeyed. Interrupted, it is
// begun again. step hears of each entry before it is opened, and ends it with an error. The vault is not locked while somebody
// is asked for a passphrase.
func (v *Vault) Rekey(step func(done, total int, name string) error, identities ...Identity) error {
	names, err := v.List()
	if err != nil {
		return err
	}
	mark, err := v.beginRekey()
	if err != nil {
		return err
	}
	left := &NotRekeyed{Total: len(names)}
	for i, name := range names {
		if err := step(i, len(names), name); err != nil {
			return err
		}
		if err := v.rekey(name, identities); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
			if !ofEntry(err) {
				return err
			}
			left.Errs = append(left.Errs, err)
		}
	}
	if len(left.Errs) > 0 {
		return left
	}
	return v.endRekey(mark)
}

// ofEntry reports whether an error is about one entry, so that the others can go on. After any other nobody could open the
// next, either, or the disk is full.
func ofEntry(err error) bool {
	var asked *identityError
	if errors.As(err, &asked) {
		return false
	}
	for _, one := range []error{ErrDamaged, ErrNoMatch, ErrRecipients, fs.ErrPermission} {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}

func (v *Vault) beginRekey() (mark fs.FileInfo, err error) {
	unlock, err := v.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if !v.Pending() {
		if err := v.setPending(); err != nil {
			return nil, err
		}
	}
	return os.Lstat(v.pending())
}

// endRekey takes the mark away, unless it is that of a later change of recipients: entries that were done before that wait
// for another Rekey. Entries that were added meanwhile have the recipients of today.
func (v *Vault) endRekey(mark fs.FileInfo) error {
	unlock, err := v.lock()
	if err != nil {
		return err
	}
	defer unlock()
	now, err := os.Lstat(v.pending())
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !os.SameFile(now, mark):
		return nil
	case err != nil:
		return err
	}
	return disk.Remove(v.pending())
}

// rekey opens an entry, and then replaces it, if it is still the same.
func (v *Vault) rekey(name string, identities []Identity) error {
	for {
		data, err := v.read(name)
		if errors.Is(err, ErrNotFound) { // removed since it was listed
			return nil
		}
		if err != nil {
			return err
		}
		text, err := open(data, identities...)
		if err != nil {
			return err
		}
		done, err := v.reseal(name, data, text)
		clear(text)
		if done || err != nil {
			return err
		}
	}
}

func (v *Vault) reseal(name string, old, text []byte) (done bool, err error) {
	unlock, err := v.lock()
	if err != nil {
		return false, err
	}
	defer unlock()
	now, err := v.read(name)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	if err != nil || !bytes.Equal(now, old) {
		return false, err
	}
	data, err := v.encrypt(name, text)
	if err != nil {
		return false, err
	}
	file, err := v.file(name)
	if err != nil {
		return false, err
	}
	return true, replace(file, data)
}

// Inspect finds what is wrong with an entry that can be seen without opening it.
func (v *Vault) Inspect(name string) error {
	file, err := v.file(name)
	if err != nil {
		return err
	}
	data, err := v.read(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("can be read by others (mode %04o): chmod 600 %s", info.Mode().Perm(), file)
	}
	stanzas, err := stanzasOf(data)
	if err != nil {
		return err
	}
	list, err := v.recipientsOf(name)
	if err != nil {
		return err
	}
	return matches(stanzas, list)
}

// stanzasOf reads the header of an age file.
func stanzasOf(data []byte) ([]*age.Stanza, error) {
	data, err := dearmor(data)
	if err != nil {
		return nil, err
	}
	header, err := age.ExtractHeader(bytes.NewReader(data))
	if err != nil {
		return nil, ErrDamaged
	}
	var seen reader
	_, _ = age.DecryptHeader(header, &seen)
	return seen.stanzas, nil
}

// reader is an identity that only looks.
type reader struct{ stanzas []*age.Stanza }

// Unwrap implements age.Identity.
func (r *reader) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	r.stanzas = stanzas
	return nil, age.ErrIncorrectIdentity
}

// matches compares an entry's stanzas with the recipients that it should have, as far as stanzas tell: those of YubiKeys
// name theirs, the others only their kind.
func matches(stanzas []*age.Stanza, list []Recipient) error {
	const hint = "is encrypted to other recipients than the vault has today: ykmfa vault rekey"
	stanzas = slices.DeleteFunc(slices.Clone(stanzas), func(s *age.Stanza) bool {
		return strings.HasSuffix(s.Type, "-grease") // rage adds one that is for nobody, so that readers learn to skip it
	})
	if len(stanzas) != len(list) {
		return errors.New(hint)
	}
	for _, r := range list {
		if r.Key == nil {
			continue
		}
		i, found := keyIdentity{key: *r.Key}, false
		for _, s := range stanzas {
			_, mine := i.share(s)
			found = found || mine
		}
		if !found {
			return errors.New(hint)
		}
	}
	return nil
}
