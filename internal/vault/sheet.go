package vault

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"filippo.io/age"

	"ykmfa/internal/disk"
)

// RecoveryIdentity returns the identity that the recovery sheet shows: the one whose recipient the vault has, or
// ErrNoMatch. The caller wipes.
func (v *Vault) RecoveryIdentity(passphrase []byte) ([]byte, error) {
	text, err := v.Identities(passphrase)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		id, err := age.ParseX25519Identity(string(line))
		if err != nil {
			continue
		}
		if mine, err := v.isRecipient(id); mine || err != nil {
			return bytes.Clone(line), err
		}
	}
	return nil, fmt.Errorf("none of the identities is a recipient of the vault: %w", ErrNoMatch)
}

func (v *Vault) isRecipient(id *age.X25519Identity) (bool, error) {
	list, err := v.Recipients()
	for _, r := range list {
		if r.Text == id.Recipient().String() {
			return true, err
		}
	}
	return false, err
}

// OthersThan names the recipients other than that of an identity.
func (v *Vault) OthersThan(identity []byte) (names []string, err error) {
	id, err := parseX25519(identity)
	if err != nil {
		return nil, err
	}
	list, err := v.Recipients()
	for _, r := range list {
		if r.Text != id.Recipient().String() {
			names = append(names, cmp.Or(r.Note, r.Text))
		}
	}
	return names, err
}

func parseX25519(identity []byte) (*age.X25519Identity, error) {
	id, err := age.ParseX25519Identity(string(identity))
	if err != nil {
		return nil, errors.New("it is no identity of age") // age's error may say more
	}
	return id, nil
}

// Opens tells whether an identity (AGE-SECRET-KEY-1...) is the vault's: it opens an entry, or is a recipient. If not, that
// is ErrNoMatch. closed says of each entry that it does not open, why: one that is damaged, or encrypted to somebody else
// only, must not keep the others from being opened. In place of a vault there may be nothing.
func (v *Vault) Opens(identity []byte) (closed []error, err error) {
	id, err := parseX25519(identity)
	if err != nil {
		return nil, err
	}
	names, err := v.List()
	if errors.Is(err, ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := v.Get(name, id)
		clear(text)
		if errors.Is(err, ErrNoMatch) {
			err = errors.New("it is encrypted to others only")
		}
		if err != nil {
			closed = append(closed, fmt.Errorf("%s stays closed: %w", name, err))
		}
	}
	if len(closed) < len(names) {
		return closed, nil
	}
	list, err := v.Recipients()
	if mine, _ := v.isRecipient(id); err == nil && !mine && len(list)+len(names) > 0 {
		err = ErrNoMatch
	}
	return closed, err
}

// Recover puts an identity that Opens the vault under a passphrase, and completes what a copy may lack: the store, or its
// .age-recipients. Identities that are there are kept, in a file whose name it returns.
func (v *Vault) Recover(identity, passphrase []byte) (kept string, err error) {
	id, err := parseX25519(identity)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(v.Dir, 0o700); err != nil {
		return "", err
	}
	unlock, err := disk.Lock(v.store())
	if err != nil {
		return "", err
	}
	defer unlock()
	if kept, err = v.keepIdentities(); err != nil {
		return "", err
	}
	if err := v.writeIdentities(identityFile(id), passphrase); err != nil {
		return "", err
	}
	first := Recipient{Text: id.Recipient().String(), Note: recoveryNote}
	if !v.Exists() {
		return kept, v.createStore(first)
	}
	if err = disk.Create(v.recipients(), formatRecipients([]Recipient{first})); errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return kept, err
}

// keepIdentities copies the identities to the first free name: identities.before, then identities.before-2. What replaces
// them takes over their mode, which a copy may have widened.
func (v *Vault) keepIdentities() (kept string, err error) {
	old, err := readBounded(v.identities())
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer clear(old)
	if err := os.Chmod(v.identities(), 0o600); err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		if kept = v.identities() + ".before"; n > 1 {
			kept += fmt.Sprintf("-%d", n)
		}
		if there, err := readBounded(kept); err == nil && bytes.Equal(there, old) {
			return kept, nil // from a time when this was interrupted
		}
		if err := disk.Create(kept, old); !errors.Is(err, fs.ErrExist) {
			return kept, err
		}
	}
}
