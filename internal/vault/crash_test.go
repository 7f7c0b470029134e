//go:build linux

package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// The tests of this file run the test binary once more, as a process that does one thing to a vault and can be killed.
const (
	doing  = "YKMFA_TEST_VAULT_DO"
	within = "YKMFA_TEST_VAULT_DIR"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(doing); what != "" {
		runtime.LockOSThread() // strace counts system calls by thread
		if err := do(&Vault{Dir: os.Getenv(within), testOnlyWork: 10}, what); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func do(v *Vault, what string) error {
	verb, name, _ := strings.Cut(what, " ")
	switch verb {
	case "create":
		_, err := v.Create([]byte(passphrase))
		return err
	case "put":
		return v.Put(name, []byte(uri))
	case "remove":
		return v.Remove(name)
	case "rekey":
		return v.Rekey(func(int, int, string) error { return nil }, v.Recovery(with(passphrase)))
	case "passphrase":
		return v.ChangePassphrase([]byte(passphrase), []byte("new"))
	case "recover":
		if _, err := v.Opens([]byte(name)); err != nil {
			return err
		}
		_, err := v.Recover([]byte(name), []byte("new"))
		return err
	case "recipient":
		r, err := ParseRecipient(name)
		if err != nil {
			return err
		}
		return v.AddRecipient(r)
	case "fill":
		return fillDisk(v)
	}
	return errors.New("do what?")
}

// process is the test binary doing something to a vault, under another program or alone.
func process(t *testing.T, v *Vault, what string, under ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	argv := append(under, self)
	c := exec.Command(argv[0], argv[1:]...)
	c.Env = append(os.Environ(), doing+"="+what, within+"="+v.Dir)
	return c
}

// copyVault makes a copy to break.
func copyVault(t *testing.T, v *Vault) *Vault {
	t.Helper()
	twin := &Vault{Dir: filepath.Join(t.TempDir(), "vault"), testOnlyWork: v.testOnlyWork}
	if err := os.CopyFS(twin.Dir, os.DirFS(v.Dir)); err != nil {
		t.Fatal(err)
	}
	return twin
}

// killedEverywhere does something to copies of a vault again and again, killed with SIGKILL at its first system call of a kind
// that changes files, at its second, and so on, until it comes through; then those of the next kind. Strace counts each kind,
// and each thread, by itself.
func killedEverywhere(t *testing.T, v *Vault, what string, check func(v *Vault, at string)) {
	strace := program(t, "strace")
	verb, _, _ := strings.Cut(what, " ")
	kills := 0
	for _, call := range []string{"openat", "write", "fsync", "rename,renameat,renameat2", "link,linkat", "unlink,unlinkat", "mkdirat", "fchmod,fchmodat"} {
		for n := 1; ; n++ {
			twin := copyVault(t, v)
			err := process(t, twin, what, strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace="+call,
				"-e", "inject="+call+":signal=KILL:when="+strconv.Itoa(n)).Run()
			check(twin, fmt.Sprintf("%s, killed at %s %d", verb, call, n))
			if err == nil {
				break
			}
			kills++
		}
	}
	t.Logf("%s: killed %d times", verb, kills)
	if kills < 10 {
		t.Errorf("%s was killed only %d times", verb, kills)
	}
}

// TestKilled: whatever is killed, wherever: everything that was there opens, a new entry is there whole or not at all, and
// the same again finishes it.
func TestKilled(t *testing.T) {
	v := newVault(t)
	for _, name := range []string{"aws", "a/b"} {
		if err := v.Put(name, []byte(uri)); err != nil {
			t.Fatal(err)
		}
	}
	k := newYubikey(t)
	r, err := NewKeyRecipient(k.PublicKey(), 1, 0x82)
	if err != nil {
		t.Fatal(err)
	}
	opens := func(v *Vault, at string) {
		t.Helper()
		for _, name := range []string{"aws", "a/b"} {
			if got, err := v.Get(name, v.Recovery(with(passphrase))); string(got) != uri {
				t.Errorf("%s: %s: %v", at, name, err)
			}
		}
	}
	again := func(v *Vault, what, at string) {
		t.Helper()
		if err := do(v, what); err != nil {
			t.Errorf("%s: again: %v", at, err)
		}
	}
	killedEverywhere(t, v, "put c/d", func(v *Vault, at string) {
		opens(v, at)
		if got, err := v.Get("c/d", v.Recovery(with(passphrase))); errors.Is(err, ErrNotFound) {
			again(v, "put c/d", at)
		} else if string(got) != uri {
			t.Errorf("%s: half an entry: %v", at, err)
		}
	})
	killedEverywhere(t, v, "recipient "+r.Text, func(v *Vault, at string) {
		opens(v, at)
		if list, err := v.Recipients(); err != nil || len(list) == 0 || len(list) == 2 && !v.Pending() {
			t.Errorf("%s: %d recipients, pending %v, %v", at, len(list), v.Pending(), err)
		}
		again(v, "recipient "+r.Text, at)
	})
	if err := v.AddRecipient(r); err != nil {
		t.Fatal(err)
	}
	killedEverywhere(t, v, "rekey", func(v *Vault, at string) {
		opens(v, at)
		for _, name := range []string{"aws", "a/b"} {
			if _, err := v.Get(name, KeyIdentity(*r.Key, k.find)); err != nil && !v.Pending() {
				t.Errorf("%s: %s is not encrypted anew, and nothing says so", at, name)
			}
		}
		again(v, "rekey", at)
		if got, err := v.Get("aws", KeyIdentity(*r.Key, k.find)); string(got) != uri || v.Pending() {
			t.Errorf("%s: after another rekey: %v", at, err)
		}
	})
	killedEverywhere(t, v, "passphrase", func(v *Vault, at string) {
		for _, p := range []string{passphrase, "new"} {
			if got, _ := v.Get("aws", v.Recovery(with(p))); string(got) == uri {
				return
			}
		}
		t.Errorf("%s: neither passphrase opens it", at)
	})
	killedEverywhere(t, v, "remove a/b", func(v *Vault, at string) {
		if got, err := v.Get("a/b", v.Recovery(with(passphrase))); string(got) != uri && !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: half an entry: %v", at, err)
		}
	})
	none := &Vault{Dir: t.TempDir(), testOnlyWork: 10}
	killedEverywhere(t, none, "create", func(v *Vault, at string) {
		if !v.Exists() {
			again(v, "create", at)
		}
		again(v, "put aws", at)
		if got, err := v.Get("aws", v.Recovery(with(passphrase))); string(got) != uri {
			t.Errorf("%s: %v", at, err)
		}
	})
}

// TestKilledRecover: at no moment is the vault without identities, or are the old ones gone; a copy that lacks files has them
// after the next try; and in place of no vault there is a whole one.
func TestKilledRecover(t *testing.T) {
	v := newVault(t)
	if err := v.Put("aws", []byte(uri)); err != nil {
		t.Fatal(err)
	}
	identity, err := v.RecoveryIdentity([]byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	what := "recover " + string(identity)
	old, err := os.ReadFile(v.identities())
	if err != nil {
		t.Fatal(err)
	}
	opens := func(v *Vault, passphrases ...string) bool {
		for _, p := range passphrases {
			if got, _ := v.Get("aws", v.Recovery(with(p))); string(got) == uri {
				return true
			}
		}
		return false
	}
	killedEverywhere(t, v, what, func(v *Vault, at string) {
		if !opens(v, passphrase, "new") {
			t.Errorf("%s: neither passphrase opens it", at)
		}
		if err := do(v, what); err != nil || !opens(v, "new") {
			t.Errorf("%s: again: %v", at, err)
		}
		if kept, err := os.ReadFile(v.identities() + ".before"); !bytes.Equal(kept, old) {
			t.Errorf("%s: the old identities are gone: %v", at, err)
		}
	})
	lacking := copyVault(t, v)
	if err := errors.Join(os.Remove(lacking.identities()), os.Remove(lacking.recipients())); err != nil {
		t.Fatal(err)
	}
	killedEverywhere(t, lacking, what, func(v *Vault, at string) {
		err := do(v, what)
		if err = errors.Join(err, v.Put("b", []byte(uri))); err != nil || !opens(v, "new") {
			t.Errorf("%s: again: %v", at, err)
		}
	})
	killedEverywhere(t, &Vault{Dir: t.TempDir(), testOnlyWork: 10}, what, func(v *Vault, at string) {
		err := do(v, what)
		if err = errors.Join(err, v.Put("aws", []byte(uri))); err != nil || !opens(v, "new") {
			t.Errorf("%s: again: %v", at, err)
		}
	})
}

// TestFullDisk runs fillDisk on a disk of its own.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	mount := `mount -t tmpfs -o size=192k,mode=700 none "$` + within + `" && exec "$0"`
	args := []string{program(t, "unshare"), "-m"}
	if os.Geteuid() != 0 {
		args = append(args, "-r")
	}
	out, err := process(t, &Vault{Dir: dir}, "fill", append(args, "sh", "-c", mount)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// fillDisk writes to a vault until the disk is full, and shows that nothing is lost by that.
func fillDisk(v *Vault) error {
	if err := do(v, "create"); err != nil {
		return err
	}
	n := 0
	for ; ; n++ {
		err := v.Put(fmt.Sprintf("entry%d", n), bytes.Repeat([]byte("x"), 1000))
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		if err != nil || n > 1000 {
			return fmt.Errorf("entry %d: %w", n, err)
		}
	}
	ids := []Identity{v.Recovery(with(passphrase))}
	whole := func(when string) error {
		names, err := v.List()
		if err != nil || len(names) != n {
			return fmt.Errorf("%s: %d entries of %d: %w", when, len(names), n, err)
		}
		for _, name := range names {
			if text, err := v.Get(name, ids...); len(text) != 1000 {
				return fmt.Errorf("%s: %s: %w", when, name, err)
			}
		}
		var left []string
		filepath.WalkDir(v.Dir, func(file string, d fs.DirEntry, _ error) error {
			if strings.HasPrefix(d.Name(), ".") && d.Name() != recipientsFile && !strings.HasSuffix(d.Name(), ".lock") && d.Name() != ".rekey" {
				left = append(left, file)
			}
			return nil
		})
		if len(left) > 0 {
			return fmt.Errorf("%s: left behind: %q", when, left)
		}
		return nil
	}
	if err := whole("full"); err != nil {
		return err
	}
	for _, what := range []string{"rekey", "passphrase", "recipient age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa"} {
		if err := do(v, what); !errors.Is(err, syscall.ENOSPC) {
			return fmt.Errorf("%s on a full disk: %v", what, err)
		}
		if err := whole(what); err != nil {
			return err
		}
	}
	n--
	if err := v.Remove(fmt.Sprintf("entry%d", n)); err != nil {
		return err
	}
	if err := do(v, "rekey"); err != nil || v.Pending() {
		return fmt.Errorf("with room again: %w", err)
	}
	return whole("with room again")
}

// TestTogether: processes that add at the same time, while others encrypt everything anew, lose nothing.
func TestTogether(t *testing.T) {
	v := newVault(t)
	k := newYubikey(t)
	r, err := NewKeyRecipient(k.PublicKey(), 1, 0x82)
	if err != nil {
		t.Fatal(err)
	}
	var work []string
	const n = 12
	for i := range n {
		work = append(work, fmt.Sprintf("put entry%d", i), "put same")
	}
	work = append(work, "rekey", "recipient "+r.Text, "rekey", "rekey")
	var mu sync.Mutex
	var wg sync.WaitGroup
	made := 0
	for _, what := range work {
		c := process(t, v, what)
		wg.Go(func() {
			out, err := c.CombinedOutput()
			mu.Lock()
			defer mu.Unlock()
			switch {
			case what == "put same" && err == nil:
				made++
			case what == "put same" && strings.Contains(string(out), ErrExists.Error()):
			case err != nil:
				t.Errorf("%s: %v: %s", what, err, out)
			}
		})
	}
	wg.Wait()
	if made != 1 {
		t.Errorf("one entry was made %d times", made)
	}
	if err := do(v, "rekey"); err != nil {
		t.Fatal(err)
	}
	names, err := v.List()
	if err != nil || len(names) != n+1 {
		t.Fatalf("%d entries, %v", len(names), err)
	}
	for _, name := range names {
		if got, err := v.Get(name, KeyIdentity(*r.Key, k.find)); string(got) != uri || v.mustGet(t, name) != uri {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
