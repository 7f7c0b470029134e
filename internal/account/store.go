package account

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Update changes the account file: under a lock, from what is there now, and whole or not at all. A file that is a
// symbolic link stays one.
func Update(path string, change func(*File) error) error {
	path, err := target(path)
	if err != nil {
		return err
	}
	unlock, err := lock(path)
	if err != nil {
		return err
	}
	defer unlock()
	file, err := Load(path)
	if err != nil {
		return err
	}
	before := file.Bytes()
	if err := change(file); err != nil {
		return err
	}
	if bytes.Equal(before, file.data) {
		return nil
	}
	return writeFile(path, file.data, true)
}

// target follows symbolic links, so that the file behind them is replaced and not the link; also to a file that is not
// there yet.
func target(path string) (string, error) {
	const longest = 32 // links
	for range longest {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", err
		}
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
		real, err := filepath.EvalSymlinks(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return real, err
		}
		dest, err := os.Readlink(path)
		if err != nil {
			return path, nil
		}
		if !filepath.IsAbs(dest) { // it counts from the real directory of the link
			dir, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				return "", err
			}
			dest = filepath.Join(dir, dest)
		}
		path = dest
	}
	return "", fmt.Errorf("%s: too many symbolic links", path)
}

// lock waits for other processes that change the same file. The lock file stays, empty, beside it: whoever removed it
// would take it from under the next.
func lock(path string) (unlock func(), err error) {
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

// writeFile replaces a file, keeping its mode; a new one is 0600. sync makes sure that it survives a power failure.
func writeFile(path string, data []byte, sync bool) error {
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Chmod(mode)
	}
	if err == nil && sync {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
