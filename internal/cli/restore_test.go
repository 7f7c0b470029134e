package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/cli"
	"ykmfa/internal/virtualkey"
	"ykmfa/internal/virtualreader"
	"ykmfa/oath"
)

// replacement is a user with accounts and backups, and a key in memory that they are to be restored onto.
type replacement struct {
	t    *testing.T
	home string
	key  *virtualkey.Key
	env  []string
}

const accountFile = `# What the user wrote stays.
[aws]
id = "Amazon:alice@123"
backup = "file:HOME/secret.txt"
[touched]
backup = "file:HOME/secret.txt"
touch = true
[counting]
type = "HOTP"
backup = "file:HOME/secret.txt"
[web]
backup = "file:HOME/secret.txt"
digits = 8
[bank]
backup = "file:HOME/secret.txt"
`

// codes are those of the accounts at 59 seconds, and of counter 3.
var codes = map[string]string{
	"Amazon:alice@123": "287082", "touched": "287082", "counting": "969429", "web": "94287082", "bank": "287082",
}

func newReplacement(t *testing.T, fault virtualkey.Fault) *replacement {
	t.Helper()
	r := &replacement{t: t, home: t.TempDir()}
	for name, text := range map[string]string{
		"secret.txt": s20, "password.txt": "correct horse",
		"accounts.toml": strings.ReplaceAll(accountFile, "HOME", r.home),
	} {
		if err := os.WriteFile(filepath.Join(r.home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.env = []string{"HOME=" + r.home, "PATH=" + os.Getenv("PATH"), "XDG_CONFIG_HOME=" + r.home, "XDG_STATE_HOME=" + r.home + "/state",
		"YKMFA_ACCOUNTS=" + r.home + "/accounts.toml"}
	var err error
	if r.key, err = virtualkey.Open(virtualkey.Options{Serial: 12345678, Faults: []virtualkey.Fault{fault}}); err != nil {
		t.Fatal(err)
	}
	return r
}

// run runs a command line, and returns the exit code and what it said.
func (r *replacement) run(args ...string) (int, string) {
	var stderr bytes.Buffer
	code := cli.Run(context.Background(), cli.Options{
		Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr,
		Environ: r.env, Cards: virtualreader.Readers{r.key}, Version: func() string { return "test" }, Now: time.Now,
	}, args)
	return code, stderr.String()
}

// put stores what was on the key before.
func (r *replacement) put(id, secret string) {
	r.t.Helper()
	s, err := oath.Select(r.key)
	if err == nil {
		err = s.Put(oath.NewCredential{ID: []byte(id), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: []byte(secret), Digits: 6})
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// check looks at the key without the program: exactly these credentials, each with the right code, and the account file
// as it was.
func (r *replacement) check(unlock func(*oath.Session) error, more map[string]string) {
	r.t.Helper()
	s, err := oath.Select(r.key)
	if err == nil && unlock != nil {
		err = unlock(s)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	list, err := s.List()
	if err != nil {
		r.t.Fatal(err)
	}
	if want := len(codes) + len(more); len(list) != want {
		r.t.Errorf("%d credentials on the key, want %d: %q", len(list), want, list)
	}
	for _, c := range list {
		want := codes[string(c.ID)] + more[string(c.ID)]
		if got, err := s.Code(c.ID, c.Type, time.Unix(59, 0)); err != nil || got != want {
			r.t.Errorf("%q gives %s, want %s (%v)", c.ID, got, want, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(r.home, "accounts.toml"))
	if err != nil || string(text) != strings.ReplaceAll(accountFile, "HOME", r.home) {
		r.t.Errorf("the account file is now %q (%v)", text, err)
	}
}

// restoreAtEveryFault lets a fault of each kind hit each command of a restore, on a key that prepare has filled. After
// that the same command line without a fault must finish it, also when what was remembered is lost.
func restoreAtEveryFault(t *testing.T, prepare func(*replacement) (unlock func(*oath.Session) error), more map[string]string, args ...string) {
	args = append([]string{"restore", "--counter", "counting=3"}, args...)
	for _, fault := range []virtualkey.Fault{
		{Kind: virtualkey.Cut}, {Kind: virtualkey.Vanish},
		{Kind: virtualkey.Refuse, Status: 0x6f00}, {Kind: virtualkey.Refuse, Status: 0x6982}, {Kind: virtualkey.Refuse, Status: 0x6a80},
	} {
		hit := 0
		for at := 1; ; at++ {
			r := newReplacement(t, virtualkey.Fault{})
			unlock := prepare(r)
			fault.At = len(r.key.Log()) + at
			r = newReplacement(t, fault)
			prepare(r)
			first, said := r.run(args...)
			if reached := len(r.key.Log()) >= fault.At; !reached {
				if first != 0 {
					t.Errorf("without a fault: exit status %d, %s", first, said)
				}
				r.key.Transmit([]byte{0, 0xa1, 0, 0}) // the fault hits this one
				r.key.Reinsert()
				r.check(unlock, more)
				break
			}
			hit++
			if fault.Kind != virtualkey.Refuse && first != 3 {
				t.Errorf("%s@%d: exit status %d, %s", fault.Kind, at, first, said)
			}
			r.key.Reinsert()
			if at%2 == 0 {
				if err := os.RemoveAll(r.home + "/state"); err != nil {
					t.Fatal(err)
				}
			}
			t.Run(fmt.Sprintf("%s-%04x@%d", fault.Kind, fault.Status, at), func(t *testing.T) {
				r.t = t
				if code, said2 := r.run(args...); code != 0 {
					t.Errorf("first %d, %s\nagain: exit status %d, %s", first, said, code, said2)
				}
				r.check(unlock, more)
			})
		}
		if hit < 12 {
			t.Errorf("%s: only %d commands were hit", fault.Kind, hit)
		}
	}
}

func TestRestoreAtEveryFault(t *testing.T) {
	restoreAtEveryFault(t, func(r *replacement) func(*oath.Session) error { return nil }, nil)
}

// A key that has something of its own, half of the set, and one account with another secret, which may be overwritten.
func TestRestoreOverAtEveryFault(t *testing.T) {
	prepare := func(r *replacement) func(*oath.Session) error {
		r.put("somebody else's", "12345678901234567890")
		r.put("Amazon:alice@123", "12345678901234567890")
		r.put("bank", "another secret of 20")
		return nil
	}
	restoreAtEveryFault(t, prepare, map[string]string{"somebody else's": "287082"}, "--force", "--yes")
}

// A key with a password, which stays.
func TestRestoreLockedAtEveryFault(t *testing.T) {
	prepare := func(r *replacement) func(*oath.Session) error {
		r.env = append(r.env, "YKMFA_PASSWORD_COMMAND=cat "+r.home+"/password.txt")
		s, err := oath.Select(r.key)
		if err != nil {
			t.Fatal(err)
		}
		access := oath.DeriveKey("correct horse", s.Salt)
		if err := s.SetKey(access); err != nil {
			t.Fatal(err)
		}
		return func(s *oath.Session) error {
			if !s.Locked() {
				return errors.New("the password is gone")
			}
			return s.Validate(oath.DeriveKey("correct horse", s.Salt))
		}
	}
	restoreAtEveryFault(t, prepare, nil)
}

// TestRestoreCommands: a new account costs two commands, one that is there one, and the key is opened once.
func TestRestoreCommands(t *testing.T) {
	r := newReplacement(t, virtualkey.Fault{})
	if err := os.WriteFile(filepath.Join(r.home, "accounts.toml"), []byte("[a]\nbackup = \"file:"+r.home+"/secret.txt\"\n[b]\nbackup = \"file:"+r.home+"/secret.txt\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	count := func(want ...string) {
		t.Helper()
		if code, said := r.run("restore"); code != 0 {
			t.Fatalf("exit status %d, %s", code, said)
		}
		if got := r.key.Log(); !slices.Equal(got, want) {
			t.Errorf("commands %v, want %v", got, want)
		}
		r.key.ClearLog()
	}
	const (
		sel, list, put, calculate, calculateAll, config = "00a40400", "00a10000", "00010000", "00a20000", "00a40001", "001d0000"
	)
	count(sel, sel, config, sel, list, put, calculate, put, calculate)
	count(sel, list, calculateAll, calculate, calculate)
}
