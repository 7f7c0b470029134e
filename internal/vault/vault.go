// Package vault is the built-in backup store: a directory with one age file for each account, in the layout of passage
// (github.com/FiloSottile/passage), so that passage and age (age-encryption.org/v1) read it without us.
//
//	DIR/identities              age identities: the recovery identity, under a passphrase
//	DIR/store/.age-recipients   to whom entries are encrypted; one in a subfolder counts for what is below it
//	DIR/store/a/b.age           the entry a/b
//
// Writing an entry takes the recipients only. Reading takes the recovery identity, or a YubiKey that is a recipient. Every
// file is mode 0600, and written whole or not at all.
package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"filippo.io/age"

	"ykmfa/internal/disk"
)

// What the methods of Vault fail with, for errors.Is.
var (
	ErrNone       = errors.New("there is no vault")
	ErrThere      = errors.New("there is a vault already")
	ErrIdentities = errors.New("it has identities, but no store")
	ErrName       = errors.New("not a name for an entry")
	ErrNotFound   = errors.New("no such entry")
	ErrExists     = errors.New("there is an entry of this name, which stays as it is")
	ErrFolder     = errors.New("a folder, not an entry")
	ErrDamaged    = errors.New("damaged, or not encrypted by age")
	ErrNoMatch    = errors.New("nobody here can open it") // no identity that was given is a recipient
	ErrPassphrase = errors.New("the passphrase is wrong")

	ErrRecipients    = errors.New("nothing can be encrypted to .age-recipients")
	ErrIdentitiesBad = errors.New("the file identities cannot be used")
)

// Identity opens entries (age.Identity).
type Identity = age.Identity

const (
	suffix         = ".age"
	recipientsFile = ".age-recipients"
	maxName        = 200     // bytes of one part of a name: file systems take 255
	maxEntries     = 100_000 // more is not a vault
)

// Vault is a vault in a directory, which may not exist yet.
type Vault struct {
	Dir string

	testOnlyWork int // of scrypt, log2; 0: as age has it
}

func (v *Vault) store() string      { return filepath.Join(v.Dir, "store") }
func (v *Vault) recipients() string { return filepath.Join(v.store(), recipientsFile) }
func (v *Vault) identities() string { return filepath.Join(v.Dir, "identities") }
func (v *Vault) creating() string   { return filepath.Join(v.Dir, ".creating") }

// Exists reports whether there is one.
func (v *Vault) Exists() bool {
	info, err := os.Stat(v.store())
	return err == nil && info.IsDir()
}

// lock waits for other processes that change the vault.
func (v *Vault) lock() (unlock func(), err error) {
	if !v.Exists() {
		return nil, ErrNone
	}
	unlock, err = disk.Lock(v.store())
	if err == nil {
		os.Remove(v.creating()) // of a Create that was killed at its very end
	}
	return unlock, err
}

// CheckName refuses what is not a relative path of names that can be shown, for a new entry.
func CheckName(name string) error {
	for part := range strings.SplitSeq(name, "/") {
		bad := part == "" || strings.HasPrefix(part, ".") || strings.HasPrefix(part, "-") || len(part) > maxName ||
			!utf8.ValidString(part) || strings.ContainsFunc(part, func(r rune) bool { return !unicode.IsPrint(r) }) ||
			strings.ContainsAny(part, `\:*?"<>|`) && filepath.Separator != '/'
		if bad {
			return fmt.Errorf("%q: %w", name, ErrName)
		}
	}
	return nil
}

// file is the path of an entry. Other programs may have given it a name that CheckName would refuse.
func (v *Vault) file(name string) (string, error) {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.Contains(part, "\x00") || !filepath.IsLocal(filepath.FromSlash(name)) {
			return "", fmt.Errorf("%q: %w", name, ErrName)
		}
	}
	if !v.Exists() {
		return "", ErrNone
	}
	return filepath.Join(v.store(), filepath.FromSlash(name)+suffix), nil
}

