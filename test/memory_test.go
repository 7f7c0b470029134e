//go:build linux

package test

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ykmfa/internal/virtualkey"
)

// The memory of a program that ends is given back to the system, and until then others can find in it what was not wiped.
// These tests stop the real program at its very end and look for the secret in all of its memory. What is not looked
// for, because ykmfa cannot wipe it: a secret in the environment (env:VAR), which the system put into the memory of the
// process before it began, and all that is not in the process, such as what is in a pipe.

// build is one way in which ykmfa runs.
type build struct {
	name, program string
	godebug       string
	some          bool // not every kind of secret is tried
}

// builds are ykmfa as every toolchain builds it, with the processor's instructions for hashing and without, where hashing
// uses more of the stack; and as it is built where the runtime helps with wiping.
func builds(t *testing.T) []build {
	t.Helper()
	list := bothWays("plain", filepath.Join(bin, "ykmfa"))
	c := exec.Command("go", "build", "-o", filepath.Join(t.TempDir(), "ykmfa"), "ykmfa/cmd/ykmfa")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOEXPERIMENT=runtimesecret")
	switch out, err := c.CombinedOutput(); {
	case err == nil:
		list = append(list, bothWays("runtimesecret", c.Args[3])...)
	case !bytes.Contains(out, []byte("unknown GOEXPERIMENT")):
		t.Fatalf("building: %v\n%s", err, out)
	}
	return list
}

func bothWays(name, program string) []build {
	return []build{
		{name: name, program: program},
		{name: name + ", hashing without help", program: program, godebug: ",cpu.all=off", some: true},
	}
}

// secretIn is one way in which a secret is kept.
type secretIn struct {
	name   string
	bytes  int
	text   func(letters string) string
	flags  []string
	source string // what the reference is: %s is the file that has the text
	tool   string // the password manager that a reference of another scheme than file: and cmd: runs
	stdin  bool
	bare   bool // there is no backup to compute from later
}

func plain(letters string) string { return letters }

func uri(letters string) string {
	return "otpauth://totp/Example:alice?issuer=Example&secret=" + letters + "&digits=8"
}

// in wraps a text in what a manager prints, with NAME and TEXT in their places.
func in(format string, text func(string) string) func(string) string {
	return func(letters string) string { return strings.ReplaceAll(format, "TEXT", text(letters)) }
}

var secretsIn = []secretIn{
	{name: "file", bytes: 20, text: plain, source: "file:%s"},
	{name: "short", bytes: 10, text: plain, source: "file:%s"},
	{name: "groups", bytes: 20, text: grouped, source: "file:%s"},
	{name: "uri", bytes: 32, text: uri, source: "file:%s", flags: []string{"--algorithm=SHA256"}},
	{name: "long", bytes: 64, text: plain, source: "file:%s", flags: []string{"--algorithm=SHA512"}},
	{name: "longer", bytes: 500, text: plain, source: "file:%s"},
	{name: "longer256", bytes: 131, text: uri, source: "file:%s", flags: []string{"--algorithm=SHA256"}},
	{name: "longest512", bytes: 5000, text: uri, source: "file:%s", flags: []string{"--algorithm=SHA512"}},
	{name: "hotp", bytes: 20, text: plain, source: "file:%s", flags: []string{"--hotp"}, bare: true},
	{name: "steam", bytes: 20, text: plain, source: "file:%s", flags: []string{"--issuer=Steam"}},
	{name: "stdin", bytes: 20, text: plain, source: "-", flags: []string{"--no-backup"}, stdin: true, bare: true},
	{name: "stdin-uri", bytes: 64, text: uri, source: "-", flags: []string{"--no-backup"}, stdin: true, bare: true},
	{name: "copied", bytes: 20, text: uri, source: "-", flags: []string{"--backup-to=file:copy.txt"}, stdin: true},
	{name: "cmd", bytes: 20, text: plain, source: "cmd:cat %s"},
	{name: "cmd-uri", bytes: 3000, text: uri, source: "cmd:cat %s"},
	{name: "pass", bytes: 20, text: in("hunter2\nuser: alice\ntotp: TEXT\n", plain), source: "pass", tool: "pass"},
	{name: "pass-uri", bytes: 64, text: in("hunter2\nTEXT\n", uri), source: "pass", tool: "pass"},
	{name: "lpass", bytes: 20, text: in(`[{"id":"1","name":"lpass","fullname":"lpass","username":"","password":"TEXT","url":"","note":"n"}]`, plain),
		source: "lpass", tool: "lpass"},
	{name: "lpass-note", bytes: 64, text: in(`[{"id":"1","name":"lpass-note","fullname":"x/lpass-note","username":"","password":"","url":"http://sn",`+
		`"note":"first\nTEXT\nlast"}]`, uri), source: "lpass", tool: "lpass"},
	{name: "bw", bytes: 20, text: in(`[{"id":"1","type":1,"name":"bw","login":{"totp":"TEXT"},"fields":[{"name":"x","value":"y"}]}]`, uri),
		source: "bw", tool: "bw"},
	{name: "op", bytes: 20, text: in(`{"id":"1","title":"op","fields":[{"id":"a","type":"OTP","label":"one-time password","value":"TEXT","totp":"123456"}]}`, uri),
		source: "op", tool: "op"},
	{name: "hcvault", bytes: 20, text: in(`{"data":{"data":{"totp":"TEXT","user":"alice"},"metadata":{"version":1}}}`, plain),
		source: "hcvault:secret/hcvault", tool: "vault"},
	{name: "aws", bytes: 20, text: in("{\"totp\":\"TEXT\"}\n", plain), source: "aws-sm:aws", tool: "aws"},
}

