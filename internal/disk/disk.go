// Package disk writes files whole or not at all, whenever the process or the machine ends.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Lock waits for other processes that change the same file. The lock file stays, empty, beside it: whoever removed it
// would take it from under the next.
func Lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", f.Name(), err)
	}
	return func() { f.Close() }, nil
}

// Replace writes a file in place of the one that is there, keeping its mode; a new one is 0600. sync makes sure that it
// survives a power failure.
func Replace(path string, data []byte, sync bool) error {
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	tmp, err := write(path, data, mode, sync)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		os.Remove(tmp)
		return err
	}
	if sync {
		syncDir(filepath.Dir(path))
	}
	return nil
}

// errNameless says that a file needs a name from the beginning.
var errNameless = errors.New("no nameless files here")

// Create writes a new file of mode 0600. One that is there stays, and is fs.ErrExist.
func Create(path string, data []byte) error {
	if err := createNameless(path, data); err != errNameless {
		if err == nil {
			syncDir(filepath.Dir(path))
		}
		return err
	}
	tmp, err := write(path, data, 0o600, true)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := moveNew(tmp, path); err != nil {
		return err
	}
	syncDir(filepath.Dir(path))
	return nil
}

// write writes a temporary file beside path, and returns its name.
func write(path string, data []byte, mode fs.FileMode, sync bool) (name string, err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600, O_EXCL
	if err != nil {
		return "", err
	}
	defer func() {
		if err = errors.Join(err, tmp.Close()); err != nil {
			os.Remove(tmp.Name())
		}
	}()
	if _, err = tmp.Write(data); err != nil {
		return "", err
	}
	if err = tmp.Chmod(mode); err != nil {
		return "", err
	}
	if sync {
		err = tmp.Sync()
	}
	return tmp.Name(), err
}

// Remove removes a file for good.
func Remove(path string) error {
	err := os.Remove(path)
	if err == nil {
		syncDir(filepath.Dir(path))
	}
	return err
}

// syncDir makes a new name survive a crash, where directories can be synchronised at all.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// moveNew gives a file its name, unless that is taken. File systems without hard links (FAT on a stick) need the name
// to be taken first, by an empty file that is then replaced.
func moveNew(tmp, path string) error {
	err := os.Link(tmp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = f.Close()
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

// MkdirAll makes a directory of mode 0700 and those above it that are missing, so that they survive a power failure.
func MkdirAll(dir string) error {
	var missing []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || d == filepath.Dir(d) {
			break
		}
		missing = append(missing, d)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, d := range missing {
		syncDir(filepath.Dir(d))
	}
	return nil
}
