package account

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"ykmfa/oath"
)

func TestState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dir", "state")
	touch := true
	when := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	id := []byte("\xffid")
	err := UpdateState(path, func(s *State) error {
		k := s.Key("VcU/XUkCl5AM76gl0Mjo6Q")
		k.Serial, k.Firmware = 12345678, "5.7.4"
		c := k.SetCredential(id)
		c.Type, c.Touch, c.Verified = oath.HOTP, &touch, when
		s.Allowed = append(s.Allowed, "cmd:x")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if mode := modeOf(t, path); mode != 0o600 {
		t.Errorf("mode %o", mode)
	}
	s, err := LoadState(path)
	if err != nil {
		t.Fatal(err)
	}
	k := s.Keys["VcU/XUkCl5AM76gl0Mjo6Q"]
	if k == nil || k.Serial != 12345678 || k.DeviceID != "VcU/XUkCl5AM76gl0Mjo6Q" || !k.Holds(id) {
		t.Fatalf("%+v", k)
	}
	c := k.Credential(id)
	if string(c.ID) != string(id) || c.Type != oath.HOTP || c.Touch == nil || !*c.Touch || !c.Verified.Equal(when) {
		t.Errorf("%+v", c)
	}
	if keys := s.KeysHolding(id); len(keys) != 1 || keys[0] != k {
		t.Errorf("%v", keys)
	}
	k.Rename(id, []byte("new"))
	if k.Holds(id) || !k.Holds([]byte("new")) || string(k.All()[0].ID) != "new" {
		t.Errorf("%+v", k.All())
	}
	k.Keep(func([]byte) bool { return false })
	if len(k.All()) != 0 || s.KeysHolding(id) != nil {
		t.Errorf("%+v", k.All())
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := UpdateState(path, func(*State) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("written although nothing changed (%v)", err)
	}
}

// A damaged state file is no reason to refuse work: it starts anew.
func TestStateDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	for _, text := range []string{"nonsense", "key", "key a b c d", "key a 1 \"x\" y", "credential a", "credential a xyz 32 ? 0", "spent 61", "spent 6 1",
		"allowed x", "\n", "key  1 \"\" \"\"", strings.Repeat("x", maxState+1)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := LoadState(path)
		if err == nil || s == nil || len(s.Keys) != 0 {
			t.Errorf("%.30q: %+v, %v", text, s, err)
		}
		if err := UpdateState(path, func(s *State) error { s.Key("a"); return nil }); err != nil {
			t.Errorf("%.30q: %v", text, err)
		}
		if aside, err := os.ReadFile(path + ".damaged"); err != nil || string(aside) != text {
			t.Errorf("%.30q: set aside %.30q, %v", text, aside, err)
		}
		if s, err := LoadState(path); err != nil || len(s.Keys) != 1 {
			t.Errorf("%.30q: afterwards %+v, %v", text, s, err)
		}
	}
}

// A state file that cannot be read may be whole: it is not replaced.
func TestStateUnreadable(t *testing.T) {
	path := t.TempDir() // a directory, which nobody can read as a file
	err := UpdateState(path, func(*State) error { t.Error("changed from nothing"); return nil })
	if err == nil {
		t.Error("no error")
	}
}

func TestSpend(t *testing.T) {
	var s State
	for _, tt := range []struct {
		id     string
		period uint64
		last   uint64
		before bool
	}{
		{"a", 10, 10, false}, {"a", 10, 10, true}, {"a", 9, 10, true}, {"b", 10, 10, false}, {"a", 11, 11, false}, {"c", 0, 0, false}, {"c", 0, 0, true},
	} {
		if last, before := s.Spend([]byte(tt.id), tt.period); last != tt.last || before != tt.before {
			t.Errorf("%+v: %d, %v", tt, last, before)
		}
	}
}

// writer is set in the environment of processes that add accounts for TestProcesses.
const writer = "ACCOUNT_TEST_WRITER"

func TestMain(m *testing.M) {
	if name := os.Getenv(writer); name != "" {
		dir, prefix, _ := strings.Cut(name, "|")
		for i := range 20 {
			id := fmt.Sprintf("%s-%d", prefix, i)
			err := Update(filepath.Join(dir, "accounts.toml"), func(f *File) error { return f.Put(Account{Name: id, ID: []byte(id)}) })
			if err == nil {
				err = UpdateState(filepath.Join(dir, "state"), func(s *State) error { s.Key(id); return nil })
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestProcesses: processes that write at once lose nothing.
func TestProcesses(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for n := range 6 {
		wg.Go(func() {
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), fmt.Sprintf("%s=%s|p%d", writer, dir, n))
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	f, err := Load(filepath.Join(dir, "accounts.toml"))
	if err != nil || len(f.Accounts()) != 120 {
		t.Errorf("%d accounts, %v", len(f.Accounts()), err)
	}
	s, err := LoadState(filepath.Join(dir, "state"))
	if err != nil || len(s.Keys) != 120 {
		t.Errorf("%d keys, %v", len(s.Keys), err)
	}
}

// TestKilled: a process that is killed at any moment leaves whole files.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	last := 0
	for n := range 15 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), fmt.Sprintf("%s=%s|k%d", writer, dir, n))
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(n) * 700 * time.Microsecond) // the moment, not a wait for something
		c.Process.Kill()
		c.Wait()
		f, err := Load(filepath.Join(dir, "accounts.toml"))
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Accounts()) < last {
			t.Errorf("%d accounts, were %d", len(f.Accounts()), last)
		}
		last = len(f.Accounts())
		if _, err := LoadState(filepath.Join(dir, "state")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestResolve(t *testing.T) {
	acc := func(name, id string) Candidate {
		return Candidate{Name: name, ID: []byte(id), Type: oath.TOTP, Account: &Account{Name: name}}
	}
	cred := func(id string) Candidate { return Candidate{ID: []byte(id), Type: oath.TOTP} }
	candidates := []Candidate{
		acc("aws", "Amazon:alice@123"), acc("aws-old", "Amazon:bob@123"), acc("gh", "GitHub:alice"),
		cred("Amazon:alice@123"), cred("60/ACME:carol"), cred("aws"), cred("Zoo:Lion"),
	}
	candidates = append(candidates, acc("twin-1", "Twin:x"), acc("twin-2", "Twin:x"), cred("Twin:x"), cred("two-keys"), cred("two-keys"))
	for name, want := range map[string][]string{
		"Twin:x":           {"Twin:x", "Twin:x"}, // two accounts
		"two-keys":         {"two-keys"},         // one credential
		"aws":              {"Amazon:alice@123"}, // an account before a credential of the same name
		"Amazon:alice@123": {"Amazon:alice@123"},
		"GitHub:alice":     {"GitHub:alice"},
		"alice":            {"GitHub:alice"},
		"alice@123":        {"Amazon:alice@123"},
		"carol":            {"60/ACME:carol"},
		"ACME:carol":       {"60/ACME:carol"},
		"LION":             {"Zoo:Lion"},
		"zoo":              {"Zoo:Lion"},
		"amazon":           {"Amazon:alice@123", "Amazon:bob@123"},
		"nothing":          nil,
		"":                 nil,
	} {
		var got []string
		for _, c := range Resolve(name, candidates) {
			got = append(got, string(c.ID))
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestValidateName(t *testing.T) {
	for _, name := range []string{"aws", "aws/prod", "github.com", "my-bank", "ünïcode", "日本", strings.Repeat("a", 64)} {
		if err := ValidateName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "-x", "a:b", "a b", "a\tb", "a\x1b[1m", "a\u202eb", "\xff", strings.Repeat("a", 65)} {
		if err := ValidateName(name); err == nil || strings.ContainsAny(err.Error(), "\x1b\t\u202e") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestFindPaths(t *testing.T) {
	env := map[string]string{"HOME": "/home/u"}
	getenv := func(name string) string { return env[name] }
	p, err := FindPaths(getenv)
	if err != nil || p.Accounts != "/home/u/.config/ykmfa/accounts.toml" || p.State != "/home/u/.local/state/ykmfa/state" {
		t.Errorf("%+v, %v", p, err)
	}
	env["XDG_CONFIG_HOME"], env["XDG_STATE_HOME"] = "/c", "relative, so it does not count"
	if p, err := FindPaths(getenv); err != nil || p.Accounts != "/c/ykmfa/accounts.toml" || p.State != "/home/u/.local/state/ykmfa/state" {
		t.Errorf("%+v, %v", p, err)
	}
	env["YKMFA_ACCOUNTS"] = "mine.toml"
	if p, err := FindPaths(getenv); err != nil || p.Accounts != "mine.toml" || p.ConfigDir != "/c/ykmfa" {
		t.Errorf("%+v, %v", p, err)
	}
}

func FuzzState(f *testing.F) {
	f.Add([]byte("key VcU/XUkCl5AM76gl0Mjo6Q 12345678 \"5.7.4\" \"USB-A keychain\"\ncredential a ff 16 yes 1\nspent ff 9\nallowed \"cmd:x\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseState(data)
		if (err == nil) == (s == nil) {
			t.Fatalf("%v, %v", s, err)
		}
		if s == nil {
			return
		}
		again, err := parseState(s.encode())
		if err != nil || !bytes.Equal(again.encode(), s.encode()) {
			t.Fatalf("%q is written as %q: %v", data, s.encode(), err)
		}
	})
}