// TestMemory: at the end of add, and of code in software, the secret is not in memory.
func TestMemory(t *testing.T) {
	m := newMachine(t)
	if err := os.Mkdir(filepath.Join(m.home, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	m.env = append(m.env, "PATH="+filepath.Join(m.home, "bin")+":"+os.Getenv("PATH"))
	for _, b := range builds(t) {
		k, remove := m.insert(virtualkey.Options{Serial: 12345678}, 0)
		for _, s := range secretsIn {
			if b.some && s.tool != "" {
				continue
			}
			t.Run(b.name+"/"+s.name, func(t *testing.T) {
				m.t = t
				newWatch(m, b, s.bytes).addAndCode(s)
			})
		}
		m.t = t
		remove()
		k.Close()
		os.RemoveAll(filepath.Join(m.home, "config"))
	}
}

// addAndCode puts an account on the key, and computes its code.
func (w *watch) addAndCode(s secretIn) {
	w.t.Helper()
	w.keep(s)
	ref := strings.ReplaceAll(s.source, "%s", filepath.Join(w.home, s.name+".txt"))
	w.clean(0, append([]string{"add", s.name, "--account", s.name, "--secret-from", ref}, s.flags...)...)
	if s.bare {
		return
	}
	w.stdin = nil
	w.clean(0, "code", s.name, "--software")
	w.clean(0, "verify", "--backups", s.name)
}

// TestMemoryOfFailure: nor is it there when a command fails after it has read the secret.
func TestMemoryOfFailure(t *testing.T) {
	m := newMachine(t)
	for _, b := range builds(t) {
		t.Run(b.name, func(t *testing.T) {
			m.t = t
			os.RemoveAll(filepath.Join(m.home, "config"))
			w := newWatch(m, b, 20)
			w.keep(secretIn{name: "aws", text: uri})
			w.clean(3, "add", "aws", "--secret-from", "file:aws.txt") // there is no key
			k, remove := m.insert(virtualkey.Options{Serial: 12345678}, 0)
			defer k.Close()
			defer remove()
			w.clean(0, "add", "aws", "--secret-from", "file:aws.txt")
			w.clean(2, "add", "other", "--secret-from", "file:aws.txt", "--digits", "9")
			w.clean(1, "add", "other", "--secret-from", "file:aws.txt") // the id is taken
			w.secret = randomSecret(20)
			w.keep(secretIn{name: "aws", text: uri})
			w.clean(7, "add", "aws") // the key has another secret
			w.clean(7, "verify", "aws")
			w.file("aws.txt", "otpauth://totp/a?digits=x&secret="+letters(w.secret))
			w.clean(8, "code", "aws", "--software")
			w.file("aws.txt", letters(w.secret)+"1")
			w.clean(8, "code", "aws", "--software")
		})
	}
}

func randomSecret(size int) []byte {
	secret := make([]byte, size)
	rand.Read(secret)
	return secret
}

// watch runs a program whose memory is looked at.
type watch struct {
	*machine
	program string
	secret  []byte
	stdin   []byte
}

// newWatch makes the program run without being interrupted at random, whenever another goroutine wants to run: at such a
// moment the system saves the registers to where only the build with runtimesecret wipes them, and that not at once.
func newWatch(m *machine, b build, size int) *watch {
	w := &watch{machine: &machine{}, program: b.program, secret: randomSecret(size)}
	*w.machine = *m
	w.env = append(w.env[:len(w.env):len(w.env)], "GODEBUG=asyncpreemptoff=1"+b.godebug)
	return w
}

func letters(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// keep puts the secret where it is kept.
func (w *watch) keep(s secretIn) {
	w.t.Helper()
	text := s.text(letters(w.secret))
	w.file(s.name+".txt", text)
	os.Remove(filepath.Join(w.home, "copy.txt"))
	if s.stdin {
		w.stdin = []byte(text)
	}
	if s.tool != "" {
		script := fmt.Sprintf("#!/bin/sh\nexec cat '%s'\n", filepath.Join(w.home, s.name+".txt"))
		if err := os.WriteFile(filepath.Join(w.home, "bin", s.tool), []byte(script), 0o700); err != nil {
			w.t.Fatal(err)
		}
	}
}

// clean runs the program, which has to end with this exit status and to leave nothing behind.
func (w *watch) clean(status int, args ...string) {
	w.t.Helper()
	c := w.command(string(w.stdin), w.program, args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	atExit(w.t, c, nil, func(pid int) { w.nothing(pid, args) })
	if code := c.ProcessState.ExitCode(); code != status {
		w.t.Fatalf("ykmfa %q: exit status %d, not %d\n%s", args, code, status, &stderr)
	}
}

// nothing looks for the secret, and for a text that has to be there so that looking is known to work.
func (w *watch) nothing(pid int, args []string) {
	w.t.Helper()
	const name = "PCSCLITE_CSOCK_NAME="
	there := false
	for _, hit := range found(w.t, pid, append(traces(w.secret), pattern{name, []byte(name + w.pcscd.Socket)})) {
		if strings.HasPrefix(hit, name) {
			there = true
			continue
		}
		w.t.Errorf("ykmfa %q left behind: %s", args, hit)
	}
	if !there {
		w.t.Errorf("ykmfa %q: not even the environment was found in memory: looking does not work", args)
	}
}

// TestMemoryBefore: what TestMemory looks for is found where it has to be: in a program that has read what another one
// printed and waits for that to end, and in one that holds a secret until it has all of them. Interrupted, they wipe it.
func TestMemoryBefore(t *testing.T) {
	m := newMachine(t)
	m.writeConfig("accounts.toml", `aws = {id = "aws", backup = "file:aws.txt"}
slow = {id = "slow", backup = "cmd:sh slow.sh"}
`)
	for _, b := range builds(t) {
		t.Run(b.name, func(t *testing.T) {
			m.t = t
			w := newWatch(m, b, 20)
			w.file("aws.txt", uri(letters(w.secret)))
			w.file("slow.sh", "cat aws.txt; exec sleep 60")
			w.interrupted("base32", "add", "slow", "--secret-from", "cmd:sh slow.sh")
			w.file("slow.sh", "exec sleep 60")
			w.interrupted("the secret in words of 1", "code", "aws", "slow", "--software")
		})
	}
}

func (m *machine) writeConfig(name, text string) {
	m.t.Helper()
	dir := filepath.Join(m.home, "config", "ykmfa")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// interrupted looks into the program while it waits, until it finds the secret, and interrupts it.
func (w *watch) interrupted(form string, args ...string) {
	w.t.Helper()
	c := w.command("", w.program, args...)
	done := make(chan bool, 1)
	atExit(w.t, c, func(pid int) {
		deadline := time.Now().Add(20 * time.Second)
		there := false
		for !there && time.Now().Before(deadline) {
			hits := strings.Join(found(w.t, pid, traces(w.secret)), "\n")
			there = strings.Contains(hits, form)
		}
		unix.Kill(pid, unix.SIGINT)
		done <- there
	}, func(pid int) { w.nothing(pid, args) })
	if !<-done {
		w.t.Errorf("ykmfa %q: the secret is not found while the program holds it", args)
	}
}
