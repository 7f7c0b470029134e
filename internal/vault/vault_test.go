package vault

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
)

const (
	uri        = "otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example"
	passphrase = "correct horse battery staple"
)

// newVault makes a vault whose passphrase costs little.
func newVault(t testing.TB) *Vault {
	t.Helper()
	v := &Vault{Dir: filepath.Join(t.TempDir(), "vault"), testOnlyWork: 10}
	if _, err := v.Create([]byte(passphrase)); err != nil {
		t.Fatal(err)
	}
	return v
}

// with answers the question for the passphrase, once.
func with(text string) func(int) ([]byte, error) {
	return func(wrong int) ([]byte, error) {
		if wrong > 0 {
			return nil, ErrPassphrase
		}
		return []byte(text), nil
	}
}

func (v *Vault) mustGet(t testing.TB, name string) string {
	t.Helper()
	text, err := v.Get(name, v.Recovery(with(passphrase)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(text)
}

func TestPutGet(t *testing.T) {
	v := newVault(t)
	for _, name := range []string{"aws", "work/github", "ümlaut", "a/b/c"} {
		if err := v.Put(name, []byte(uri)); err != nil {
			t.Fatal(err)
		}
		if got := v.mustGet(t, name); got != uri {
			t.Errorf("%s: %q", name, got)
		}
		if err := v.Put(name, []byte("another")); !errors.Is(err, ErrExists) {
			t.Errorf("%s a second time: %v", name, err)
		}
	}
	names, err := v.List()
	if want := []string{"a/b/c", "aws", "work/github", "ümlaut"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, %v", names, err)
	}
	filepath.WalkDir(v.Dir, func(file string, d fs.DirEntry, _ error) error {
		info, err := d.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
		return nil
	})
	if err := v.Remove("a/b/c"); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Get("a/b/c"); !errors.Is(err, ErrNotFound) {
		t.Errorf("removed, and then %v", err)
	}
	if _, err := os.Stat(filepath.Join(v.store(), "a")); err == nil {
		t.Error("an empty folder stayed behind")
	}
}

func TestErrors(t *testing.T) {
	v := newVault(t)
	if err := v.Put("work/aws", []byte(uri)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		ids  []Identity
		want error
	}{
		{"nothing", nil, ErrNotFound},
		{"work", nil, ErrFolder},
		{"work/aws", nil, ErrNoMatch},
		{"work/aws", []Identity{v.Recovery(with("wrong"))}, ErrPassphrase},
		{"work/aws", []Identity{v.Recovery(with(""))}, ErrPassphrase},
		{"work/aws", []Identity{v.Recovery(func(int) ([]byte, error) { return nil, os.ErrPermission })}, os.ErrPermission},
		{"../vault/identities", nil, ErrName},
		{"/etc/passwd", nil, ErrName},
		{".age-recipients", nil, ErrName},
		{"a//b", nil, ErrName},
		{"", nil, ErrName},
		{"x/.git/y", nil, ErrName},
		{"x/../y", nil, ErrName},
		{"x\x00", nil, ErrName},
	} {
		if _, err := v.Get(c.name, c.ids...); !errors.Is(err, c.want) {
			t.Errorf("%q: %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := v.Create([]byte("another")); !errors.Is(err, ErrThere) {
		t.Errorf("a second vault: %v", err)
	}
	none := &Vault{Dir: filepath.Join(t.TempDir(), "none")}
	if _, err := none.Get("aws"); !errors.Is(err, ErrNone) {
		t.Errorf("without a vault: %v", err)
	}
	if err := none.Put("aws", []byte(uri)); !errors.Is(err, ErrNone) {
		t.Errorf("without a vault: %v", err)
	}
	for _, name := range []string{"-x", "x\n", "a/-x", "zero\u200bwidth", strings.Repeat("x", maxName+1)} {
		if err := v.Put(name, []byte(uri)); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v, want %v", name, err, ErrName)
		}
	}
	if err := v.Put("big", bytes.Repeat([]byte("x"), maxText+1)); err == nil {
		t.Error("a text of any length was written")
	}
}

// TestDamaged cuts and changes every byte of an entry: it opens to the same text, or not at all.
func TestDamaged(t *testing.T) {
	v := newVault(t)
	if err := v.Put("aws", []byte(uri)); err != nil {
		t.Fatal(err)
	}
	file, _ := v.file("aws")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	id := v.Recovery(with(passphrase))
	try := func(data []byte) {
		t.Helper()
		text, err := open(data, id)
		if text != nil || !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNoMatch) {
			t.Errorf("%q, %v", text, err)
		}
	}
	for i := range whole {
		try(whole[:i])
		bad := bytes.Clone(whole)
		bad[i] ^= 1
		try(bad)
	}
	try(append(bytes.Clone(whole), 0))
	try(bytes.Repeat([]byte("A"), maxFile))
}

// TestInterruptedCreate: what an interrupted Create has left is no obstacle, what others have left is.
func TestInterruptedCreate(t *testing.T) {
	v := newVault(t)
	if err := os.RemoveAll(v.store()); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Create([]byte(passphrase)); !errors.Is(err, ErrIdentities) {
		t.Errorf("identities without a store: %v", err)
	}
	if err := os.WriteFile(filepath.Join(v.Dir, ".creating"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Create([]byte(passphrase)); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := v.Put("aws", []byte(uri)); err != nil {
		t.Fatal(err)
	}
	v.mustGet(t, "aws")
}

func TestChangePassphrase(t *testing.T) {
	v := newVault(t)
	if err := v.Put("aws", []byte(uri)); err != nil {
		t.Fatal(err)
	}
	if err := v.ChangePassphrase([]byte("wrong"), []byte("new")); !errors.Is(err, ErrPassphrase) {
		t.Errorf("with a wrong one: %v", err)
	}
	v.mustGet(t, "aws")
	if err := v.ChangePassphrase([]byte(passphrase), []byte("new")); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Get("aws", v.Recovery(with(passphrase))); !errors.Is(err, ErrPassphrase) {
		t.Errorf("with the old one: %v", err)
	}
	if text, err := v.Get("aws", v.Recovery(with("new"))); string(text) != uri || err != nil {
		t.Errorf("with the new one: %q, %v", text, err)
	}
}

// yubikey is a P-256 key as if it were on a YubiKey, and how often it was asked for.
type yubikey struct {
	*ecdh.PrivateKey
	asked int
}

func newYubikey(t testing.TB) *yubikey {
	t.Helper()
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &yubikey{PrivateKey: k}
}

func (k *yubikey) find(Key) (ecdh.KeyExchanger, error) {
	k.asked++
	return k, nil
}

func notHere(Key) (ecdh.KeyExchanger, error) { return nil, ErrNotHere }

// TestKeys: both recipients of a YubiKey, our own and that of age-plugin-yubikey.
func TestKeys(t *testing.T) {
	k := newYubikey(t)
	own, err := NewKeyRecipient(k.PublicKey(), 12345678, 0x82)
	if err != nil || !strings.HasPrefix(own.Text, "age1tag1") {
		t.Fatalf("%+v, %v", own, err)
	}
	for _, text := range []string{own.Text, yubikeyText(k.PublicKey())} {
		v := newVault(t)
		r, err := ParseRecipient(text)
		if err != nil {
			t.Fatal(err)
		}
		r.Note = own.Note
		if err := v.AddRecipient(r); err != nil {
			t.Fatal(err)
		}
		if err := v.Put("aws", []byte(uri)); err != nil {
			t.Fatal(err)
		}
		keys, err := v.Keys()
		if err != nil || len(keys) != 1 || keys[0] != (Key{KeyOf(k.PublicKey()).Tag, 12345678, 0x82}) {
			t.Fatalf("%+v, %v", keys, err)
		}
		if got, err := v.Get("aws", KeyIdentity(keys[0], k.find)); string(got) != uri || err != nil {
			t.Errorf("%.12s: %q, %v", text, got, err)
		}
		if got, err := v.Get("aws", KeyIdentity(keys[0], notHere), v.Recovery(with(passphrase))); string(got) != uri || err != nil {
			t.Errorf("%.12s, not plugged in: %q, %v", text, got, err)
		}
		stranger := newYubikey(t)
		if _, err := v.Get("aws", KeyIdentity(KeyOf(stranger.PublicKey()), stranger.find)); !errors.Is(err, ErrNoMatch) || stranger.asked > 0 {
			t.Errorf("%.12s: a stranger: %v, asked %d times", text, err, stranger.asked)
		}
		if err := v.Inspect("aws"); err != nil {
			t.Errorf("%.12s: %v", text, err)
		}
	}
}

func TestRekey(t *testing.T) {
	v := newVault(t)
	k := newYubikey(t)
	r, err := NewKeyRecipient(k.PublicKey(), 1, 0x82)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"aws", "a/b"} {
		if err := v.Put(name, []byte(uri+name)); err != nil {
			t.Fatal(err)
		}
	}
	if v.Pending() {
		t.Error("a new vault waits for a rekey")
	}
	if err := v.AddRecipient(r); err != nil {
		t.Fatal(err)
	}
	byKey := KeyIdentity(*r.Key, k.find)
	if _, err := v.Get("aws", byKey); !errors.Is(err, ErrNoMatch) || !v.Pending() || v.Inspect("aws") == nil {
		t.Errorf("before the rekey: %v, pending %v, %v", err, v.Pending(), v.Inspect("aws"))
	}
	seen := []string{}
	step := func(_, _ int, name string) error {
		seen = append(seen, name)
		return nil
	}
	if err := v.Rekey(step, v.Recovery(with("wrong"))); !errors.Is(err, ErrPassphrase) || !v.Pending() {
		t.Errorf("with a wrong passphrase: %v", err)
	}
	seen = nil
	if err := v.Rekey(step, v.Recovery(with(passphrase))); err != nil || v.Pending() || !slices.Equal(seen, []string{"a/b", "aws"}) {
		t.Errorf("%v, pending %v, %q", err, v.Pending(), seen)
	}
	for _, name := range []string{"aws", "a/b"} {
		if got, err := v.Get(name, byKey); string(got) != uri+name || err != nil || v.Inspect(name) != nil {
			t.Errorf("%s: %q, %v, %v", name, got, err, v.Inspect(name))
		}
	}
	if err := v.RemoveRecipient(r.Text); err != nil {
		t.Fatal(err)
	}
	if err := v.Rekey(step, byKey); err != nil { // the key itself opens them for the last time
		t.Fatal(err)
	}
	if _, err := v.Get("aws", byKey); !errors.Is(err, ErrNoMatch) {
		t.Errorf("the removed key: %v", err)
	}
	left, err := v.Recipients()
	if err != nil || len(left) != 1 || v.RemoveRecipient(left[0].Text) == nil {
		t.Errorf("the last recipient went: %+v, %v", left, err)
	}
	v.mustGet(t, "aws")
}

// program finds a program of the tests, and fails under CI without it.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", name)
	} else if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// TestAge: what we write, the real age opens; what age writes, we open: a store as passage makes it, with subfolders that
// have recipients of their own, and identities in the clear.
func TestAge(t *testing.T) {
	bin := program(t, "age")
	v := &Vault{Dir: t.TempDir()}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{
		"identities":                   string(identityFile(id)) + string(identityFile(other)),
		"store/.age-recipients":        id.Recipient().String() + "\n",
		"store/shared/.age-recipients": "# team\n" + other.Recipient().String() + "\n",
		"store/.git/x.age":             "no entry",
	} {
		path := filepath.Join(v.Dir, file)
		os.MkdirAll(filepath.Dir(path), 0o700)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(stdin string, args ...string) string {
		t.Helper()
		c := exec.Command(bin, args...)
		c.Stdin = strings.NewReader(stdin)
		out, err := c.Output()
		if err != nil {
			t.Fatalf("age %q: %v", args, err)
		}
		return string(out)
	}
	entry := "hunter2\n" + uri + "\n"
	run(entry, "-R", v.recipients(), "-o", filepath.Join(v.store(), "old.age"))
	ids := v.Recovery(func(int) ([]byte, error) { t.Error("asked for a passphrase"); return nil, nil })
	if got, err := v.Get("old", ids); string(got) != entry || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, name := range []string{"new", "shared/new"} {
		if err := v.Put(name, []byte(uri)); err != nil {
			t.Fatal(err)
		}
		file, _ := v.file(name)
		if got := run("", "-d", "-i", v.identities(), file); got != uri {
			t.Errorf("%s: age prints %q", name, got)
		}
	}
	if names, err := v.List(); !slices.Equal(names, []string{"new", "old", "shared/new"}) || err != nil {
		t.Errorf("%q, %v", names, err)
	}
	single := filepath.Join(t.TempDir(), "id")
	if err := os.WriteFile(single, identityFile(id), 0o600); err != nil {
		t.Fatal(err)
	}
	file, _ := v.file("shared/new")
	if exec.Command(bin, "-d", "-i", single, file).Run() == nil {
		t.Error("the recipients of the subfolder did not count")
	}
	file, _ = v.file("old")
	armored := run(entry, "-a", "-R", v.recipients())
	if err := os.WriteFile(file, []byte(armored), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Get("old", ids); string(got) != entry || err != nil {
		t.Errorf("armored: %q, %v", got, err)
	}
}

// TestOpens: an identity is the vault's when it opens an entry or is a recipient, and whatever it does not open is named.
func TestOpens(t *testing.T) {
	v := newVault(t)
	mine, err := v.RecoveryIdentity([]byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	theirs := []byte(other.String())
	check := func(when string, identity []byte, want error, closed ...string) {
		t.Helper()
		list, err := v.Opens(identity)
		if !errors.Is(err, want) || len(list) != len(closed) {
			t.Fatalf("%s: %v, %v", when, list, err)
		}
		for i, name := range closed {
			if !strings.HasPrefix(list[i].Error(), name+" stays closed: ") {
				t.Errorf("%s: %v", when, list[i])
			}
		}
	}
	check("an empty vault", mine, nil)
	check("an empty vault of others", theirs, ErrNoMatch)
	if err := errors.Join(v.Put("aws", []byte(uri)), v.AddRecipient(must(ParseRecipient(other.Recipient().String())))); err != nil {
		t.Fatal(err)
	}
	check("a recipient before the rekey", theirs, nil, "aws")
	if err := errors.Join(v.RemoveRecipient(string(must(age.ParseX25519Identity(string(mine))).Recipient().String())), v.Put("theirs", []byte(uri))); err != nil {
		t.Fatal(err)
	}
	check("no recipient any more, but of an entry", mine, nil, "theirs")
	if err := v.Remove("aws"); err != nil {
		t.Fatal(err)
	}
	check("neither", mine, ErrNoMatch, "theirs")
	if err := os.Remove(v.recipients()); err != nil {
		t.Fatal(err)
	}
	check("neither, without a list", mine, ErrNoMatch, "theirs")
	if err := v.Remove("theirs"); err == nil {
		check("nothing at all", mine, nil)
	}
	if _, err := v.Opens([]byte("AGE-SECRET-KEY-1NONSENSE")); err == nil || strings.Contains(err.Error(), "NONSENSE") {
		t.Errorf("nonsense: %v", err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// failingWay is an identity that counts how often it is asked.
type failingWay struct {
	err   error
	asked int
}

func (f *failingWay) Unwrap([]*age.Stanza) ([]byte, error) {
	f.asked++
	return nil, &identityError{f.err}
}

// TestWays: a way that failed is asked once, and the next one steps in; what is wrong with the file, or the end of all, is
// no reason to try another.
func TestWays(t *testing.T) {
	v := newVault(t)
	for _, name := range []string{"a", "b"} {
		if err := v.Put(name, []byte(uri)); err != nil {
			t.Fatal(err)
		}
	}
	bad := &failingWay{err: os.ErrDeadlineExceeded}
	asked := 0
	ways := &Ways{Identities: []Identity{bad, v.Recovery(func(int) ([]byte, error) {
		asked++
		return []byte(passphrase), nil
	})}}
	for _, name := range []string{"a", "b"} {
		if got, err := v.Get(name, ways); string(got) != uri {
			t.Errorf("%s: %v", name, err)
		}
	}
	if bad.asked != 1 || asked != 1 || !errors.Is(ways.Failed(), os.ErrDeadlineExceeded) {
		t.Errorf("asked %d and %d times, %v", bad.asked, asked, ways.Failed())
	}
	wrong := 0
	ways = &Ways{Identities: []Identity{bad, v.Recovery(func(n int) ([]byte, error) {
		wrong++
		return with("wrong")(n)
	})}}
	for range 3 {
		if _, err := v.Get("a", ways); !errors.Is(err, os.ErrDeadlineExceeded) || !errors.Is(err, ErrPassphrase) {
			t.Errorf("%v", err)
		}
	}
	if wrong != 2 { // once, and once more after it was wrong
		t.Errorf("the passphrase was asked for %d times", wrong)
	}
	never := &failingWay{err: context.Canceled}
	next := &failingWay{}
	if _, err := v.Get("a", &Ways{Identities: []Identity{never, next}}); !errors.Is(err, context.Canceled) || next.asked > 0 {
		t.Errorf("interrupted: %v, and then asked %d times", err, next.asked)
	}
	if _, err := v.Get("a", &Ways{}); !errors.Is(err, ErrNoMatch) {
		t.Errorf("no way: %v", err)
	}
}

// TestGrease: rage adds a stanza that is for nobody.
func TestGrease(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	list := []Recipient{{Text: id.Recipient().String()}}
	stanzas := []*age.Stanza{{Type: "X25519"}, {Type: "k-6Qb-grease"}}
	if err := matches(stanzas, list); err != nil {
		t.Error(err)
	}
	if err := matches(append(stanzas, &age.Stanza{Type: "X25519"}), list); err == nil {
		t.Error("another recipient is not seen")
	}
}

// TestCreateNextTo: whatever is called identities, also what cannot be read, is somebody's, and stays; and the mark of a
// Create that was killed at its very end does not make the next one overwrite them.
func TestCreateNextTo(t *testing.T) {
	v := &Vault{Dir: t.TempDir(), testOnlyWork: 10}
	if err := os.WriteFile(v.identities(), bytes.Repeat([]byte("# x\n"), maxFile), 0o000); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Create([]byte(passphrase)); !errors.Is(err, ErrIdentities) {
		t.Errorf("huge: %v", err)
	}
	v = newVault(t)
	if err := os.WriteFile(v.creating(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := v.Put("aws", []byte(uri)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(v.store()); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Create([]byte(passphrase)); !errors.Is(err, ErrIdentities) {
		t.Errorf("after the mark: %v", err)
	}
}

// TestBadStanza: a stanza for a key here that does not open is damage, whatever the key did.
func TestBadStanza(t *testing.T) {
	for _, plugin := range []bool{false, true} {
		v := newVault(t)
		k := newYubikey(t)
		r, err := NewKeyRecipient(k.PublicKey(), 1, 0x82)
		if plugin {
			r, err = ParseRecipient(yubikeyText(k.PublicKey()))
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := v.AddRecipient(r); err != nil {
			t.Fatal(err)
		}
		if err := v.Put("aws", []byte(uri)); err != nil {
			t.Fatal(err)
		}
		file, _ := v.file("aws")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		i := bytes.LastIndex(data, []byte("\n--- ")) - 20 // in the body of the key's stanza, which is the last
		data[i] ^= 1
		if _, err := open(data, KeyIdentity(*r.Key, k.find)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%.12s: %v", r.Text, err)
		}
	}
}

// TestRekeyMeanwhile: while an entry is being opened, which may take a person, others change the vault: what they wrote
// stays, and a change of recipients still waits for its Rekey.
func TestRekeyMeanwhile(t *testing.T) {
	v := newVault(t)
	k := newYubikey(t)
	r, err := NewKeyRecipient(k.PublicKey(), 1, 0x82)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(v.AddRecipient(r), v.Put("a", []byte(uri)), v.Put("b", []byte(uri))); err != nil {
		t.Fatal(err)
	}
	others := []func() error{
		func() error { return errors.Join(v.Remove("a"), v.Put("a", []byte("another"))) },
		func() error { return v.Remove("b") },
	}
	id := KeyIdentity(*r.Key, func(Key) (ecdh.KeyExchanger, error) {
		if len(others) > 0 {
			if err := others[0](); err != nil {
				t.Error(err)
			}
			others = others[1:]
		}
		return k, nil
	})
	step := func(int, int, string) error { return nil }
	if err := v.Rekey(step, id); err != nil || v.Pending() {
		t.Errorf("%v, pending %v", err, v.Pending())
	}
	if got := v.mustGet(t, "a"); got != "another" {
		t.Errorf("overwritten with %q", got)
	}
	if _, err := v.Get("b"); !errors.Is(err, ErrNotFound) {
		t.Errorf("removed, and there again: %v", err)
	}
	more, err := NewKeyRecipient(newYubikey(t).PublicKey(), 2, 0x82)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.setPending(); err != nil {
		t.Fatal(err)
	}
	others = []func() error{func() error { return v.AddRecipient(more) }}
	if err := v.Rekey(step, id); err != nil || !v.Pending() {
		t.Errorf("%v; recipients were changed meanwhile, pending %v", err, v.Pending())
	}
	if err := v.Rekey(step, id); err != nil || v.Pending() || v.Inspect("a") != nil {
		t.Errorf("%v, pending %v, %v", err, v.Pending(), v.Inspect("a"))
	}
}

// TestNoRecipients: without .age-recipients a key that is added would be the only one: nobody else could open the vault.
func TestNoRecipients(t *testing.T) {
	v := newVault(t)
	r, err := NewKeyRecipient(newYubikey(t).PublicKey(), 1, 0x82)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(v.recipients()); err != nil {
		t.Fatal(err)
	}
	if err := v.AddRecipient(r); !errors.Is(err, ErrRecipients) {
		t.Errorf("%v", err)
	}
	if _, err := os.Lstat(v.recipients()); err == nil || v.Pending() {
		t.Error("it was added all the same")
	}
}
