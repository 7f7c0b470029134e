package disk

import (
	"os"
	"path/filepath"
	"testing"
)

// TestMoveNew takes the way of file systems without hard links to where it fails: no empty file stays behind, and one
// that is there stays as it is.
func TestMoveNew(t *testing.T) {
	dir := t.TempDir()
	missing, path := filepath.Join(dir, "missing"), filepath.Join(dir, "seed")
	if err := moveNew(missing, path); err == nil {
		t.Error("a file that is not there was moved")
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("an empty file stayed behind")
	}
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := moveNew(missing, path); err == nil {
		t.Error("replaced")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "old" {
		t.Errorf("%q, %v", b, err)
	}
}
