//go:build linux

package test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/virtualkey"
)

// manyAccounts writes an account file of n accounts, each with a backup of its own, and returns it.
func (m *machine) manyAccounts(n int) string {
	m.t.Helper()
	var text strings.Builder
	for i := range n {
		name := fmt.Sprintf("account%02d", i)
		m.file(name+".txt", s20)
		fmt.Fprintf(&text, "[%s]\nid = \"Issuer %02d:someone@example.org\"\nbackup = \"file:%s/%s.txt\"\n", name, i, m.home, name)
	}
	path := filepath.Join(m.home, "config", "ykmfa", "accounts.toml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		m.t.Fatal(err)
	}
	return text.String()
}

// TestRestoreCounts: restoring 64 accounts is 2 × 64 + 2 commands, three more on a key never seen before and one more
// with a password; the answer to LIST may come in parts.
func TestRestoreCounts(t *testing.T) {
	m := newMachine(t)
	const n = 64
	m.manyAccounts(n)
	m.file("password.txt", "correct horse")
	pairs := slices.Repeat([]string{put, calculateFull}, n)

	k, remove := m.insert(virtualkey.Options{Serial: 12345678}, 0)
	m.must("restore")
	want := append([]string{selectApplet, selectApplet, readConfig, selectApplet, list}, pairs...)
	if got := k.Log(); !slices.Equal(got, want) {
		t.Errorf("a key never seen before: %d commands %v, want %d", len(got), got, len(want))
	}
	remove()

	k, _ = m.insert(virtualkey.Options{Serial: 23456789}, 0)
	m.must("keys")
	m.env = append(m.env, "YKMFA_NEW_PASSWORD_COMMAND=cat password.txt", "YKMFA_PASSWORD_COMMAND=cat password.txt")
	k.ClearLog()
	m.must("restore", "account00")
	if got := k.Log(); len(got) != 2+2 {
		t.Errorf("one account: commands %v", got)
	}
	m.must("remove", "account00", "--yes")
	m.manyAccounts(n)
	m.must("password", "set")
	k.ClearLog()
	m.must("restore")
	want = append([]string{selectApplet, validate, list}, pairs...)
	if got := k.Log(); !slices.Equal(got, want) {
		t.Errorf("a key with a password: %d commands %v, want %d", len(got), got, len(want))
	}
	m.must("verify", "--backups")
	m.must("verify")
}

// TestRestoreKilled: a restore is killed at random moments until one comes through. Then everything is on the key, once,
// and the account file is what it was.
func TestRestoreKilled(t *testing.T) {
	m := newMachine(t)
	const n = 24
	accounts := m.manyAccounts(n)
	k, _ := m.insert(virtualkey.Options{Serial: 12345678}, 0)
	m.must("keys")
	start := time.Now()
	m.must("restore")
	whole := time.Since(start)
	killed := 0
	for range 8 {
		m.must("reset", "--confirm", "12345678")
		for range 5 {
			c := m.command("", filepath.Join(bin, "ykmfa"), "restore")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(rand.N(whole), func() { c.Process.Kill() })
			if err := c.Wait(); err != nil {
				killed++
			}
			timer.Stop()
		}
		kept := 0
		if before := m.must("code", "--at", "59"); before != "" {
			kept = strings.Count(before, "\n") + 1
		}
		k.ClearLog()
		m.must("restore")
		if puts := strings.Count(strings.Join(k.Log(), " "), put); puts != n-kept {
			t.Errorf("%d accounts were kept of %d, and %d written", kept, n, puts)
		}
		codes := m.must("code", "--at", "59")
		if got := strings.Count(codes, "\t287082"); got != n || strings.Count(codes, "\n")+1 != n {
			t.Errorf("%d right codes of %d:\n%s", got, n, codes)
		}
		text, err := os.ReadFile(filepath.Join(m.home, "config", "ykmfa", "accounts.toml"))
		if err != nil || string(text) != accounts {
			t.Errorf("the account file is now %s (%v)", text, err)
		}
	}
	t.Logf("%d of 40 were killed, a restore takes %v", killed, whole)
	if killed == 0 {
		t.Error("none was killed")
	}
}

