package disk

import (
	"errors"
	"io/fs"
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

// TestCreate: a new file is whole and for its owner alone, and nothing is beside it; one that is there stays.
func TestCreate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new")
	if err := Create(path, []byte("text")); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, []byte("other")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if b, err := os.ReadFile(path); string(b) != "text" {
		t.Errorf("%q, %v", b, err)
	}
	if files, err := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%d files, %v", len(files), err)
	}
	if err := Create(filepath.Join(dir, "missing", "x"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in no directory: %v", err)
	}
}
