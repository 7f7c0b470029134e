package account

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ykmfa/internal/disk"
)

// Update changes the account file: under a lock, from what is there now, and whole or not at all. A file that is a
// symbolic link stays one.
func Update(path string, change func(*File) error) error {
	path, err := target(path)
	if err != nil {
		return err
	}
	unlock, err := disk.Lock(path)
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
	return disk.Replace(path, file.data, true)
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