// TestRestoreMemory: many accounts take hardly more memory than a few. The program is looked at while it waits for a touch for
// the last one: what the system says of it after its end would be of this process, too, before it became ykmfa.
func TestRestoreMemory(t *testing.T) {
	few, many := peakMemory(t, 1), peakMemory(t, 63)
	if many > 20<<10 || many > few+4<<10 {
		t.Errorf("%d kB with 63 accounts, %d kB with one", many, few)
	}
	t.Logf("%d kB with 63 accounts, %d kB with one", many, few)
}

// peakMemory restores n accounts and one that needs a touch, and returns the peak of resident memory in kB.
func peakMemory(t *testing.T, n int) int {
	m := newMachine(t)
	text := m.manyAccounts(n) + fmt.Sprintf("[touched]\nid = \"touched\"\ntouch = true\nbackup = \"file:%s/account00.txt\"\n", m.home)
	if err := os.WriteFile(filepath.Join(m.home, "config", "ykmfa", "accounts.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := m.command("", filepath.Join(bin, "ykmfa"), "restore")
	peak, started := 0, make(chan struct{})
	m.insert(virtualkey.Options{Touch: func(context.Context) bool {
		<-started
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
		_, rest, _ := strings.Cut(string(status), "VmHWM:")
		if _, errScan := fmt.Sscan(rest, &peak); err != nil || errScan != nil {
			t.Errorf("%v, %v", err, errScan)
		}
		return true
	}}, 0)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	if err := c.Wait(); err != nil || peak == 0 {
		t.Fatalf("peak %d kB, %v", peak, err)
	}
	return peak
}

// TestRestoreCounterKilled: what counts is remembered as proven at once, since it cannot be proven again: a run that is killed
// while it waits for the touch of a later account leaves nothing open for it.
func TestRestoreCounterKilled(t *testing.T) {
	m := newMachine(t)
	text := m.manyAccounts(1) + fmt.Sprintf("[counter]\nid = \"counter\"\ntype = \"HOTP\"\nbackup = \"file:%[1]s/account00.txt\"\n"+
		"[touched]\nid = \"touched\"\ntouch = true\nbackup = \"file:%[1]s/account00.txt\"\n", m.home)
	if err := os.WriteFile(filepath.Join(m.home, "config", "ykmfa", "accounts.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := m.command("", filepath.Join(bin, "ykmfa"), "restore", "--counter", "counter=5")
	killed, ended := false, make(chan struct{})
	m.insert(virtualkey.Options{Touch: func(context.Context) bool {
		if !killed {
			killed = true
			c.Process.Kill()
			<-ended
			return false
		}
		return true
	}}, 0)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil {
		t.Fatal("it was not killed")
	}
	close(ended)
	r := m.ykmfa("restore")
	if r.code != 0 || strings.Contains(r.stderr, "never proven") || !strings.Contains(r.stderr, "would use up a code (HOTP)") {
		t.Errorf("exit status %d, %s", r.code, r.stderr)
	}
	if got := m.must("code", "counter"); got != "254676" { // RFC 4226 appendix D, count 5
		t.Errorf("code %s", got)
	}
}

// TestRestoreSpare: the user inserts one key after the other. The first stays in its reader, and is left as it is.
func TestRestoreSpare(t *testing.T) {
	m := newMachine(t)
	m.manyAccounts(3)
	first, _ := m.insert(virtualkey.Options{Serial: 11111111}, 0)
	m.must("restore", "account01")
	c := m.onTerminal("restore", "--spare")
	c.expect("YubiKey 11111111 (firmware 5.7.4, 63 free): 2 accounts to write, 1 there already")
	c.expect("1 of 2  ")
	c.expect("2 of 2  ")
	c.expect("2 written, 3 proven")
	const question = "Insert the next key and press Enter (q to stop):"
	c.expect(question)
	c.forget()
	first.ClearLog()
	c.typed("\n")
	c.expect("YubiKey 11111111: it was there before, and is left as it is")
	c.expect(question)
	c.forget()
	m.insert(virtualkey.Options{Serial: 22222222, Firmware: "5.4.3"}, 1)
	c.typed("\n")
	c.expect("YubiKey 22222222 (firmware 5.4.3, 32 free): 3 accounts to write")
	c.expect("3 written, 3 proven")
	c.expect(question)
	c.typed("q\n")
	if code := c.ended(); code != 0 || c.stdout.Len() > 0 {
		t.Errorf("exit status %d, stdout %q, %s", code, c.stdout.String(), c.shown.String())
	}
	if got := first.Log(); slices.Contains(got, put) {
		t.Errorf("the first key was written to again: %v", got)
	}
	m.must("verify", "--keys")
}

// TestRestoreSpareFirst: no key is plugged in yet, and the first one that is fails.
func TestRestoreSpareFirst(t *testing.T) {
	m := newMachine(t)
	m.manyAccounts(2)
	c := m.onTerminal("restore", "--spare")
	const question = "Insert the next key and press Enter (q to stop):"
	c.expect(question)
	c.forget()
	c.typed("\n")
	c.expect("no card in any reader")
	c.expect(question)
	c.forget()
	m.insert(virtualkey.Options{Serial: 33333333, Firmware: "5.7.4-FIPS"}, 0)
	c.typed("\n")
	c.expect("a FIPS key takes accounts only under a password")
	c.expect(question)
	c.typed("q\n")
	if code := c.ended(); code != 3 {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
}

// TestRestoreSwapped: the question is about one key; another one that is in the reader when it is answered is left alone.
func TestRestoreSwapped(t *testing.T) {
	m := newMachine(t)
	m.manyAccounts(1)
	m.file("account00.txt", "JBSWY3DPEHPK3PXP")
	_, remove := m.insert(virtualkey.Options{Serial: 11111111}, 0)
	m.must("restore")
	m.file("account00.txt", s20)
	c := m.onTerminal("restore", "--force")
	c.expect("Overwrite on YubiKey 11111111, from the backup: account00?")
	remove()
	other, _ := m.insert(virtualkey.Options{Serial: 22222222}, 0)
	c.typed("y\n")
	if code := c.ended(); code != 3 || !strings.Contains(c.shown.String(), "another key was plugged in meanwhile") {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
	if got := other.Log(); slices.Contains(got, put) {
		t.Errorf("the other key was written to: %v", got)
	}
	if state, err := os.ReadFile(filepath.Join(m.home, "state", "ykmfa", "state")); err != nil || bytes.Contains(state, []byte("22222222")) {
		t.Errorf("remembered: %s (%v)", state, err)
	}
}

// TestRestoreFree: the key is free for others while the user is asked for a counter.
func TestRestoreFree(t *testing.T) {
	m := newMachine(t)
	m.manyAccounts(1)
	m.insert(virtualkey.Options{Serial: 11111111}, 0)
	m.must("restore")
	path := filepath.Join(m.home, "config", "ykmfa", "accounts.toml")
	text := fmt.Sprintf("[account00]\nid = \"Issuer 00:someone@example.org\"\n[counting]\ntype = \"HOTP\"\nbackup = \"file:%s/account00.txt\"\n", m.home)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := m.onTerminal("restore", "counting")
	c.expect("Counter of the next code")
	if got := m.must("code", "account00", "--at", "59"); got != "287082" {
		t.Errorf("code meanwhile: %q", got)
	}
	c.typed("4\n")
	if code := c.ended(); code != 0 {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
	if got := m.must("code", "counting"); got != "338314" {
		t.Errorf("code %q", got)
	}
}

// TestRestoreInterrupted: Ctrl-C while the key waits for its touch ends a restore at once, and the next one finishes it.
func TestRestoreInterrupted(t *testing.T) {
	home := t.TempDir()
	for name, text := range map[string]string{
		"aws.txt":                    s20,
		"config/ykmfa/accounts.toml": "[touched]\nbackup = \"file:aws.txt\"\ntouch = true\n[plain]\nbackup = \"file:aws.txt\"\n",
	} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := onTerminal(t, home, []string{"--touch=never", "--touch-timeout=10m"}, []string{"restore"})
	c.expect("Touch YubiKey 12345678 for touched")
	c.typed("\x03")
	if code := c.ended(); code != 130 || !strings.Contains(c.shown.String(), "interrupted") {
		t.Errorf("exit status %d, shown %q", code, c.shown.String())
	}
	c = onTerminal(t, home, nil, []string{"restore"})
	if code := c.ended(); code != 0 || strings.Count(c.shown.String(), "there already, proven\r\n") != 2 {
		t.Errorf("exit status %d, shown %q", code, c.shown.String())
	}
}
