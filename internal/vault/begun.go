package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"ykmfa/internal/disk"
)

// begun remembers in which slot of a YubiKey a key is being made, so that doing it again after an interruption does not
// take another slot each time.
func (v *Vault) begun(serial uint32) string {
	return filepath.Join(v.Dir, fmt.Sprintf(".add-key-%d", serial))
}

// Begin notes that a key is about to be made in a slot, or with 0 that this is over.
func (v *Vault) Begin(serial uint32, slot byte) error {
	switch {
	case serial == 0: // the next YubiKey without a serial number may be another
		return nil
	case slot != 0:
		return disk.Replace(v.begun(serial), strconv.AppendUint(nil, uint64(slot), 16), true)
	}
	if err := os.Remove(v.begun(serial)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Begun is the slot in which a key was being made on a YubiKey when that was interrupted, or 0.
func (v *Vault) Begun(serial uint32) byte {
	text, err := readBounded(v.begun(serial))
	if err != nil {
		return 0
	}
	slot, _ := strconv.ParseUint(string(text), 16, 8)
	return byte(slot)
}
