// Package keyring keeps two kinds of secrets in the keyring of the operating system (Secret Service, macOS Keychain or
// Windows Credential Manager): access keys of OATH applets, which it remembers, and entries that people back up to.
package keyring

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"github.com/zalando/go-keyring"
)

// ErrUnavailable means that this machine has no keyring that runs.
var ErrUnavailable = errors.New("no keyring is running")

// service is the name under which entries are filed; the user part is the device id.
const service = "ykmfa"

// Keyring is the keyring of the user whose environment Getenv reads.
type Keyring struct {
	Getenv func(string) string
}

// Get returns the access key that was remembered for a device id, or nil when there is none.
func (k Keyring) Get(deviceID string) ([]byte, error) {
	if !k.available() {
		return nil, ErrUnavailable
	}
	text, err := keyring.Get(service, deviceID)
	if errors.Is(err, keyring.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(text)
}

// Set remembers an access key for a device id.
func (k Keyring) Set(deviceID string, key []byte) error {
	if !k.available() {
		return ErrUnavailable
	}
	return keyring.Set(service, deviceID, hex.EncodeToString(key))
}

// Delete forgets the access key of a device id, and reports whether there was one.
func (k Keyring) Delete(deviceID string) (bool, error) {
	if !k.available() {
		return false, ErrUnavailable
	}
	err := keyring.Delete(service, deviceID)
	if errors.Is(err, keyring.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// available keeps the D-Bus library from starting a bus of its own where none is: that takes long and helps nobody.
func (k Keyring) available() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return true
	}
	if k.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	dir := k.Getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, "bus"))
	return err == nil
}
