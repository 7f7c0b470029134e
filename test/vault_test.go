//go:build linux

package test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ykmfa/internal/virtualkey"
)

const words = "correct horse battery staple"

// vaultEnv is a vault of its own, whose passphrase is typed or comes from a program.
func vaultEnv(home string) []string { return []string{"XDG_DATA_HOME=" + home + "/data"} }

// onTerminalIn starts ykmfa on a virtual key and a terminal, with more in its environment.
func onTerminalIn(t *testing.T, home string, env, keyFlags, args []string) *console {
	t.Helper()
	argv := append(append([]string{"run", "--state=key.json", "--serial=12345678"}, keyFlags...), "--")
	cmd := exec.Command(filepath.Join(bin, "vkey"), append(argv, args...)...)
	cmd.Dir, cmd.Env = home, append(append(cleanEnv(home), vaultEnv(home)...), env...)
	return startConsole(t, cmd, false)
}

// TestVaultOnTerminal: a secret from a prompt, no backup, no vault: one is offered, and its recovery identity is shown once.
// What Debian's age opens with the passphrase, and with the identity that was shown, is the URI.
func TestVaultOnTerminal(t *testing.T) {
	need(t, "age", "age")
	home := t.TempDir()
	c := onTerminalIn(t, home, nil, nil, []string{"add", "aws", "--secret-from", "prompt"})
	c.expect("Make an encrypted vault for backups like this")
	c.typed("y\n")
	for _, question := range []string{"New passphrase for the vault:", "Again:"} {
		c.expect(question)
		c.awaitEcho(false)
		c.typed(words + "\n")
	}
	c.expect("Secret (base32 or otpauth URI)")
	c.awaitEcho(false)
	c.typed(s20 + "\n")
	if code := c.ended(); code != 0 || c.stdout.Len() > 0 {
		t.Fatalf("exit status %d, stdout %q, %s", code, c.stdout.String(), c.shown.String())
	}
	shown := c.shown.String()
	if !strings.Contains(shown, "aws: on YubiKey 12345678, proven equal to vault:aws") || strings.Contains(shown, words) || strings.Contains(shown, s20) {
		t.Errorf("shown: %s", shown)
	}
	identity := regexp.MustCompile(`AGE-SECRET-KEY-1[0-9A-Z]{58}`).FindString(shown)
	dir := filepath.Join(home, "data", "ykmfa", "vault")
	entry := filepath.Join(dir, "store", "aws.age")
	want := "otpauth://totp/aws?secret=" + s20

	cmd := exec.Command("age", "-d", "-i", filepath.Join(dir, "identities"), entry)
	a := startConsole(t, cmd, false)
	a.expect("passphrase")
	a.awaitEcho(false)
	a.typed(words + "\n")
	if code := a.ended(); code != 0 || a.stdout.String() != want {
		t.Errorf("age with the passphrase: exit status %d, %q, %s", code, a.stdout.String(), a.shown.String())
	}
	file := filepath.Join(home, "identity.txt")
	if err := os.WriteFile(file, []byte(identity+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("age", "-d", "-i", file, entry).Output(); string(out) != want {
		t.Errorf("age with the recovery identity: %q, %v", out, err)
	}

	// The second secret is not asked about, and takes no passphrase.
	c = onTerminalIn(t, home, nil, nil, []string{"add", "other", "--secret-from", "prompt"})
	c.expect("Secret (base32 or otpauth URI)")
	c.awaitEcho(false)
	c.typed(s32 + "\n")
	if code := c.ended(); code != 0 || strings.Contains(c.shown.String(), "assphrase") {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}

	// Reading asks once for all, again when it is wrong, and on stdout is the code alone.
	c = onTerminalIn(t, home, nil, nil, []string{"verify", "--backups"})
	for _, answer := range []string{"wrong", words} {
		c.expect("Passphrase of the vault:")
		c.forget()
		c.awaitEcho(false)
		c.typed(answer + "\n")
	}
	c.expect("2 of 2 backups readable and valid")
	if code := c.ended(); code != 0 || strings.Contains(c.shown.String(), "Passphrase of the vault:") {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
	c = onTerminalIn(t, home, nil, nil, []string{"code", "aws", "--software", "--at", "59"})
	for range 3 {
		c.expect("Passphrase of the vault:")
		c.forget()
		c.awaitEcho(false)
		c.typed("wrong\n")
	}
	if code := c.ended(); code != 8 || c.stdout.Len() > 0 || !strings.Contains(c.shown.String(), "the passphrase is wrong") {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
}

// script is a program that prints a text, for the environment variables that name one.
func (m *machine) script(text string) string {
	m.t.Helper()
	name := filepath.Join(m.t.TempDir(), "answer")
	if err := os.WriteFile(name, []byte(text+"\n"), 0o600); err != nil {
		m.t.Fatal(err)
	}
	return "cat " + name
}

// clearVault is a vault whose identities are not under a passphrase, as passage has them: it opens in no time.
func (m *machine) clearVault() (dir string) {
	m.t.Helper()
	need(m.t, "age-keygen", "age")
	dir = filepath.Join(m.home, "passage")
	if err := os.MkdirAll(filepath.Join(dir, "store"), 0o700); err != nil {
		m.t.Fatal(err)
	}
	m.env = append(m.env, "YKMFA_VAULT="+dir)
	identity := m.run("", "age-keygen").stdout
	public := m.run(identity, "age-keygen", "-y").stdout
	for name, text := range map[string]string{"identities": identity, "store/.age-recipients": "# recovery identity\n" + public} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			m.t.Fatal(err)
		}
	}
	return dir
}

// TestVaultKey: through pcscd, on every generation: a key is made in the first free slot, and opens what we write and what
// the real age 1.3 encrypts to its recipient; nothing else on the YubiKey changes. Lost, it opens nothing that is new.
func TestVaultKey(t *testing.T) {
	age := filepath.Join(t.TempDir(), "age")
	build := exec.Command("go", "build", "-o", age, "filippo.io/age/cmd/age")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("age 1.3: %v %s", err, out)
	}
	for _, firmware := range []string{"4.3.5", "5.4.3", "5.7.4"} {
		t.Run(firmware, func(t *testing.T) {
			m := newMachine(t)
			dir := m.clearVault()
			m.env = append(m.env, "YKMFA_PIV_PIN_COMMAND="+m.script("123456"))
			_, remove := m.insert(virtualkey.Options{Serial: 12345678, Firmware: firmware}, 0)
			m.file("aws.txt", s20)
			m.must("add", "aws", "--secret-from", "file:aws.txt", "--backup-to", "vault:aws")
			m.must("vault", "add-key", "--slot", "82", "--pin", "never", "--touch", "never") // somebody else's
			other := m.must("vault", "recipients")
			m.must("vault", "remove-key", "12345678", "--yes")
			m.must("vault", "add-key")
			list := m.must("vault", "recipients")
			if !strings.Contains(list, "YubiKey 12345678, slot 83") || strings.Contains(list, strings.Split(other, "\n")[1]) {
				t.Fatalf("recipients: %s", list)
			}
			recipient := strings.Split(strings.Split(list, "\n")[1], "\t")[0]
			if r := m.run("otpauth://totp/x?secret="+s32+"\n", age, "-r", recipient, "-o", filepath.Join(dir, "store", "x.age")); r.code != 0 {
				t.Fatalf("age 1.3: %s", r.stderr)
			}

			// Without the identity only the key opens the vault.
			identities := filepath.Join(dir, "identities")
			if err := os.Rename(identities, identities+".away"); err != nil {
				t.Fatal(err)
			}
			for name, secret := range map[string]string{"aws": s20, "x": s32} {
				if got := m.must("vault", "show", "--force", name); !strings.Contains(got, "secret="+secret) {
					t.Errorf("%s: %s", name, got)
				}
			}
			m.must("verify", "aws")
			m.must("code", "aws", "--software")
			remove()
			if r := m.ykmfa("vault", "show", "--force", "aws"); r.code != 4 || !strings.Contains(r.stderr, "plug in a YubiKey") {
				t.Errorf("without the key: exit status %d, %s", r.code, r.stderr)
			}

			// The key is lost: the identity opens the vault once more, and what is written then is not for the key.
			if err := os.Rename(identities+".away", identities); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(dir, "store", "x.age")); err != nil { // it was encrypted to the key alone
				t.Fatal(err)
			}
			m.must("vault", "remove-key", "12345678", "--yes")
			m.must("vault", "check")
			data, err := os.ReadFile(filepath.Join(dir, "store", "aws.age"))
			if err != nil || bytes.Contains(data, []byte("p256tag")) {
				t.Errorf("still encrypted to the lost key: %v\n%s", err, data)
			}
		})
	}
}