// List returns the names of all entries, sorted.
func (v *Vault) List() ([]string, error) {
	root, _ := filepath.EvalSymlinks(v.store())
	var names []string
	err := v.walk(func(file string, d fs.DirEntry) error {
		switch {
		case strings.HasPrefix(d.Name(), ".") || d.IsDir() || !strings.HasSuffix(file, suffix):
			return nil
		case len(names) == maxEntries:
			return fmt.Errorf("more than %d entries", maxEntries)
		}
		rel, err := filepath.Rel(root, strings.TrimSuffix(file, suffix))
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	slices.Sort(names)
	return names, err
}

// Put encrypts text to the recipients and writes it as a new entry. It proves that what is on disk opens to text, by the
// file's key. One that is there stays, and is ErrExists.
func (v *Vault) Put(name string, text []byte) error {
	if err := CheckName(name); err != nil {
		return err
	}
	file, err := v.file(name)
	if err != nil {
		return err
	}
	unlock, err := v.lock() // a Rekey at the same time must not miss it
	if err != nil {
		return err
	}
	defer unlock()
	data, err := v.encrypt(name, text)
	if err != nil {
		return err
	}
	if err := disk.MkdirAll(filepath.Dir(file)); err != nil {
		return err
	}
	err = disk.Create(file, data)
	if errors.Is(err, fs.ErrExist) {
		return ErrExists
	}
	if err != nil {
		return err
	}
	return readBack(file, data)
}

// Twins are pairs of names that differ only in capitals: a copy of the vault on a disk that does not tell them apart (of
// Windows or macOS, or a stick) would have one of the two. Put does not look for them, as that takes all names.
func Twins(names []string) (twins [][2]string) {
	seen := map[string]string{}
	for _, name := range names {
		low := strings.ToLower(name)
		if other, there := seen[low]; there {
			twins = append(twins, [2]string{other, name})
		}
		seen[low] = name
	}
	return twins
}

// encrypt encrypts an entry to the recipients that count for it.
func (v *Vault) encrypt(name string, text []byte) ([]byte, error) {
	list, err := v.recipientsOf(name)
	if err != nil {
		return nil, err
	}
	return seal(text, list)
}

// recipientsOf reads the recipients that are nearest to an entry.
func (v *Vault) recipientsOf(name string) ([]Recipient, error) {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		list, err := readRecipients(filepath.Join(v.store(), filepath.FromSlash(dir), recipientsFile))
		if !errors.Is(err, fs.ErrNotExist) {
			return list, err
		}
		if dir == "." {
			return nil, errNoRecipients
		}
	}
}

// Get opens an entry. The caller wipes what it returns.
func (v *Vault) Get(name string, identities ...Identity) ([]byte, error) {
	data, err := v.read(name)
	if err != nil {
		return nil, err
	}
	return open(data, identities...)
}

// read returns an entry as it is on disk.
func (v *Vault) read(name string) ([]byte, error) {
	file, err := v.file(name)
	if err != nil {
		return nil, err
	}
	data, err := readBounded(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	if _, err := os.Lstat(file); err == nil {
		return nil, fmt.Errorf("%w: %s is a link that leads nowhere", ErrDamaged, filepath.Base(file))
	}
	if info, err := os.Stat(strings.TrimSuffix(file, suffix)); err == nil && info.IsDir() {
		return nil, ErrFolder
	}
	return nil, ErrNotFound
}

// Remove removes an entry for good, and the folders that are empty without it.
func (v *Vault) Remove(name string) error {
	unlock, err := v.lock()
	if err != nil {
		return err
	}
	defer unlock()
	file, err := v.file(name)
	if err != nil {
		return err
	}
	if info, err := os.Lstat(file); err != nil || info.IsDir() { // it may be damaged, or a link that leads nowhere
		_, err := v.read(name)
		return err
	}
	if err := disk.Remove(file); err != nil {
		return err
	}
	for dir := filepath.Dir(file); dir != filepath.Clean(v.store()); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil { // it is not empty
			break
		}
	}
	return nil
}
