package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"filippo.io/age/plugin"

	"ykmfa/internal/disk"
)

// maxWork is the scrypt work factor (log2) up to which a passphrase is tried: 1 GiB of memory.
const maxWork = 20

// recoveryNote stands above the recovery identity in .age-recipients.
const recoveryNote = "recovery identity"

// Create makes a vault, and returns its recovery identity (AGE-SECRET-KEY-1...), which is stored under the passphrase.
// Interrupted, it begins anew. Identities that are there without a store are somebody's: they stay.
func (v *Vault) Create(passphrase []byte) (identity []byte, err error) {
	if err := os.MkdirAll(v.Dir, 0o700); err != nil {
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
	begun := filepath.Join(v.Dir, ".creating")
	if _, err := os.Lstat(begun); err != nil {
		if _, any := v.Encrypted(); any {
			return nil, ErrIdentities
		}
		if err := disk.Create(begun, nil); err != nil {
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
	return []byte(recovery.String()), disk.Remove(begun)
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
	if err := disk.Replace(v.identities(), out.Bytes(), true); err != nil {
		return err
	}
	return readBack(v.identities(), out.Bytes())
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
}

// Unwrap implements age.Identity.
func (r *recovery) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if err := r.unlock(); err != nil {
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
	if r.ids != nil {
		return nil
	}
	encrypted, there := r.vault.Encrypted()
	if !there {
		return ErrNoMatch
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

// parseIdentities reads a file of identities. Those of plugins other than age-plugin-yubikey are passed over: their
// programs may still read the vault.
func parseIdentities(text []byte) (ids []age.Identity, keys []Key, err error) {
	for n, line := 1, []byte(nil); len(text) > 0; n++ {
		line, text, _ = bytes.Cut(text, []byte("\n"))
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0 || line[0] == '#':
		case bytes.HasPrefix(line, []byte("AGE-PLUGIN-")):
			if k, ok := parseKeyIdentity(string(line)); ok {
				keys = append(keys, k)
			}
		default:
			id, err := age.ParseIdentities(bytes.NewReader(line))
			if err != nil {
				return nil, nil, fmt.Errorf("identities: line %d is no identity of age", n)
			}
			ids = append(ids, id...)
		}
	}
	return ids, keys, nil
}

// parseKeyIdentity reads AGE-PLUGIN-YUBIKEY-1...: serial number, slot and tag.
func parseKeyIdentity(line string) (Key, bool) {
	name, data, err := plugin.ParseIdentity(strings.TrimSpace(line))
	if err != nil || name != "yubikey" || len(data) != 9 {
		return Key{}, false
	}
	return Key{Serial: binary.LittleEndian.Uint32(data), Slot: data[4], Tag: [4]byte(data[5:])}, true
}

// Keys are the YubiKeys that may open entries: recipients, and identities that are not encrypted.
func (v *Vault) Keys() ([]Key, error) {
	list, err := v.Recipients()
	if err != nil {
		return nil, err
	}
	var keys []Key
	for _, r := range list {
		if r.Key != nil {
			keys = append(keys, *r.Key)
		}
	}
	if encrypted, there := v.Encrypted(); encrypted || !there {
		return keys, nil
	}
	text, err := v.Identities(nil)
	if err != nil {
		return keys, err
	}
	defer clear(text)
	_, more, err := parseIdentities(text)
	return append(keys, more...), err
}

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
