package account

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"

	"ykmfa/oath"
)

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
	for _, name := range []string{"aws/prod", `qu"ote`, "ünï", "a.b", "", "\x1b\u202e\U000e0001"} {
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

// A credential id that the user wrote in hexadecimal is changed only when it changes.
func TestPutHexadecimal(t *testing.T) {
	const text = "[aws]\nid_hex = \"6161\" # aa\nbackup = \"file:x\"\n"
	f := parse(t, text)
	acc, _ := f.Get("aws")
	if err := f.Put(acc); err != nil || string(f.Bytes()) != text {
		t.Errorf("nothing to change: %v\n%s", err, f.Bytes())
	}
	acc.ID = []byte("new")
	if err := f.Put(acc); err != nil || string(f.Bytes()) != "[aws]\n# aa\nbackup = \"file:x\"\nid = \"new\"\n" {
		t.Errorf("%v\n%s", err, f.Bytes())
	}
	acc.ID = []byte{0xff}
	if err := f.Put(acc); err != nil || string(f.Bytes()) != "[aws]\n# aa\nbackup = \"file:x\"\nid_hex = \"ff\"\n" {
		t.Errorf("%v\n%s", err, f.Bytes())
	}
	if err := f.Put(Account{Name: "aws"}); err == nil {
		t.Error("an account without a credential id is written")
	}
}

// A comment stays when the key goes that it stands beside; defaults that the user spelled out stay.
func TestPutKeepsComments(t *testing.T) {
	f := parse(t, "[aws]\nid = \"x\"\ndigits = 6\n  touch = true # the boss wants it\nbackup = \"\"\n")
	if err := f.Put(Account{Name: "aws", ID: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if got, want := string(f.Bytes()), "[aws]\nid = \"x\"\ndigits = 6\n  # the boss wants it\nbackup = \"\"\n"; got != want {
		t.Errorf("got\n%s", got)
	}
}

// What is written in a way that cannot be changed safely is left alone.
func TestPutRefuses(t *testing.T) {
	for _, text := range []string{"aws = {id = \"x\"}\n", "aws.id = \"x\"\n", "[aws.sub]\nx = 1\n", "[[aws]]\nx = 1\n", "aws = 1\n"} {
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

// FuzzEdit: whatever the file looks like, an edit changes its account and nothing else, or nothing at all; and no comment
// gets lost that does not stand among the keys of a removed account.
func FuzzEdit(f *testing.F) {
	f.Add(ugly, "aws", "lpass:new", true, 8)
	f.Add("[a]\n[b]\n# c\n[a.b]\n", "a", "", false, 6)
	f.Add("a = 1\n[x]\ntouch=false", "x", "y", true, 7)
	f.Add("[a]\nid_hex='61' # 1\ntouch=true#2\nbackup='''\n#'''#3\n[[b]]#4\n#5", "a", "", false, 6)
	f.Fuzz(func(t *testing.T, text, name, backup string, touch bool, digits int) {
		before, err := Parse("f", []byte(text))
		if err != nil || ValidateName(name) != nil || digits < 6 || digits > 8 || !showable([]byte(backup)) {
			return
		}
		acc := Account{Name: name, ID: []byte("id"), Backup: backup, Touch: touch, Digits: digits}
		all := func(int) bool { return true }
		checkEdit(t, before, name, func(f *File) error { return f.Put(acc) }, all)
		checkEdit(t, before, name, func(f *File) error { return f.Rename(name, "renamed-by-the-test") }, all)
		sections, err := before.scan()
		if err != nil {
			t.Fatal(err)
		}
		checkEdit(t, before, name, func(f *File) error { return f.Remove(name) }, func(at int) bool {
			return !slices.ContainsFunc(sections, func(s section) bool {
				return len(s.path) > 0 && s.path[0] == name && s.start <= at && at < s.end
			})
		})
	})
}

// checkEdit makes a change; stays says which comments must be there afterwards, by where they were.
func checkEdit(t *testing.T, before *File, name string, change func(*File) error, stays func(at int) bool) {
	t.Helper()
	text := string(before.Bytes())
	edited := parse(t, text)
	if err := change(edited); err != nil {
		if string(edited.Bytes()) != text {
			t.Fatalf("changed in spite of %v", err)
		}
		return
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
	was, is := comments(t, before, stays), comments(t, edited, func(int) bool { return true })
	if !slices.Equal(was, is) {
		t.Fatalf("%q became %q: comments were %q, are %q", text, edited.Bytes(), was, is)
	}
}

// comments returns the comments of a file, but for those within values.
func comments(t *testing.T, f *File, want func(at int) bool) []string {
	t.Helper()
	p := unstable.Parser{KeepComments: true}
	p.Reset(f.Bytes())
	var list []string
	for p.NextExpression() {
		for n := p.Expression(); n != nil && n.Valid(); n = n.Next() {
			if n.Kind == unstable.Comment && want(int(n.Raw.Offset)) {
				list = append(list, string(n.Data))
			}
		}
	}
	if p.Error() != nil {
		t.Fatal(p.Error())
	}
	return list
}
