//go:build unix

package account

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLoadPipe: what nobody writes to is not waited for.
func TestLoadPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "accounts.toml")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "directory or a pipe") {
		t.Errorf("error %v", err)
	}
}
