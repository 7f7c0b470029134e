//go:build linux

package test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ykmfa/internal/pcscdtest"
	"ykmfa/internal/virtualkey"
)

// Test secrets of RFC 6238: the digits 1234567890 repeated, in base32.
const (
	s20 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	s32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"
	s64 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA"
)

// machine is a user's machine: a pcscd, a home directory, and the programs.
type machine struct {
	t     *testing.T
	pcscd *pcscdtest.PCSCD
	home  string
	env   []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, pcscd: pcscdtest.Start(t), home: t.TempDir()}
	m.env = append(cleanEnv(m.home), "PCSCLITE_CSOCK_NAME="+m.pcscd.Socket)
	return m
}

// cleanEnv is the environment of a user who has set nothing, and who has no desktop session.
func cleanEnv(home string) []string {
	return append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home+"/config", "XDG_STATE_HOME="+home+"/state",
		"XDG_DATA_HOME="+home+"/data", "XDG_RUNTIME_DIR="+home, "YKMFA_ACCOUNTS=", "YKMFA_KEY=", "YKMFA_VAULT=", "DBUS_SESSION_BUS_ADDRESS=")
}

// insert makes a key and puts it into a slot of the reader.
func (m *machine) insert(o virtualkey.Options, slot int) (k *virtualkey.Key, remove func()) {
	m.t.Helper()
	k, err := virtualkey.Open(o)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { k.Close() })
	return k, m.pcscd.Put(m.t, k, slot)
}

// result is what a program left.
type result struct {
	stdout, stderr string
	code           int
}

// command is a program without a terminal.
func (m *machine) command(stdin, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env, c.Dir = m.env, m.home
	c.Stdin = strings.NewReader(stdin)
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return c
}

func (m *machine) run(stdin, name string, args ...string) result {
	m.t.Helper()
	var stdout, stderr bytes.Buffer
	c := m.command(stdin, name, args...)
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), c.ProcessState.ExitCode()}
}

// ykmfa runs the program under test.
func (m *machine) ykmfa(args ...string) result {
	m.t.Helper()
	return m.run("", filepath.Join(bin, "ykmfa"), args...)
}

// must runs ykmfa, which has to succeed, and returns its stdout without the last newline.
func (m *machine) must(args ...string) string {
	m.t.Helper()
	r := m.ykmfa(args...)
	if r.code != 0 {
		m.t.Fatalf("ykmfa %s: exit status %d\n%s", strings.Join(args, " "), r.code, r.stderr)
	}
	return strings.TrimSuffix(r.stdout, "\n")
}

// ykman runs Yubico's program on the key in the first slot.
func (m *machine) ykman(args ...string) string {
	m.t.Helper()
	return m.ykmanInput("", args...)
}

func (m *machine) ykmanInput(stdin string, args ...string) string {
	m.t.Helper()
	r := m.tryYkman(stdin, args...)
	if r.code != 0 {
		m.t.Fatalf("ykman %s: exit status %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return strings.TrimSuffix(r.stdout, "\n")
}

func (m *machine) tryYkman(stdin string, args ...string) result {
	m.t.Helper()
	need(m.t, "ykman", "yubikey-manager")
	return m.run(stdin, "ykman", append([]string{"-r", "CCID 00 00", "oath"}, args...)...)
}

// file writes a secret for file: references.
func (m *machine) file(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.home, name), []byte(text+"\n"), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// need skips a test whose program is not installed, but not under CI.
func need(t testing.TB, program, debianPackage string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", program)
	}
	t.Skipf("%s is not installed: apt install %s", program, debianPackage)
}

// oathtool computes a code, with the secret on its stdin.
func (m *machine) oathtool(secret string, args ...string) string {
	m.t.Helper()
	need(m.t, "oathtool", "oathtool")
	r := m.run(secret, "oathtool", append(args, "--base32", "-")...)
	if r.code != 0 {
		m.t.Fatalf("oathtool: %s", r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}
