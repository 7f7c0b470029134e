//go:build linux && cgo

package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ykmfa/internal/source/sourcetest"
	"ykmfa/internal/virtualkey"
)

// TestLastPass: the story, with the real lpass: the secret is in LastPass, the key breaks, and a new one is filled.
func TestLastPass(t *testing.T) {
	need(t, "lpass", "lastpass-cli")
	m := newMachine(t)
	m.env = append(m.env, sourcetest.LastPassHome(t, []sourcetest.Item{
		{Name: "aws", Group: "MFA", Username: "alice", Note: "otpauth://totp/Amazon%20Web%20Services:alice@123456789012?secret=" + s20 + "&issuer=Amazon%20Web%20Services"},
		{Name: "github", Password: s32},
		{Name: "twice", Group: "a", Password: s20},
		{Name: "twice", Group: "b", Password: s32},
		{Name: "nothing", Password: "hunter2"},
	})...)
	_, remove := m.insert(virtualkey.Options{Serial: 11111111}, 0)
	r := m.ykmfa("add", "aws", "--secret-from", "lpass")
	if r.code != 0 || r.stderr != "aws: on YubiKey 11111111, proven equal to lpass:aws\n" {
		t.Fatalf("exit status %d, %s", r.code, r.stderr)
	}
	m.must("add", "github", "--secret-from", "lpass:github")
	toml, err := os.ReadFile(filepath.Join(m.home, "config", "ykmfa", "accounts.toml"))
	if err != nil || !strings.Contains(string(toml), `id = "Amazon Web Services:alice@123456789012"`) || strings.Contains(string(toml), s20) {
		t.Errorf("account file: %s (%v)", toml, err)
	}
	sameStep(t, 30, func(errorf reporter) {
		if got, want := m.must("code", "aws"), m.oathtool(s20, "--totp"); got != want {
			errorf("code %s, oathtool %s", got, want)
		}
	})

	for name, want := range map[string]string{"twice": "twice", "nothing": "nothing", "missing": "missing"} {
		r := m.ykmfa("add", name, "--secret-from", "lpass")
		if r.code != 8 || r.stdout != "" || !strings.Contains(r.stderr, want) || !strings.Contains(r.stderr, "hint: ") {
			t.Errorf("%s: exit status %d, %s", name, r.code, r.stderr)
		}
		if strings.Contains(r.stderr, "hunter2") || strings.Contains(r.stderr, s20) {
			t.Errorf("%s: the error holds a secret: %s", name, r.stderr)
		}
	}

	if r := m.ykmfa("verify", "--backups"); r.code != 0 || r.stdout != "" || !strings.HasPrefix(r.stderr, "2 of 2 backups readable and valid, in ") {
		t.Errorf("exit status %d, stdout %q, %s", r.code, r.stdout, r.stderr)
	}
	remove() // crushed
	m.insert(virtualkey.Options{Serial: 22222222}, 0)
	r = m.ykmfa("restore")
	if r.code != 0 || !strings.Contains(r.stderr, "  aws     lpass:aws     written, proven\n") ||
		!strings.Contains(r.stderr, "\n2 written, 2 proven, in ") {
		t.Errorf("exit status %d, %s", r.code, r.stderr)
	}
	if got := m.must("code", "aws", "--at", "59"); got != "287082" {
		t.Errorf("on the new key: %s", got)
	}
}

// TestLastPassLocked: lpass has no saved key, and there is no terminal to ask for the master password.
func TestLastPassLocked(t *testing.T) {
	need(t, "lpass", "lastpass-cli")
	m := newMachine(t)
	home := t.TempDir()
	m.env = append(m.env, "LPASS_HOME="+home, "LPASS_DISABLE_PINENTRY=1")
	m.insert(virtualkey.Options{}, 0)
	r := m.ykmfa("add", "aws", "--secret-from", "lpass")
	if r.code != 8 || !strings.Contains(r.stderr, "hint: lpass login") {
		t.Errorf("exit status %d, %s", r.code, r.stderr)
	}
}

// TestPass: read from and write to the real pass, encrypted to a real key.
func TestPass(t *testing.T) {
	need(t, "pass", "pass")
	m := newMachine(t)
	m.env = append(m.env, sourcetest.PassStore(t, map[string]string{
		"mfa/aws": "hunter2\nlogin: alice\notpauth://totp/Amazon:alice?secret=" + s20 + "\n",
		"github":  s32 + "\n",
	})...)
	m.insert(virtualkey.Options{Serial: 11111111}, 0)
	m.must("add", "aws", "--secret-from", "pass:mfa/aws")
	m.must("add", "github", "--secret-from", "pass")
	if got := m.must("code", "aws", "--at", "59"); got != "287082" {
		t.Errorf("code %s", got)
	}

	r := m.run(s20, filepath.Join(bin, "ykmfa"), "add", "new", "--secret-from", "-", "--backup-to", "pass:mfa/new", "--issuer", "ACME")
	if r.code != 0 || !strings.Contains(r.stderr, "proven equal to pass:mfa/new") {
		t.Fatalf("exit status %d, %s", r.code, r.stderr)
	}
	if shown := m.run("", "pass", "show", "mfa/new"); !strings.Contains(shown.stdout, "otpauth://totp/ACME:new?secret="+s20) {
		t.Errorf("pass shows %q", shown.stdout)
	}
	m.must("add", "new")

	// What is there already is not overwritten.
	r = m.run(s32, filepath.Join(bin, "ykmfa"), "add", "other", "--secret-from", "-", "--backup-to", "pass:mfa/new")
	if r.code != 8 {
		t.Errorf("exit status %d, %s", r.code, r.stderr)
	}
	if shown := m.run("", "pass", "show", "mfa/new"); !strings.Contains(shown.stdout, s20) {
		t.Errorf("pass shows %q", shown.stdout)
	}
	if r := m.ykmfa("code", "other"); r.code != 6 {
		t.Errorf("exit status %d: it got onto the key without a backup", r.code)
	}
}
