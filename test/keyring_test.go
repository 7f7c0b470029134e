//go:build linux

package test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestKeyring: a remembered password unlocks the key without a question, follows a change, and is forgotten. The
// keyring is a real one (gnome-keyring) on a session bus of the test's own.
func TestKeyring(t *testing.T) {
	for _, program := range []string{"dbus-run-session", "gnome-keyring-daemon", "secret-tool"} {
		need(t, program, "dbus, gnome-keyring, libsecret-tools")
	}
	m := &machine{t: t, home: t.TempDir()}
	m.env = cleanEnv(m.home)
	m.file("aws.txt", s20)
	m.file("one.txt", "correct horse")
	m.file("two.txt", "battery staple")
	script := `set -e
printf keyring | gnome-keyring-daemon --unlock --components=secrets >/dev/null
key() { ` + filepath.Join(bin, "vkey") + ` run --state key.json --serial 12345678 -- "$@"; }
key add aws --secret-from file:aws.txt
YKMFA_NEW_PASSWORD_COMMAND='cat one.txt' key password set --remember
echo "remembered: $(key code aws --at 59)"
key doctor | grep remembered
YKMFA_NEW_PASSWORD_COMMAND='cat two.txt' key password set
echo "changed: $(key code aws --at 59)"
secret-tool search --all service ykmfa 2>/dev/null | grep -c '^secret = '
key password forget
status=0; key code aws || status=$?
echo "forgotten: $status"
YKMFA_PASSWORD_COMMAND='cat one.txt' key password remember || echo "wrong: $?"
YKMFA_PASSWORD_COMMAND='cat two.txt' key password remember
echo "again: $(key code aws --at 59)"
key password clear
echo "cleared: $(key code aws --at 59)"
secret-tool search --all service ykmfa 2>/dev/null | grep -c '^secret = ' || true
`
	r := m.run("", "dbus-run-session", "--", "sh", "-c", script)
	if r.code != 0 {
		t.Fatalf("exit status %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	for _, want := range []string{"remembered: 287082", "which is remembered", "changed: 287082", "\n1\nforgotten: 4", "wrong: 4",
		"again: 287082", "cleared: 287082\n0\n"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in\n%s%s", want, r.stdout, r.stderr)
		}
	}
	if strings.Contains(r.stdout+r.stderr, "correct horse") || strings.Contains(r.stdout+r.stderr, "battery staple") {
		t.Error("a password was shown")
	}
}
