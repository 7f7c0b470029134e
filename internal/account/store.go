package account

import (
	"bytes"

	"ykmfa/internal/disk"
)

// Update changes the account file: under a lock, from what is there now, and whole or not at all. A file that is a
// symbolic link stays one.
func Update(path string, change func(*File) error) error {
	path, err := disk.Real(path)
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
