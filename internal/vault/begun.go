package vault

import (
	"crypto/ecdh"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ykmfa/internal/disk"
)

// begun remembers in which slot of a YubiKey a key is being made, so that doing it again after an interruption does not
// take another slot each time.
func (v *Vault) begun(serial uint32) string {
	return filepath.Join(v.Dir, fmt.Sprintf(".add-key-%d", serial))
}

// Begin notes that a key is made in a slot: without its public half before, with it after.
func (v *Vault) Begin(serial uint32, slot byte, public *ecdh.PublicKey) error {
	if serial == 0 { // the next YubiKey without a serial number may be another
		return nil
	}
	note := fmt.Sprintf("%02x", slot)
	if public != nil {
		note += fmt.Sprintf(" %x", public.Bytes())
	}
	return disk.Replace(v.begun(serial), []byte(note), true)
}

// End notes that the key is a recipient.
func (v *Vault) End(serial uint32) error {
	if err := os.Remove(v.begun(serial)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Begun is the slot in which a key was being made on a YubiKey when that was interrupted, or 0; and its public half, if it
// came to that.
func (v *Vault) Begun(serial uint32) (slot byte, public *ecdh.PublicKey) {
	text, err := readBounded(v.begun(serial))
	if err != nil {
		return 0, nil
	}
	where, point, _ := strings.Cut(string(text), " ")
	if b, err := hex.DecodeString(where); err == nil && len(b) == 1 {
		slot = b[0]
	}
	if b, err := hex.DecodeString(point); err == nil {
		public, _ = ecdh.P256().NewPublicKey(b)
	}
	return slot, public
}