// TestVaultPIN: wrong PINs are counted where the user sees it, and the last try is not used up by accident.
func TestVaultPIN(t *testing.T) {
	home := t.TempDir()
	m := &machine{t: t, home: home, env: cleanEnv(home)}
	dir := m.clearVault()
	env := []string{"YKMFA_VAULT=" + dir}
	if err := os.WriteFile(filepath.Join(home, "aws.txt"), []byte(s20), 0o600); err != nil {
		t.Fatal(err)
	}
	c := onTerminalIn(t, home, env, nil, []string{"add", "aws", "--secret-from", "file:aws.txt", "--backup-to", "vault:aws"})
	if code := c.ended(); code != 0 {
		t.Fatal(c.shown.String())
	}
	c = onTerminalIn(t, home, env, nil, []string{"vault", "add-key"})
	c.expect("PIV PIN of YubiKey 12345678 (tries left: 3; Enter goes without):")
	c.awaitEcho(false)
	c.typed("999999\n")
	c.expect("(tries left: 2; Enter goes without):")
	c.awaitEcho(false)
	c.typed("12\n") // too short to be one: not sent
	c.expect("6 to 8")
	c.expect("(tries left: 2; Enter goes without):")
	c.awaitEcho(false)
	c.typed("999999\n")
	c.expect("One try is left before the PIN of YubiKey 12345678 is blocked. Use it? [y/N]")
	c.typed("n\n")
	if code := c.ended(); code != 1 || !strings.Contains(c.shown.String(), "not confirmed") {
		t.Fatalf("exit status %d, %s", code, c.shown.String())
	}
	c = onTerminalIn(t, home, env, nil, []string{"vault", "add-key", "--slot", "82"}) // made above, and used as it is
	c.expect("used as it is")
	c.expect("Use it? [y/N]")
	c.typed("y\n")
	c.expect("(tries left: 1; Enter goes without):")
	c.awaitEcho(false)
	c.typed("123456\n")
	c.expect("a recipient of the vault")
	if code := c.ended(); code != 0 {
		t.Fatalf("exit status %d, %s", code, c.shown.String())
	}

	// A script's PIN is tried once, not until the key is blocked.
	env = append(env, "YKMFA_PIV_PIN_COMMAND=echo 000000")
	if err := os.Remove(filepath.Join(dir, "identities")); err != nil {
		t.Fatal(err)
	}
	c = onTerminalIn(t, home, env, nil, []string{"vault", "show", "aws", "--force"})
	if code := c.ended(); code != 4 || !strings.Contains(c.shown.String(), "it is not tried again") || c.stdout.Len() > 0 {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
	env = append(env, "YKMFA_PIV_PIN_COMMAND=echo 123456")
	c = onTerminalIn(t, home, env, nil, []string{"vault", "show", "aws", "--force"})
	if code := c.ended(); code != 0 || !strings.Contains(c.stdout.String(), s20) {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}

	// Enter in place of the PIN goes on to the next way; here there is none.
	c = onTerminalIn(t, home, env[:1], nil, []string{"vault", "show", "aws", "--force"})
	c.expect("Enter goes without")
	c.awaitEcho(false)
	c.typed("\n")
	if code := c.ended(); code != 4 || !strings.Contains(c.shown.String(), "no PIN was given") || c.stdout.Len() > 0 {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}

	// Touch: asked for by name, and not given in time.
	c = onTerminalIn(t, home, env, []string{"--touch=never", "--touch-timeout=1s"}, []string{"vault", "show", "aws", "--force"})
	c.expect("Touch YubiKey 12345678 for the vault")
	if code := c.ended(); code != 5 || c.stdout.Len() > 0 {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
}
