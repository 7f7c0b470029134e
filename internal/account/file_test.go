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
		"[aws\n":                       "accounts.toml:1:",
		"[a]\nid = \"x\"\n[a]\n":       "a",
		"[aws]\nid = 5\n":              "[aws]: id must be a text in quotes",
		"[aws]\ntouch = \"yes\"\n":     "[aws]: touch must be true or false",
		"[aws]\ndigits = 9\n":          "[aws]: digits must be a number from 6 to 8",
		"[aws]\ndigits = \"6\"\n":      "[aws]: digits must be",
		"[aws]\nperiod = 0\n":          "[aws]: period must be",
		"[aws]\ntype = \"motp\"\n":     "[aws]: type must be TOTP or HOTP",
		"[aws]\nalgorithm = \"MD5\"\n": "[aws]: algorithm must be SHA1, SHA256 or SHA512",
		"[aws]\nid_hex = \"xyz\"\n":    "[aws]: id_hex must be hexadecimal",
		"[aws]\nid_hex = \"" + strings.Repeat("61", 65) + "\"\n": "64 bytes",
		"[aws]\ncounter = -1\n":                                  "[aws]: counter must be",
		strings.Repeat("#", maxFile+1):                           "larger than",
		"\xff\xfe":                                               "accounts.toml",
	} {
		f, err := Parse("accounts.toml", []byte(text))
		if err == nil || f != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

const ugly = "# Top comment\r\n" +
	"editor = 'vi' # not ours\r\n" +
	"\r\n" +
	"  [ aws ]   # the company's\r\n" +
	"\tid='Amazon:alice'  # as the key shows it\r\n" +
	"    # about the backup\r\n" +
	"backup\t=\t\"lpass:MFA/aws\"   # moved in May\r\n" +
	"note = \"\"\"two\r\nlines\"\"\"\r\n" +
	"\r\n" +
	"# above other\r\n" +
	"[\"other one\"]\r\n" +
	"id = \"x\"\r\n" +
	"\r\n" +
	"[aws.sub]\r\n" +
	"z = [1,\r\n 2]\r\n" +
	"# the end, without a newline"

func TestPutChangesOneValue(t *testing.T) {
	f := parse(t, ugly)
	acc, _ := f.Get("aws")
	if err := f.Put(acc); err != nil || string(f.Bytes()) != ugly {
		t.Errorf("nothing to change: %v\n%s", err, f.Bytes())
	}
	acc.Backup = `pass:a"b\c`
	if err := f.Put(acc); err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(ugly, `"lpass:MFA/aws"`, `"pass:a\"b\\c"`, 1); string(f.Bytes()) != want {
		t.Errorf("got\n%s", f.Bytes())
	}
	acc.Touch = true
	acc.Backup = ""
	if err := f.Put(acc); err != nil {
		t.Fatal(err)
	}
	got := string(f.Bytes())
	for _, kept := range []string{"# Top comment", "# not ours", "# the company's", "# as the key shows it", "# about the backup",
		"two\r\nlines", "# above other", "z = [1,\r\n 2]", "# the end, without a newline"} {
		if !strings.Contains(got, kept) {
			t.Errorf("lost %q:\n%s", kept, got)
		}
	}
	if again, ok := parse(t, got).Get("aws"); !ok || !again.Touch || again.Backup != "" {
		t.Errorf("%+v", again)
	}
	if strings.Contains(strings.ReplaceAll(got, "\r\n", ""), "\n") {
		t.Error("a line ends differently from the others")
	}
}

func TestPutAppends(t *testing.T) {
	acc := Account{Name: "new", ID: []byte("ACME:new"), Backup: "file:x", Type: oath.TOTP, Algorithm: oath.SHA1, Digits: 6, Period: 30 * time.Second}
	for before, want := range map[string]string{
		"":                 "[new]\nid = \"ACME:new\"\nbackup = \"file:x\"\n",
		"# only a comment": "# only a comment\n\n[new]\nid = \"ACME:new\"\nbackup = \"file:x\"\n",
		"[a]\nid = \"a\"":  "[a]\nid = \"a\"\n\n[new]\nid = \"ACME:new\"\nbackup = \"file:x\"\n",
	} {
		f := parse(t, before)
		if err := f.Put(acc); err != nil || string(f.Bytes()) != want {
			t.Errorf("%q: %v\n%s", before, err, f.Bytes())
		}
	}
	for _, name := range []string{"aws/prod", `qu"ote`, "ünï", "a.b", ""} {
		f := parse(t, "")
		acc.Name = name
		if err := f.Put(acc); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if _, ok := f.Get(name); !ok {
			t.Errorf("%q is not found again in\n%s", name, f.Bytes())
		}
	}
	f := parse(t, "")
	full := Account{Name: "all", ID: []byte("\xff\x00:"), Backup: "lpass:x", Touch: true, Type: oath.HOTP, Algorithm: oath.SHA512, Digits: 8, Counter: 7}
	if err := f.Put(full); err != nil {
		t.Fatal(err)
	}
	want := "[all]\nid_hex = \"ff003a\"\nbackup = \"lpass:x\"\ntouch = true\ntype = \"HOTP\"\nalgorithm = \"SHA512\"\ndigits = 8\ncounter = 7\n"
	if string(f.Bytes()) != want {
		t.Errorf("got\n%s", f.Bytes())
	}
}

// What is written in a way that cannot be changed safely is left alone.
func TestPutRefuses(t *testing.T) {
	for _, text := range []string{"aws = {id = \"x\"}\n", "aws.id = \"x\"\n", "[aws.sub]\nx = 1\n"} {
		f := parse(t, text)
		err := f.Put(Account{Name: "aws", ID: []byte("y")})
		if err == nil || !strings.Contains(err.Error(), "[aws]") || string(f.Bytes()) != text {
			t.Errorf("%q: %v\n%s", text, err, f.Bytes())
		}
		if err := f.Remove("aws"); err == nil || string(f.Bytes()) != text {
			t.Errorf("Remove %q: %v", text, err)
		}
	}
}

func TestRemove(t *testing.T) {
	f := parse(t, ugly)
	if err := f.Remove("aws"); err != nil {
		t.Fatal(err)
	}
	want := "# Top comment\r\neditor = 'vi' # not ours\r\n\r\n# above other\r\n[\"other one\"]\r\nid = \"x\"\r\n\r\n# the end, without a newline"
	if string(f.Bytes()) != want {
		t.Errorf("got %q", f.Bytes())
	}
	if err := f.Remove("aws"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("twice: %v", err)
	}
	// Adding and removing gives back what was there.
	f = parse(t, "[a]\nid = \"a\"\n")
	if err := f.Put(Account{Name: "b", ID: []byte("b")}); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove("b"); err != nil || string(f.Bytes()) != "[a]\nid = \"a\"\n" {
		t.Errorf("%v %q", err, f.Bytes())
	}
}

func TestRename(t *testing.T) {
	f := parse(t, ugly)
	if err := f.Rename("aws", "aws old"); err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(strings.Replace(ugly, "[ aws ]", "[ \"aws old\" ]", 1), "[aws.sub]", "[\"aws old\".sub]", 1)
	if string(f.Bytes()) != want {
		t.Errorf("got\n%s", f.Bytes())
	}
	if err := f.Rename("aws old", "other one"); err == nil {
		t.Error("renamed onto another account")
	}
	if err := f.Rename("nothing", "x"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("%v", err)
	}
	f = parse(t, "[implied]\nbackup = \"lpass:x\"\n") // its id is its name, and stays
	if err := f.Rename("implied", "new"); err != nil {
		t.Fatal(err)
	}
	if acc, _ := f.Get("new"); string(acc.ID) != "implied" {
		t.Errorf("id %q in\n%s", acc.ID, f.Bytes())
	}
}

// FuzzEdit: whatever the file looks like, an edit changes its account and nothing else, or nothing at all.
func FuzzEdit(f *testing.F) {
	f.Add(ugly, "aws", "lpass:new", true, 8)
	f.Add("[a]\n[b]\n# c\n[a.b]\n", "a", "", false, 6)
	f.Add("a = 1\n[x]\ntouch=false", "x", "y", true, 7)
	f.Fuzz(func(t *testing.T, text, name, backup string, touch bool, digits int) {
		before, err := Parse("f", []byte(text))
		if err != nil {
			return
		}
		if ValidateName(name) != nil || digits < 6 || digits > 8 || !showable([]byte(backup)) {
			return
		}
		for _, change := range []func(*File) error{
			func(f *File) error {
				return f.Put(Account{Name: name, ID: []byte("id"), Backup: backup, Touch: touch, Digits: digits})
			},
			func(f *File) error { return f.Remove(name) },
			func(f *File) error { return f.Rename(name, "renamed-by-the-test") },
		} {
			edited := parse(t, text)
			if err := change(edited); err != nil {
				if string(edited.Bytes()) != text {
					t.Fatalf("changed in spite of %v", err)
				}
				continue
			}
			if _, err := Parse("f", edited.Bytes()); err != nil {
				t.Fatalf("%q became %q: %v", text, edited.Bytes(), err)
			}
			for _, acc := range before.Accounts() {
				got, found := edited.Get(acc.Name)
				if acc.Name != name && (!found || !reflect.DeepEqual(got, acc)) {
					t.Fatalf("%q was %+v, is %+v", acc.Name, acc, got)
				}
			}
		}
	})
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
