//go:build linux

package test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ykmfa/internal/virtualkey"
)

// The memory of a program that ends is given back to the system, and until then others can find in it what was not wiped.
// These tests stop the real program at its very end and look for the secret in all of its memory. What is not looked
// for, because ykmfa cannot wipe it: a secret in the environment (env:VAR), which the system put into the memory of the
// process before it began, and all that is not in the process, such as what is in a pipe.

// programs are ykmfa as it is built by every toolchain, and as it is built where the runtime helps with wiping.
func programs(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{"plain": filepath.Join(bin, "ykmfa")}
	build := exec.Command("go", "build", "-o", filepath.Join(t.TempDir(), "ykmfa"), "ykmfa/cmd/ykmfa")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOEXPERIMENT=runtimesecret")
	switch out, err := build.CombinedOutput(); {
	case err == nil:
		list["runtimesecret"] = build.Args[3]
	case !bytes.Contains(out, []byte("unknown GOEXPERIMENT")):
		t.Fatalf("building: %v\n%s", err, out)
	}
	return list
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
	for build, program := range programs(t) {
		k, remove := m.insert(virtualkey.Options{Serial: 12345678}, 0)
		for _, s := range secretsIn {
			t.Run(build+"/"+s.name, func(t *testing.T) {
				m.t = t
				w := watch{m, program, randomSecret(t, s.bytes), nil}
				w.keep(s)
				ref := s.source
				if strings.Contains(ref, "%s") {
					ref = fmt.Sprintf(ref, filepath.Join(m.home, s.name+".txt"))
				}
				w.clean(append([]string{"add", s.name, "--force", "--account", s.name, "--secret-from", ref}, s.flags...)...)
				if !s.bare {
					w.stdin = nil
					w.clean("code", s.name, "--software")
					w.clean("verify", "--backups", s.name)
				}
			})
		}
		m.t = t
		remove()
		k.Close()
		os.RemoveAll(filepath.Join(m.home, "config"))
	}
}

func randomSecret(t *testing.T, size int) []byte {
	t.Helper()
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

// keep puts the secret where it is kept.
func (w *watch) keep(s secretIn) {
	w.t.Helper()
	text := s.text(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(w.secret))
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

// command is the program, with the name of an account among its arguments.
func (w *watch) start(args ...string) (c *exec.Cmd, stderr *bytes.Buffer) {
	c = w.machine.command(string(w.stdin), w.program, args...)
	stderr = &bytes.Buffer{}
	c.Stderr = stderr
	return c, stderr
}

// clean runs the program, which has to succeed and to leave nothing behind.
func (w *watch) clean(args ...string) {
	w.t.Helper()
	c, stderr := w.start(args...)
	atExit(w.t, c, nil, func(pid int) { w.nothing(pid, args[1]) })
	if code := c.ProcessState.ExitCode(); code != 0 {
		w.t.Fatalf("ykmfa %q: exit status %d\n%s", args, code, stderr)
	}
}

// nothing looks for the secret, and for a text that has to be there so that looking is known to work.
func (w *watch) nothing(pid int, there string) {
	w.t.Helper()
	for _, hit := range found(w.t, pid, traces(w.secret)) {
		w.t.Errorf("left behind: %s", hit)
	}
	if len(found(w.t, pid, []pattern{{"name", []byte(there + "\x00\x00\x00\x00")[:max(4, len(there))]}})) == 0 {
		w.t.Errorf("not even %q was found in memory: looking does not work", there)
	}
}

// TestMemoryBefore: what TestMemory looks for is found where it has to be: while a program waits for a backup to end that
// printed the secret already, and while it holds a secret to compute with it again. When that is interrupted, it is wiped.
func TestMemoryBefore(t *testing.T) {
	m := newMachine(t)
	for build, program := range programs(t) {
		t.Run(build, func(t *testing.T) {
			m.t = t
			w := watch{m, program, randomSecret(t, 20), nil}
			w.keep(secretIn{name: "aws", text: uri})
			toml := fmt.Sprintf("[aws]\nid = \"86400/aws\"\nperiod = 86400\nbackup = \"file:%s/aws.txt\"\n", m.home)
			m.writeConfig("accounts.toml", toml)
			w.clean("code", "aws", "--software")
			w.interrupted("waiting", "the secret", "code", "aws", "--software", "--fresh")
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

// interrupted waits until the program says something, looks for the secret, which has to be there, and interrupts it.
func (w *watch) interrupted(says, form string, args ...string) {
	w.t.Helper()
	c, _ := w.start(args...)
	read, write, err := os.Pipe()
	if err != nil {
		w.t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	c.Stderr = write
	done := make(chan []string, 1)
	atExit(w.t, c, func(pid int) {
		line, err := bufio.NewReader(read).ReadString('\n')
		if err != nil || !strings.Contains(line, says) {
			w.t.Errorf("it said %q (%v)", line, err)
		}
		done <- found(w.t, pid, traces(w.secret))
		unix.Kill(pid, unix.SIGINT)
	}, func(pid int) { w.nothing(pid, args[1]) })
	if hits := strings.Join(<-done, "\n"); !strings.Contains(hits, form) {
		w.t.Errorf("while the program holds the secret, it is found only as %s", hits)
	}
}
