//go:build linux

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

// TestKeePassXC: the real keepassxc-cli, whose database's password comes from a program: there is no terminal here.
func TestKeePassXC(t *testing.T) {
	db := sourcetest.KeePassXC(t, []sourcetest.KeePassEntry{
		{Group: "MFA", Title: "aws", Fields: map[string]string{"otp": "otpauth://totp/Amazon:alice?secret=" + s20, "Password": "hunter2"}},
		{Group: "MFA", Title: "github", Fields: map[string]string{"Password": s32}},
	})
	m := newMachine(t)
	m.insert(virtualkey.Options{Serial: 11111111}, 0)
	r := m.ykmfa("add", "aws", "--secret-from", "keepassxc:"+db)
	if r.code != 8 || !strings.Contains(r.stderr, "YKMFA_KEEPASSXC_PASSWORD_COMMAND") {
		t.Errorf("without a password: exit status %d, %s", r.code, r.stderr)
	}
	m.file("password.txt", sourcetest.KeePassPassword)
	m.env = append(m.env, "YKMFA_KEEPASSXC_PASSWORD_COMMAND=cat "+filepath.Join(m.home, "password.txt"))
	m.must("add", "aws", "--secret-from", "keepassxc:"+db)
	m.must("add", "github", "--secret-from", "keepassxc:"+db+"#MFA/github")
	if got := m.must("code", "aws", "--at", "59"); got != "287082" {
		t.Errorf("code %s", got)
	}
	r = m.run(s20, filepath.Join(bin, "ykmfa"), "add", "new", "--secret-from", "-", "--backup-to", "keepassxc:"+db+"#MFA/new", "--issuer", "ACME")
	if r.code != 0 || !strings.Contains(r.stderr, "proven equal to keepassxc:"+db+"#MFA/new") {
		t.Fatalf("exit status %d, %s", r.code, r.stderr)
	}
	shown := m.run(sourcetest.KeePassPassword+"\n", "keepassxc-cli", "show", "-q", "-s", "-a", "password", db, "MFA/new")
	if !strings.Contains(shown.stdout, "otpauth://totp/ACME:new?secret="+s20) {
		t.Errorf("keepassxc-cli shows %q", shown.stdout)
	}
	r = m.run(s32, filepath.Join(bin, "ykmfa"), "add", "other", "--secret-from", "-", "--backup-to", "keepassxc:"+db+"#MFA/new")
	if r.code != 8 || !strings.Contains(r.stderr, "stays as it is") {
		t.Errorf("exit status %d, %s", r.code, r.stderr)
	}

	// A path relative to here is recorded so that it is found from anywhere.
	m.home = filepath.Dir(db)
	m.must("add", "relative", "--secret-from", "keepassxc:"+filepath.Base(db)+"#MFA/github", "--account", "relative")
	m.home = t.TempDir()
	m.must("add", "relative")
}

// TestKeyringEntries: a real keyring on a session bus of the test's own, together with secret-tool.
func TestKeyringEntries(t *testing.T) {
	for _, program := range []string{"dbus-run-session", "gnome-keyring-daemon", "secret-tool", "gdbus"} {
		need(t, program, "dbus, gnome-keyring, libsecret-tools, libglib2.0-bin")
	}
	m := &machine{t: t, home: t.TempDir()}
	m.env = cleanEnv(m.home)
	m.file("aws.txt", s20)
	m.file("other.txt", s32)
	script := `set -e
printf keyring | gnome-keyring-daemon --unlock --components=secrets >/dev/null
key() { ` + filepath.Join(bin, "vkey") + ` run --state key.json --serial 12345678 -- "$@"; }
fails() { status=0; key "$@" 2>&1 || status=$?; echo "exit $status"; }
cat aws.txt | secret-tool store --label=AWS service ykmfa username aws
key add aws --secret-from keyring
echo "code $(key code aws --at 59)"
key add new --secret-from - --backup-to keyring:new --issuer ACME <aws.txt
echo "tool: $(secret-tool lookup service ykmfa username new)"
fails add other --secret-from file:other.txt --backup-to keyring:new
echo "tool: $(secret-tool lookup service ykmfa username new)"
fails add none --secret-from keyring
printf x | secret-tool store --label=Twin service ykmfa username aws more attributes
fails add aws
gdbus call --session --dest org.freedesktop.secrets --object-path /org/freedesktop/secrets \
	--method org.freedesktop.Secret.Service.Lock "['/org/freedesktop/secrets/collection/login']" >/dev/null
fails add new
`
	r := m.run("", "dbus-run-session", "--", "sh", "-c", script)
	for _, want := range []string{"code 287082\n", "tool: otpauth://totp/ACME:new?secret=" + s20 + "&issuer=ACME\n",
		"keyring:new: has a different secret, which stays as it is", "keyring:none: no such entry", `"AWS" "Twin"`, "keyring:new: the keyring is locked"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in\n%s%s", want, r.stdout, r.stderr)
		}
	}
	if n := strings.Count(r.stdout, "exit 8\n"); r.code != 0 || n != 4 {
		t.Errorf("exit status %d, %d failures\n%s%s", r.code, n, r.stdout, r.stderr)
	}
	if r := m.run("", filepath.Join(bin, "vkey"), "run", "--", "add", "x", "--secret-from", "keyring"); r.code != 8 || !strings.Contains(r.stderr, "hint: ") {
		t.Errorf("without a bus: exit status %d, %s", r.code, r.stderr)
	}
}
