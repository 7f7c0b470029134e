package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"filippo.io/age"

	"ykmfa/internal/disk"
)

// pending is the mark that entries are still encrypted to other recipients than .age-recipients names.
func (v *Vault) pending() string { return filepath.Join(v.Dir, ".rekey") }

// Pending reports whether a Rekey is due, or was interrupted.
func (v *Vault) Pending() bool {
	_, err := os.Lstat(v.pending())
	return err == nil
}

func (v *Vault) setPending() error {
	err := disk.Create(v.pending(), nil)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// Rekey encrypts every entry anew, to the recipients of today. Each entry is replaced whole, after what replaces it is
// known to open to the same text. Interrupted, it is begun again. step hears of each entry
// before it is opened, and ends it with an error.
func (v *Vault) Rekey(step func(done, total int, name string) error, identities ...Identity) error {
	unlock, err := v.lock()
	if err != nil {
		return err
	}
	defer unlock()
	names, err := v.List()
	if err != nil {
		return err
	}
	if err := v.setPending(); err != nil {
		return err
	}
	for i, name := range names {
		if err := step(i, len(names), name); err != nil {
			return err
		}
		if err := v.rekey(name, identities); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return disk.Remove(v.pending())
}

func (v *Vault) rekey(name string, identities []Identity) error {
	text, err := v.Get(name, identities...)
	if err != nil {
		return err
	}
	defer clear(text)
	data, err := v.encrypt(name, text)
	if err != nil {
		return err
	}
	file, err := v.file(name)
	if err != nil {
		return err
	}
	if err := disk.Replace(file, data, true); err != nil {
		return err
	}
	return readBack(file, data)
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
	const hint = "is encrypted to other recipients than the vault has today"
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
