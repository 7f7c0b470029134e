package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"filippo.io/age"
	"filippo.io/age/armor"

	"ykmfa/internal/disk"
)

// maxWork is the scrypt work factor (log2) up to which a passphrase is tried: 1 GiB of memory.
const maxWork = 20

// recoveryNote stands above the recovery identity in .age-recipients.
const recoveryNote = "recovery identity"

// Create makes a vault, and returns its recovery identity (AGE-SECRET-KEY-1...), which is stored under the passphrase.
// Interrupted, it begins anew. Identities that are there without a store are somebody's: they stay.
func (v *Vault) Create(passphrase []byte) (identity []byte, err error) {
	if err := disk.MkdirAll(v.Dir); err != nil {
		return nil, err
	}
	unlock, err := disk.Lock(v.store())
	if err != nil {
		return nil, err
	}
	defer unlock()
	if v.Exists() {
		return nil, ErrThere
	}
	if _, err := os.Lstat(v.creating()); err != nil {
		if _, err := os.Lstat(v.identities()); !errors.Is(err, fs.ErrNotExist) {
			return nil, ErrIdentities
		}
		if err := disk.Create(v.creating(), nil); err != nil {
			return nil, err
		}
	}
	recovery, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	if err := v.writeIdentities(identityFile(recovery), passphrase); err != nil {
		return nil, err
	}
	if err := v.createStore(Recipient{Text: recovery.Recipient().String(), Note: recoveryNote}); err != nil {
		return nil, err
	}
	return []byte(recovery.String()), disk.Remove(v.creating())
}

// createStore makes the store appear whole, with its recipients.
func (v *Vault) createStore(first Recipient) error {
	tmp, err := os.MkdirTemp(v.Dir, ".store-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := disk.Create(filepath.Join(tmp, recipientsFile), formatRecipients([]Recipient{first})); err != nil {
		return err
	}
	return os.Rename(tmp, v.store())
}

// identityFile is an identity as age-keygen writes it.
func identityFile(i *age.X25519Identity) []byte {
	return fmt.Appendf(nil, "# public key: %s\n%s\n", i.Recipient(), i)
}

// writeIdentities replaces the identities, encrypted to a passphrase as age does it.
func (v *Vault) writeIdentities(text, passphrase []byte) error {
	defer clear(text)
	r, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return err
	}
	if v.testOnlyWork != 0 {
		r.SetWorkFactor(v.testOnlyWork)
	}
	data, err := seal(text, []Recipient{{age: r}})
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w := armor.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	out.WriteByte('\n')
	return replace(v.identities(), out.Bytes())
}

// Encrypted reports whether the identities are under a passphrase, and whether there are any.
func (v *Vault) Encrypted() (encrypted, any bool) {
	data, err := readBounded(v.identities())
	return err == nil && isAge(data), err == nil
}

func isAge(data []byte) bool {
	return bytes.HasPrefix(data, []byte("age-encryption.org/")) || bytes.HasPrefix(data, []byte(armor.Header))
}

// Identities returns the text of the identities. passphrase is for those that are encrypted. The caller wipes.
func (v *Vault) Identities(passphrase []byte) ([]byte, error) {
	data, err := readBounded(v.identities())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoMatch
	}
	if err != nil || !isAge(data) {
		return data, err
	}
	if err := askable(data); err != nil {
		return nil, err
	}
	id, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, ErrPassphrase // it is empty
	}
	id.SetMaxWorkFactor(maxWork)
	text, err := open(data, id)
	switch {
	case errors.Is(err, ErrNoMatch):
		return nil, ErrPassphrase
	case err != nil:
		return nil, fmt.Errorf("identities: %w", err)
	}
	return text, nil
}

// askable reports why no passphrase can open identities.
func askable(data []byte) error {
	stanzas, err := stanzasOf(data)
	switch {
	case err != nil:
		return fmt.Errorf("identities: %w", err)
	case len(stanzas) != 1 || stanzas[0].Type != "scrypt" || len(stanzas[0].Args) != 2:
		return fmt.Errorf("%w: they are not under a passphrase, but encrypted to somebody", ErrIdentitiesBad)
	}
	if work, err := strconv.Atoi(stanzas[0].Args[1]); err != nil || work > maxWork {
		return fmt.Errorf("%w: trying a passphrase on them takes more memory than it may (work factor %q, at most %d)",
			ErrIdentitiesBad, stanzas[0].Args[1], maxWork)
	}
	return nil
}

// ChangePassphrase puts the identities under another passphrase.
func (v *Vault) ChangePassphrase(old, new []byte) error {
	unlock, err := v.lock()
	if err != nil {
		return err
	}
	defer unlock()
	text, err := v.Identities(old)
	if err != nil {
		return err
	}
	return v.writeIdentities(text, new)
}

// Recovery opens what is encrypted to the recovery identity. ask is asked for the passphrase when there is something to
// open: with 0, and with the number of wrong answers so far for as long as they are wrong. Its error ends that. The right
// one is not asked for again.
func (v *Vault) Recovery(ask func(wrong int) ([]byte, error)) Identity {
	return &recovery{vault: v, ask: ask}
}

type recovery struct {
	vault *Vault
	ask   func(wrong int) ([]byte, error)
	ids   []age.Identity // after the passphrase
	err   error          // why there are none: nobody is asked twice
}

// Unwrap implements age.Identity.
func (r *recovery) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if r.ids == nil && r.err == nil {
		r.err = r.unlock()
	}
	if err := r.err; err != nil {
		if errors.Is(err, ErrNoMatch) {
			return nil, age.ErrIncorrectIdentity
		}
		return nil, &identityError{err}
	}
	for _, id := range r.ids {
		fileKey, err := id.Unwrap(stanzas)
		if !errors.Is(err, age.ErrIncorrectIdentity) {
			return fileKey, err
		}
	}
	return nil, age.ErrIncorrectIdentity
}

func (r *recovery) unlock() error {
	encrypted, there := r.vault.Encrypted()
	if _, err := r.vault.Identities(nil); !there || !errors.Is(err, ErrPassphrase) && err != nil { // no passphrase helps
		return err
	}
	for wrong := 0; ; wrong++ {
		var passphrase []byte
		if encrypted {
			var err error
			if passphrase, err = r.ask(wrong); err != nil {
				return err
			}
		}
		text, err := r.vault.Identities(passphrase)
		clear(passphrase)
		if errors.Is(err, ErrPassphrase) {
			continue
		}
		if err != nil {
			return err
		}
		defer clear(text)
		if r.ids, _, err = parseIdentities(text); err == nil && len(r.ids) == 0 {
			err = ErrNoMatch
		}
		return err
	}
}
