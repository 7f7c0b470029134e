package account

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ykmfa/oath"
)

func parse(t testing.TB, text string) *File {
	t.Helper()
	f, err := Parse("accounts.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestParse(t *testing.T) {
	f := parse(t, `# mine
title = "not an account"

[aws]
id     = "Amazon Web Services:alice@123456789012"
backup = "lpass:MFA/aws"
touch  = true
colour = "red"

["with space"]
id_hex = "ff00"
type = "hotp"
algorithm = "sha-256"
digits = 8
counter = 5

[minimal]
[slow]
id = "60/slow"
period = 60
[slow.notes]
x = 1
`)
	want := []Account{
		{Name: "aws", ID: []byte("Amazon Web Services:alice@123456789012"), Backup: "lpass:MFA/aws", Touch: true, Type: oath.TOTP, Algorithm: oath.SHA1, Digits: 6, Period: 30 * time.Second},
		{Name: "with space", ID: []byte{0xff, 0}, Type: oath.HOTP, Algorithm: oath.SHA256, Digits: 8, Period: 30 * time.Second, Counter: 5},
		{Name: "minimal", ID: []byte("minimal"), Type: oath.TOTP, Algorithm: oath.SHA1, Digits: 6, Period: 30 * time.Second},
		{Name: "slow", ID: []byte("60/slow"), Type: oath.TOTP, Algorithm: oath.SHA1, Digits: 6, Period: 60 * time.Second},
	}
	if got := f.Accounts(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// Every refusal says where, and what is expected there.
func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"[aws\n":                        "accounts.toml:1:",
		"[a]\nid = \"x\"\n[a]\n":        "accounts.toml:3:2: table a already exists",
		"[a]\nid = \"x\"\nid = \"y\"\n": "accounts.toml:3:1: key id is already defined",
		"# top\n[b]\n[aws]\nid = \"x\"\n  digits = 9 # too many\n": "accounts.toml:5: [aws]: digits must be",
		"\n[aws]\n[aws.id]\nx = 1\n":                               "accounts.toml:2: [aws]: id must be",
		"aws.touch = 1\n":                                          "accounts.toml:1: [aws]: touch must be",
		"\naws = {id = 1}\n":                                       "accounts.toml:2: [aws]: id must be",
		"[aws]\nid = \"x\"\nid_hex = \"61\"\n":                     "accounts.toml:3: [aws]: id_hex must be left out",
		"\xef\xbb\xbf[aws]\n":                                      "byte order mark",
		"\xff\xfe[\x00a\x00":                                       "byte order mark",
		strings.Repeat("a=1\n", maxKeys+1):                         "more than 10000 keys",
		strings.Repeat("[a]\n", maxKeys+1):                         "more than 10000 keys",
		"[aws]\nid = 5\n":                                          "[aws]: id must be a text in quotes",
		"[aws]\ntouch = \"yes\"\n":                                 "[aws]: touch must be true or false",
		"[aws]\ndigits = 9\n":                                      "[aws]: digits must be a number from 6 to 8",
		"[aws]\ndigits = \"6\"\n":                                  "[aws]: digits must be",
		"[aws]\nperiod = 0\n":                                      "[aws]: period must be",
		"[aws]\ntype = \"motp\"\n":                                 "[aws]: type must be TOTP or HOTP",
		"[aws]\nalgorithm = \"MD5\"\n":                             "[aws]: algorithm must be SHA1, SHA256 or SHA512",
		"[aws]\nid_hex = \"xyz\"\n":                                "[aws]: id_hex must be hexadecimal",
		"[aws]\ncounter = -1\n":                                    "[aws]: counter must be",
		strings.Repeat("#", maxFile+1):                             "larger than",
	} {
		f, err := Parse("accounts.toml", []byte(text))
		if err == nil || f != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

// A hostile file has no say over the terminal that its errors are shown on.
func TestErrorsAreShowable(t *testing.T) {
	const name = `"\u001b[2J\u202e\u009b"`
	for _, text := range []string{
		"[" + name + "]\nid = 5\n", "[" + name + "]\n[" + name + "]\n", "[a]\n" + name + " = 1\n" + name + " = 1\n",
		"\x1b = 1\n", name + " = {}\n", "[a]\ntype = " + name + "\n", "[a]\nalgorithm = " + name + "\n",
	} {
		f, err := Parse("f", []byte(text))
		if err == nil {
			err = errors.Join(f.Remove("\x1b[2J\u202e\u009b"), f.Remove("\x1b"), f.Rename("\u202e", "x"))
		}
		if err == nil || strings.ContainsAny(err.Error(), "\x1b\u202e\u009b") {
			t.Errorf("%q: %q", text, err)
		}
	}
}

func TestUpdate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "dir")
	path := filepath.Join(dir, "accounts.toml")
	add := func(name string) func(*File) error {
		return func(f *File) error { return f.Put(Account{Name: name, ID: []byte(name)}) }
	}
	if err := Update(path, add("a")); err != nil {
		t.Fatal(err)
	}
	if mode := modeOf(t, path); mode != 0o600 {
		t.Errorf("mode of a new file %o", mode)
	}
	if mode := modeOf(t, dir); mode != 0o700 {
		t.Errorf("mode of a new directory %o", mode)
	}

	real := filepath.Join(t.TempDir(), "real.toml")
	if err := os.Rename(path, real); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(real, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, path); err != nil {
		t.Fatal(err)
	}
	if err := Update(path, add("b")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if mode := modeOf(t, real); mode != 0o644 {
		t.Errorf("mode changed to %o", mode)
	}

	before, err := os.Stat(real)
	if err != nil {
		t.Fatal(err)
	}
	if err := Update(path, add("b")); err != nil {
		t.Fatal(err)
	}
	wrong := errors.New("no")
	if err := Update(path, func(*File) error { return wrong }); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
	if after, err := os.Stat(real); err != nil || !os.SameFile(before, after) {
		t.Errorf("written although nothing changed (%v)", err)
	}
	file, err := Load(path)
	if err != nil || len(file.Accounts()) != 2 {
		t.Errorf("%v, %s", err, file.Bytes())
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(real), ".*.toml.*")); err != nil || len(left) > 1 {
		t.Errorf("left behind: %v", left)
	}
}

func modeOf(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestLoadMissing(t *testing.T) {
	f, err := Load(filepath.Join(t.TempDir(), "nothing"))
	if err != nil || len(f.Accounts()) != 0 || !bytes.Equal(f.Bytes(), nil) {
		t.Errorf("%v", err)
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("a directory is read")
	}
}

// TestUpdateThroughLinks: a link to a file that is not there yet is followed as well, also from a directory that is a
// link itself, as tools for dotfiles make them.
func TestUpdateThroughLinks(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"config", "dotfiles/ykmfa", "dotfiles/shared"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "config", "ykmfa", "accounts.toml")
	for from, to := range map[string]string{
		filepath.Dir(path): filepath.Join(dir, "dotfiles", "ykmfa"),
		filepath.Join(dir, "dotfiles", "ykmfa", "accounts.toml"): filepath.Join("..", "shared", "a.toml"),
		filepath.Join(dir, "loop"):                               "loop",
	} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"first", "second"} {
		if err := Update(path, func(f *File) error { return f.Put(Account{Name: name, ID: []byte(name)}) }); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Fatalf("the link is gone: %v, %v", info, err)
		}
	}
	if f, err := Load(filepath.Join(dir, "dotfiles", "shared", "a.toml")); err != nil || len(f.Accounts()) != 2 {
		t.Errorf("%v, %v", f, err)
	}
	if err := Update(filepath.Join(dir, "loop"), func(*File) error { return nil }); err == nil {
		t.Error("a link to itself is followed")
	}
}
