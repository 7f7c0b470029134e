package source

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// KeePassXCExport returns all entries of a KeePassXC database as keepassxc-cli exports them: CSV, for the caller to wipe.
func (r *Resolver) KeePassXCExport(ctx context.Context, database string) ([]byte, error) {
	out, err := keePassXC.run(ctx, r, place{in: database}, []string{"export", "-f", "csv", "--", "{in}"}, nil)
	return out, at(Ref{Scheme: "keepassxc", Rest: database}, err)
}

// IsKeePass reports whether data begin like a KeePass database (KDBX).
func IsKeePass(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5"))
}

// PassEntries lists the entries of the password store below a folder, "" for all of them, sorted.
func (r *Resolver) PassEntries(folder string) ([]string, error) {
	root := r.getenv("PASSWORD_STORE_DIR")
	if root == "" {
		root = filepath.Join(r.getenv("HOME"), ".password-store")
	}
	if target, err := filepath.EvalSymlinks(root); err == nil { // a walk does not follow a link, which stores often are
		root = target
	}
	const most = 10_000
	var names []string
	err := filepath.WalkDir(filepath.Join(root, filepath.FromSlash(folder)), func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(d.Name(), ".") && d.IsDir() && file != root:
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".gpg"):
			return nil
		case len(names) == most:
			return errors.New("more entries than any password store has")
		}
		rel, err := filepath.Rel(root, strings.TrimSuffix(file, ".gpg"))
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(KindNotFound, "pass ls", errors.New("no such folder in the password store"))
	}
	slices.Sort(names)
	return names, err
}

// IsPassStore reports whether a directory is a store of pass.
func IsPassStore(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, ".gpg-id"))
	return err == nil
}

// PassText returns the otpauth URIs in an entry of the password store, a line for each: nothing of its passwords. The caller
// wipes.
func (r *Resolver) PassText(ctx context.Context, name string) ([]byte, error) {
	out, err := passwordStore.run(ctx, r, place{name: name}, passwordStore.show, nil)
	if err != nil {
		return nil, at(Ref{Scheme: "pass", Rest: name}, err)
	}
	defer clear(out)
	var text []byte
	for _, uri := range findURIs(out) {
		text = append(append(text, uri...), '\n')
	}
	return text, nil
}
