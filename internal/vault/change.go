package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// errNoRecipients: passage encrypts to its identities then. Here that would take the passphrase, and a key that is added
// would be the only recipient.
var errNoRecipients = fmt.Errorf("%w: it is missing, or has none", ErrRecipients)

// AddRecipient adds one to those of the vault as a whole. Entries that exist are encrypted to it by the next Rekey, which
// Pending then asks for. What could not be encrypted to any more with it is an error, and nothing is changed.
func (v *Vault) AddRecipient(r Recipient) error {
	unlock, err := v.lock()
	if err != nil {
		return err
	}
	defer unlock()
	text, err := readBounded(v.recipients())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	list := parseRecipients(text)
	if slices.ContainsFunc(list, func(old Recipient) bool { return old.Text == r.Text }) {
		return nil
	}
	if len(list) == 0 {
		return errNoRecipients
	}
	if _, err := seal(nil, append(list, r)); err != nil {
		return err
	}
	if text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	if err := v.setPending(); err != nil {
		return err
	}
	return replace(v.recipients(), append(text, formatRecipients([]Recipient{r})...))
}

// RemoveRecipient removes one, from those of subfolders, too. Entries that exist are kept from it by the next Rekey, which
// Pending then asks for.
func (v *Vault) RemoveRecipient(text string) error {
	unlock, err := v.lock()
	if err != nil {
		return err
	}
	defer unlock()
	files, err := v.RecipientFiles()
	if err != nil {
		return err
	}
	changes := map[string][]byte{}
	for _, file := range files {
		old, err := readBounded(file)
		if err != nil {
			return err
		}
		fresh := withoutRecipient(old, text)
		if len(parseRecipients(fresh)) == 0 && len(parseRecipients(old)) > 0 {
			return fmt.Errorf("it is the last recipient in %s: nobody could read what is there without it", file)
		}
		if !bytes.Equal(fresh, old) {
			changes[file] = fresh
		}
	}
	if err := v.setPending(); err != nil {
		return err
	}
	for file, fresh := range changes {
		if err := replace(file, fresh); err != nil {
			return err
		}
	}
	return nil
}

// CanPut reports why an entry could not be added.
func (v *Vault) CanPut() error {
	files, err := v.RecipientFiles()
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errNoRecipients
	}
	for _, file := range files {
		list, err := readRecipients(file)
		if err == nil {
			_, err = seal(nil, list)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// RecipientFiles are the files of recipients in the vault: the first is that of the vault as a whole, others are those of
// subfolders.
func (v *Vault) RecipientFiles() (files []string, err error) {
	err = v.walk(func(file string, d fs.DirEntry) error {
		if d.Name() == recipientsFile && !d.IsDir() {
			files = append(files, file)
		}
		return nil
	})
	slices.SortFunc(files, func(a, b string) int { return len(a) - len(b) })
	return files, err
}

// EveryRecipient are the recipients of the vault and of its subfolders, each once.
func (v *Vault) EveryRecipient() (all []Recipient, err error) {
	files, err := v.RecipientFiles()
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		list, err := readRecipients(file)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if !slices.ContainsFunc(all, func(old Recipient) bool { return old.Text == r.Text }) {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// withoutRecipient takes a recipient, and the comment right above it, out of a file of recipients. All else stays as it is.
func withoutRecipient(data []byte, text string) []byte {
	var out []byte
	comment := ""
	for line := range strings.Lines(string(data)) {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "#") {
			out, comment = append(out, comment...), line
			continue
		}
		if trimmed != text {
			out = append(append(out, comment...), line...)
		}
		comment = ""
	}
	return append(out, comment...)
}

// walk calls visit for what is in the store, without what others keep there out of sight, such as .git.
func (v *Vault) walk(visit func(file string, d fs.DirEntry) error) error {
	if !v.Exists() {
		return ErrNone
	}
	root, err := filepath.EvalSymlinks(v.store())
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case file != root && d.IsDir() && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		}
		return visit(file, d)
	})
}

// pending is the mark that entries are still encrypted to other recipients than .age-recipients names. Each change of
// recipients makes it another.
func (v *Vault) pending() string { return filepath.Join(v.Dir, ".rekey") }

// Pending reports whether a Rekey is due, or was interrupted.
func (v *Vault) Pending() bool {
	_, err := os.Lstat(v.pending())
	return err == nil
}
