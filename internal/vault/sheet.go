package vault

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"filippo.io/age"

	"ykmfa/internal/disk"
)

// RecoveryIdentity returns the identity that the recovery sheet shows: the one whose recipient the vault has. The caller
// wipes.
func (v *Vault) RecoveryIdentity(passphrase []byte) ([]byte, error) {
	text, err := v.Identities(passphrase)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	list, err := v.Recipients()
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		id, err := age.ParseX25519Identity(string(line))
		if err != nil {
			continue
		}
		for _, r := range list {
			if r.Text == id.Recipient().String() {
				return bytes.Clone(line), nil
			}
		}
	}
	return nil, errors.New("none of the identities is a recipient of the vault")
}

// Opens reports why an identity (AGE-SECRET-KEY-1...) is not one of the vault's: it has to open every entry. In place of
// a vault there may be nothing.
func (v *Vault) Opens(identity []byte) error {
	id, err := age.ParseX25519Identity(string(identity))
	if err != nil {
		return errors.New("it is no identity of age")
	}
	names, err := v.List()
	if errors.Is(err, ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := v.Get(name, id)
		clear(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(names) > 0 {
		return nil
	}
	list, err := v.Recipients()
	for _, r := range list {
		if r.Text == id.Recipient().String() {
			return nil
		}
	}
	return errors.Join(ErrNoMatch, err)
}

// Recover puts an identity that Opens the vault under a passphrase. Identities that are there are kept, under another name.
func (v *Vault) Recover(identity, passphrase []byte) error {
	id, err := age.ParseX25519Identity(string(identity))
	if err != nil {
		return errors.New("it is no identity of age")
	}
	if err := os.MkdirAll(v.Dir, 0o700); err != nil {
		return err
	}
	unlock, err := disk.Lock(v.store())
	if err != nil {
		return err
	}
	defer unlock()
	if old, err := readBounded(v.identities()); err == nil {
		if err := disk.Replace(v.identities()+".before", old, true); err != nil {
			return err
		}
	}
	if err := v.writeIdentities(identityFile(id), passphrase); err != nil {
		return err
	}
	if v.Exists() {
		return nil
	}
	return v.createStore(Recipient{Text: id.Recipient().String(), Note: recoveryNote})
}
