//go:build linux

package test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"
	"filippo.io/age/plugin"
	"golang.org/x/crypto/chacha20poly1305"
)

// safe is a vault in a home, and the virtual key that commands find there.
type safe struct {
	*machine
	dir  string
	keys []string // flags of vkey
}

// newSafe has a vault whose identity is in the clear, with these entries.
func newSafe(t *testing.T, names ...string) *safe {
	t.Helper()
	home := t.TempDir()
	s := &safe{machine: &machine{t: t, home: home, env: cleanEnv(home)}, keys: []string{"--state=key.json", "--serial=12345678"}}
	s.dir = s.clearVault()
	s.file("s.txt", s20)
	for _, name := range names {
		s.ok("add", name, "--secret-from", "file:s.txt", "--backup-to", "vault:"+name, "--account", name)
	}
	return s
}

// do runs ykmfa without a terminal.
func (s *safe) do(args ...string) result {
	s.t.Helper()
	argv := append(append([]string{"run", "--touch-timeout=1500ms"}, s.keys...), "--")
	return s.run("", filepath.Join(bin, "vkey"), append(argv, args...)...)
}

func (s *safe) ok(args ...string) result {
	s.t.Helper()
	r := s.do(args...)
	if r.code != 0 {
		s.t.Fatalf("%q: exit status %d\n%s", args, r.code, r.stderr)
	}
	return r
}

// fails runs ykmfa, which has to fail with this exit status and say so.
func (s *safe) fails(code int, says string, args ...string) result {
	s.t.Helper()
	r := s.do(args...)
	if r.code != code || !strings.Contains(r.stderr, says) || !strings.Contains(r.stderr, "ykmfa: hint: ") {
		s.t.Errorf("%q: exit status %d, want %d and %q\n%s", args, r.code, code, says, r.stderr)
	}
	return r
}

// console starts ykmfa on a terminal.
func (s *safe) console(keyFlags []string, args ...string) *console {
	s.t.Helper()
	return onTerminalIn(s.t, s.home, s.env, keyFlags, args)
}

func (s *safe) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *safe) read(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

// away hides the identities until back.
func (s *safe) away() (back func()) {
	s.t.Helper()
	text := s.read("identities")
	if err := os.Remove(filepath.Join(s.dir, "identities")); err != nil {
		s.t.Fatal(err)
	}
	return func() { s.write("identities", text) }
}

// triesLeft is how many wrong PINs the key takes before it is blocked.
func (s *safe) triesLeft() int {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.home, "key.json"))
	var file struct {
		PIV struct{ PIN struct{ Tries int } }
	}
	if err == nil {
		err = json.Unmarshal(data, &file)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return file.PIV.PIN.Tries
}

// TestVaultAsksOnce: what is wrong for one entry is not tried again for the next: neither the PIN of a YubiKey, of which each
// costs a try, nor a passphrase, nor a program; and what is right is asked for once.
func TestVaultAsksOnce(t *testing.T) {
	s := newSafe(t, "a", "b", "c", "d")
	s.env = append(s.env, "YKMFA_PIV_PIN_COMMAND="+s.script("123456"))
	s.ok("vault", "add-key", "--pin", "always", "--touch", "always")
	s.ok("vault", "add-key", "--slot", "85") // two keys on one YubiKey have one PIN
	back := s.away()
	clear := s.env
	s.env = append(clear, "YKMFA_PIV_PIN_COMMAND="+s.script("999999"))
	if r := s.do("verify", "--backups"); r.code != 8 || s.triesLeft() != 2 {
		t.Fatalf("exit status %d, %d tries left\n%s", r.code, s.triesLeft(), r.stderr)
	}
	s.env = append(clear, "YKMFA_PIV_PIN_COMMAND=") // on a terminal
	c := s.console(nil, "verify", "--backups")
	c.expect("(tries left: 2; Enter goes without):")
	c.forget()
	c.awaitEcho(false)
	c.typed("123456\n")
	if code := c.ended(); code != 0 || strings.Contains(c.shown.String(), "PIN") || strings.Count(c.shown.String(), "for the vault") != 4 {
		t.Errorf("exit status %d: %s", code, c.shown.String())
	}

	// The PIN is blocked, or not given: the passphrase steps in.
	back()
	s.lockIdentities(10)
	c = s.console(nil, "verify", "--backups")
	for _, left := range []string{"3", "2"} {
		c.expect("(tries left: " + left + "; Enter goes without):")
		c.awaitEcho(false)
		c.typed("999999\n")
	}
	c.expect("One try is left")
	c.typed("n\n")
	c.expect("Passphrase of the vault:")
	c.forget()
	c.awaitEcho(false)
	c.typed(words + "\n")
	if code := c.ended(); code != 0 || strings.Contains(c.shown.String(), "assphrase") {
		t.Errorf("exit status %d: %s", code, c.shown.String())
	}

	// A wrong passphrase, from a program that leaves its mark each time.
	s.keys = []string{"--state=other.json", "--serial=23456789"}
	count := filepath.Join(s.home, "count")
	program := filepath.Join(s.home, "pass.sh")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho x >>"+count+"\necho wrong\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env, "YKMFA_VAULT_PASSPHRASE_COMMAND="+program)
	s.do("verify", "--backups")
	if data, _ := os.ReadFile(count); string(data) != "x\n" {
		t.Errorf("the program ran %d times", bytes.Count(data, []byte("x")))
	}
}

// lockIdentities puts the identities under the passphrase, with scrypt of this work factor.
func (s *safe) lockIdentities(work int) {
	s.t.Helper()
	r, err := age.NewScryptRecipient(words)
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetWorkFactor(work)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, r)
	if err == nil {
		_, err = w.Write([]byte(s.read("identities")))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("identities", out.String())
}

// TestVaultRecipientsFile: whatever stands in .age-recipients, no private half of it is shown, nobody loses access, and
// what cannot be is said before anything is changed.
func TestVaultRecipientsFile(t *testing.T) {
	s := newSafe(t, "a")
	s.env = append(s.env, "YKMFA_PIV_PIN_COMMAND="+s.script("123456"))
	good := s.read("store/.age-recipients")
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, says string }{
		"missing":      {"", "it is missing, or has none"},
		"empty":        {"\n# nobody\n", "it is missing, or has none"},
		"private":      {good + s.read("identities"), "a private identity"},
		"ssh":          {good + "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA/FenZ/57gW+roJr8DaWAE94QJapctVF4eBugQDOAFr\n", "ssh-ed25519 AAAAC3"},
		"post-quantum": {good + hybrid.Recipient().String() + "\n", "post-quantum"},
		"nonsense":     {good + "correct horse\n", "line 3: no recipient"},
	} {
		s.write("store/.age-recipients", c.text)
		if c.text == "" {
			if err := os.Remove(filepath.Join(s.dir, "store/.age-recipients")); err != nil {
				t.Fatal(err)
			}
		}
		shown := s.fails(8, c.says, "add", "x", "--secret-from", "file:s.txt", "--backup-to", "vault:x", "--account", "x").stderr
		shown += s.fails(1, c.says, "vault", "add-key").stderr
		shown += s.do("vault", "recipients").stdout + s.do("vault", "recipients", "--json").stdout
		shown += s.fails(1, c.says, "vault", "check").stderr
		if strings.Contains(shown, "AGE-SECRET-KEY") || strings.Contains(shown, "correct horse") {
			t.Errorf("%s: shown: %s", name, shown)
		}
		if r := s.do("vault", "show", "a", "--force"); !strings.Contains(r.stdout, s20) {
			t.Errorf("%s: cannot be read: %s", name, r.stderr)
		}
		if now, err := os.ReadFile(filepath.Join(s.dir, "store/.age-recipients")); string(now) != c.text {
			t.Errorf("%s: .age-recipients is now %q, %v", name, now, err)
		}
	}

	// With other line ends, comments of its owner, and a subfolder of its own.
	own := "# ours,\r\n# since 2024\r\n\r\n" + strings.TrimSpace(strings.Split(good, "\n")[1]) + "\r\n# the end"
	s.write("store/.age-recipients", own)
	if err := os.Mkdir(filepath.Join(s.dir, "store", "team"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.ok("vault", "add-key")
	added := s.read("store/.age-recipients")
	if !strings.HasPrefix(added, own+"\n# YubiKey 12345678, slot 82\nage1tag1") {
		t.Errorf("%q", added)
	}
	s.write("store/team/.age-recipients", added)
	s.ok("add", "t", "--secret-from", "file:s.txt", "--backup-to", "vault:team/t", "--account", "t")
	s.ok("vault", "remove-key", "12345678", "--yes")
	for _, file := range []string{"store/.age-recipients", "store/team/.age-recipients"} {
		if got := s.read(file); got != own+"\n" {
			t.Errorf("%s: %q", file, got)
		}
	}
	if strings.Contains(s.read("store/team/t.age"), "p256tag") {
		t.Error("the lost key opens what is in the subfolder")
	}
}

// TestVaultFiles: whatever lies where an entry, or the identities, should be, nothing hangs, and it is named.
func TestVaultFiles(t *testing.T) {
	s := newSafe(t, "a", "b", "z")
	store := filepath.Join(s.dir, "store")
	for _, err := range []error{
		syscall.Mkfifo(filepath.Join(store, "pipe.age"), 0o600),
		os.Mkdir(filepath.Join(store, "folder.age"), 0o700),
		os.Symlink("nowhere", filepath.Join(store, "nowhere.age")),
		os.Symlink("/dev/zero", filepath.Join(store, "zero.age")),
		os.Symlink("z.age", filepath.Join(store, "link.age")),
		os.WriteFile(filepath.Join(store, "empty.age"), nil, 0o600),
		os.WriteFile(filepath.Join(store, "b.age"), bytes.Repeat([]byte("x"), 1<<20), 0o600),
		os.Rename(filepath.Join(store, "a.age"), filepath.Join(store, "zero\u200bwidth -x.age")), // as another program may name it
		os.Chmod(filepath.Join(store, "z.age"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, says := range map[string]string{
		"pipe": "pipe.age is not a file", "zero": "zero.age is not a file", "nowhere": "leads nowhere", "folder": "", "empty": "damaged", "b": "damaged",
	} {
		if r := s.do("vault", "show", name, "--force"); r.code == 0 || !strings.Contains(r.stderr, says) || r.stdout != "" {
			t.Errorf("%s: exit status %d, %s", name, r.code, r.stderr)
		}
	}
	for _, name := range []string{"z", "link", "zero\u200bwidth -x"} {
		if r := s.ok("vault", "show", name, "--force"); !strings.Contains(r.stdout, s20) {
			t.Errorf("%s: %s", name, r.stderr)
		}
	}
	before := s.read("store/z.age")
	r := s.fails(1, "5 of 8 entries could not be encrypted anew, and are as they were: b: damaged", "vault", "rekey")
	for _, name := range []string{"pipe: ", "zero: ", "nowhere: ", "empty: "} {
		if !strings.Contains(r.stderr, name) {
			t.Errorf("%q is not named: %s", name, r.stderr)
		}
	}
	if info, err := os.Stat(filepath.Join(store, "z.age")); err != nil || info.Mode().Perm() != 0o600 || s.read("store/z.age") == before {
		t.Errorf("z was not encrypted anew after b had failed: %v %v", info.Mode(), err)
	}
	if info, err := os.Lstat(filepath.Join(store, "link.age")); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Error("the link is none any more")
	}
	if r := s.fails(8, "6 of 8 entries not as they should be", "vault", "check"); !strings.Contains(r.stderr, `zero\u200bwidth -x": vault: has a character`) {
		t.Errorf("a name that no reference can have: %s", r.stderr)
	}
	for _, name := range []string{"pipe", "zero", "nowhere", "empty", "b"} { // all that is damaged can go
		s.ok("vault", "remove", name, "--force", "--yes")
	}
	s.ok("vault", "rekey")
	s.ok("add", "Z", "--secret-from", "file:s.txt", "--backup-to", "vault:Z", "--account", "Z")
	s.fails(8, `"Z" and "z" differ only in capitals`, "vault", "check")
	s.fails(8, "not a name for an entry", "add", "x", "--secret-from", "file:s.txt", "--backup-to", "vault:a/.x")
	var shown struct{ Name, Text string }
	if err := json.Unmarshal([]byte(s.ok("vault", "show", "z", "--force", "--json").stdout), &shown); err != nil || !strings.Contains(shown.Text, s20) {
		t.Errorf("%+v, %v", shown, err)
	}

	identities := s.read("identities")
	for name, c := range map[string]struct{ text, says string }{
		"empty":   {"", "nobody here can open it"},
		"comment": {"# nothing\r\n", "nobody here can open it"},
		"huge":    {strings.Repeat("# x\n", 1<<18), "larger than"},
		"bad":     {"AGE-SECRET-KEY-1QQQ\n", "line 1 is no identity"},
	} {
		s.write("identities", c.text)
		if r := s.do("vault", "show", "z", "--force"); r.code == 0 || !strings.Contains(r.stderr, c.says) || strings.Contains(r.stderr, "KEY-1QQQ") {
			t.Errorf("identities %s: exit status %d, %s", name, r.code, r.stderr)
		}
	}
	s.write("identities", strings.ReplaceAll("\n"+identities, "\n", "\r\n"))
	s.ok("vault", "show", "z", "--force")
	s.write("identities", "age-encryption.org/v1\n-> scrypt "+strings.Repeat("A", 22)+" 30\n"+strings.Repeat("A", 43)+"\n--- "+strings.Repeat("A", 43)+"\n"+strings.Repeat("x", 48))
	s.env = append(s.env, "YKMFA_VAULT_PASSPHRASE_COMMAND=false")
	s.fails(4, `work factor "30", at most 20`, "vault", "show", "z", "--force")
	if err := os.Remove(filepath.Join(s.dir, "identities")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(s.dir, "identities"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.fails(1, "identities is not a file", "vault", "show", "z", "--force")
}

// TestVaultLinks: identities and recipients that are links stay links: what they lead to is changed.
func TestVaultLinks(t *testing.T) {
	s := newSafe(t, "a")
	s.lockIdentities(10)
	for _, name := range []string{"identities", "store/.age-recipients", "store"} {
		if err := os.Rename(filepath.Join(s.dir, name), filepath.Join(s.home, "real-"+filepath.Base(name))); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(s.home, "real-"+filepath.Base(name)), filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(s.env, "YKMFA_PIV_PIN_COMMAND="+s.script("123456"), "YKMFA_VAULT_PASSPHRASE_COMMAND="+s.script(words),
		"YKMFA_NEW_VAULT_PASSPHRASE_COMMAND="+s.script("four other good words"))
	s.ok("vault", "add-key")
	s.ok("vault", "passphrase")
	for _, name := range []string{"identities", "store/.age-recipients", "store"} {
		if info, err := os.Lstat(filepath.Join(s.dir, name)); err != nil || info.Mode().Type() != os.ModeSymlink {
			t.Errorf("%s is no link any more: %v", name, err)
		}
	}
	s.env = append(s.env, "YKMFA_VAULT_PASSPHRASE_COMMAND="+s.script("four other good words"))
	s.ok("vault", "check")
}

// TestVaultAddMeanwhile: while somebody is asked for the PIN, others can add; and the new entry is for the new key, too.
func TestVaultAddMeanwhile(t *testing.T) {
	s := newSafe(t, "a")
	c := s.console(nil, "vault", "add-key", "--touch", "never")
	c.expect("PIV PIN of YubiKey 12345678")
	c.awaitEcho(false)
	c.typed("123456\n")
	if code := c.ended(); code != 0 {
		t.Fatalf("exit status %d: %s", code, c.shown.String())
	}
	s.away()
	c = s.console(nil, "vault", "rekey")
	c.expect("PIV PIN of YubiKey 12345678")
	c.awaitEcho(false)
	s.keys = []string{"--state=other.json", "--serial=23456789"}
	s.ok("add", "b", "--secret-from", "file:s.txt", "--backup-to", "vault:b", "--account", "b")
	s.ok("vault", "remove", "a", "--force", "--yes")
	c.typed("123456\n")
	if code := c.ended(); code != 0 {
		t.Errorf("exit status %d: %s", code, c.shown.String())
	}
	if got := s.ok("vault", "list").stdout; got != "b\tb\n" {
		t.Errorf("entries: %s", got)
	}
}

// TestVaultInterrupted: Ctrl-C at each question ends the command, with the echo on again, and nothing half done.
func TestVaultInterrupted(t *testing.T) {
	s := newSafe(t, "a")
	s.lockIdentities(10)
	for _, c := range []struct {
		args  []string
		ask   string
		typed string // before the question
		echo  bool
	}{
		{[]string{"vault", "show", "a", "--force"}, "Passphrase of the vault:", "", false},
		{[]string{"vault", "passphrase"}, "New passphrase for the vault:", words + "\n", false},
		{[]string{"vault", "remove", "a", "--force"}, "for good? [y/N]", "", true},
		{[]string{"vault", "add-key"}, "PIV PIN of YubiKey 12345678", "", false},
		{[]string{"vault", "rekey"}, "Passphrase of the vault:", "", false},
	} {
		con := s.console(nil, c.args...)
		if c.typed != "" {
			con.expect("Passphrase of the vault:")
			con.awaitEcho(false)
			con.typed(c.typed)
		}
		con.expect(c.ask)
		con.awaitEcho(c.echo)
		con.typed("\x03")
		if code := con.ended(); code != 130 || con.stdout.Len() > 0 {
			t.Errorf("%q: exit status %d, %s", c.args, code, con.shown.String())
		}
		if !con.echoes() {
			t.Errorf("%q: the terminal is left without echo", c.args)
		}
	}
	s.env = append(s.env, "YKMFA_VAULT_PASSPHRASE_COMMAND="+s.script(words))
	s.ok("vault", "check")
}

// TestVaultTwoKeys: two YubiKeys are plugged in, of which both, one or none is a recipient.
func TestVaultTwoKeys(t *testing.T) {
	s := newSafe(t, "a")
	one, two := "--state=key.json", "--state=two.json"
	s.env = append(s.env, "YKMFA_PIV_PIN_COMMAND="+s.script("123456"))
	s.keys = []string{two, "--serial=23456789"}
	s.ok("keys")
	s.keys = []string{one, two}
	s.fails(2, "2 keys are plugged in", "vault", "add-key")
	s.ok("vault", "add-key", "--key", "23456789")
	back := s.away()
	s.ok("vault", "show", "a", "--force")
	s.keys = []string{one}
	s.fails(4, "nobody here can open it", "vault", "show", "a", "--force")
	back()
	s.keys = []string{one, two}
	s.ok("vault", "add-key", "--key", "12345678")
	s.away()
	for _, keys := range [][]string{{one, two}, {two, one}, {one}, {two}} {
		s.keys = keys
		s.ok("vault", "show", "a", "--force")
	}
}

// TestVaultManagementKey: one that somebody has changed is asked for, and old firmware that wants the PIN to show its slots
// gets it again after that.
func TestVaultManagementKey(t *testing.T) {
	for _, firmware := range []string{"4.3.5", "5.7.4"} {
		s := newSafe(t)
		s.keys = append(s.keys, "--firmware="+firmware)
		s.ok("add", "a", "--secret-from", "file:s.txt", "--backup-to", "vault:a")
		s.env = append(s.env, "YKMFA_PIV_PIN_COMMAND="+s.script("123456"))
		s.ok("vault", "add-key")
		s.ok("vault", "remove-key", "12345678", "--yes")
		data, err := os.ReadFile(filepath.Join(s.home, "key.json"))
		if err != nil {
			t.Fatal(err)
		}
		old := base64.StdEncoding.EncodeToString([]byte("\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08"))
		changed := bytes.Replace(data, []byte(old), []byte(base64.StdEncoding.EncodeToString([]byte("ABCDEFGHIJKLMNOPQRSTUVWX"))), 1)
		if bytes.Equal(changed, data) {
			t.Fatal("the management key is not in the state file")
		}
		if err := os.WriteFile(filepath.Join(s.home, "key.json"), changed, 0o600); err != nil {
			t.Fatal(err)
		}
		s.fails(1, "no terminal to ask on", "vault", "add-key")
		s.env = append(s.env, "YKMFA_PIV_KEY_COMMAND="+s.script("0102"))
		s.fails(4, "wrong management key", "vault", "add-key")
		s.env = append(s.env, "YKMFA_PIV_KEY_COMMAND="+s.script(fmt.Sprintf("%X", "ABCDEFGHIJKLMNOPQRSTUVWX")))
		if got := s.ok("vault", "add-key").stderr; !strings.Contains(s.read("store/.age-recipients"), "slot 83") {
			t.Errorf("%s: %s", firmware, got)
		}
	}
}

// TestVaultPluginYubikey: what age-plugin-yubikey has made is read: its identity in the clear, the files that it encrypted to
// age1yubikey1..., with the key in slot 82.
func TestVaultPluginYubikey(t *testing.T) {
	s := newSafe(t)
	s.env = append(s.env, "YKMFA_PIV_PIN_COMMAND="+s.script("123456"))
	s.ok("vault", "add-key", "--slot", "82")
	text := strings.Fields(strings.Split(s.read("store/.age-recipients"), "slot 82\n")[1])[0]
	_, point, err := plugin.ParseRecipient(text)
	if err != nil {
		t.Fatal(err)
	}
	s.ok("vault", "remove-key", "12345678", "--yes")

	tag := sha256.Sum256(point)
	identity := append(binary.LittleEndian.AppendUint32(nil, 12345678), append([]byte{0x82}, tag[:4]...)...)
	recipient := plugin.EncodeRecipient("yubikey", point)
	s.write("identities", "#       Serial: 12345678, Slot: 1\n#    Recipient: "+recipient+"\n"+plugin.EncodeIdentity("yubikey", identity)+"\n")
	s.write("store/.age-recipients", recipient+"\n")
	var out bytes.Buffer
	w, err := age.Encrypt(&out, pivP256{point})
	if err == nil {
		_, err = w.Write([]byte("otpauth://totp/x?secret=" + s32))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.write("store/x.age", out.String())
	if got := s.ok("vault", "show", "x", "--force").stdout; !strings.Contains(got, s32) {
		t.Errorf("%s", got)
	}
	s.write("store/.age-recipients", strings.Replace(s.read("identities"), "#", "# see", 1)) // the identity alone names the key
	if got := s.ok("vault", "show", "x", "--force").stdout; !strings.Contains(got, s32) {
		t.Errorf("%s", got)
	}
	s.write("store/.age-recipients", recipient+"\n")
	s.ok("add", "y", "--secret-from", "file:s.txt", "--backup-to", "vault:y", "--account", "y")
	s.ok("vault", "check")
}

// pivP256 encrypts as age-plugin-yubikey does.
type pivP256 struct{ point []byte }

func (r pivP256) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	public, err := uncompressed(r.point)
	if err != nil {
		return nil, err
	}
	ephemeral, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	shared, err := ephemeral.ECDH(public)
	if err != nil {
		return nil, err
	}
	b := ephemeral.PublicKey().Bytes()
	share := append([]byte{2 + b[64]%2}, b[1:33]...)
	key, err := hkdf.Key(sha256.New, shared, append(append([]byte{}, share...), r.point...), "piv-p256", 32)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	tag := sha256.Sum256(r.point)
	encode := base64.RawStdEncoding.EncodeToString
	return []*age.Stanza{{Type: "piv-p256", Args: []string{encode(tag[:4]), encode(share)}, Body: aead.Seal(nil, make([]byte, 12), fileKey, nil)}}, nil
}

// uncompressed solves y^2 = x^3 - 3x + b for the point of a compressed public key.
func uncompressed(point []byte) (*ecdh.PublicKey, error) {
	curve := elliptic.P256().Params()
	x := new(big.Int).SetBytes(point[1:])
	y := new(big.Int).Exp(x, big.NewInt(3), curve.P)
	y.Sub(y, new(big.Int).Mul(big.NewInt(3), x)).Add(y, curve.B).Mod(y, curve.P)
	y.ModSqrt(y, curve.P)
	if byte(y.Bit(0)) != point[0]&1 {
		y.Sub(curve.P, y)
	}
	b := make([]byte, 65)
	b[0] = 4
	x.FillBytes(b[1:33])
	y.FillBytes(b[33:])
	return ecdh.P256().NewPublicKey(b)
}

// TestVaultKilled kills add-key and what follows it with SIGKILL at each change of a name in the file system, that of the
// virtual key's state included: nothing is lost, and the same again finishes it, in the same slot.
func TestVaultKilled(t *testing.T) {
	need(t, "strace", "strace")
	master := newSafe(t, "a", "b/c")
	master.env = append(master.env, "YKMFA_PIV_PIN_COMMAND="+master.script("123456"))
	kills := 0
	for n, through := 1, 0; through < 2; n++ { // system calls are counted by thread: some numbers hit nothing
		home := t.TempDir()
		if err := os.CopyFS(home, os.DirFS(master.home)); err != nil {
			t.Fatal(err)
		}
		s := &safe{machine: &machine{t: t, home: home, env: append(master.env, "YKMFA_VAULT="+home+"/passage")}, dir: home + "/passage", keys: master.keys}
		const calls = "renameat,linkat,unlinkat,ftruncate"
		r := s.run("", "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+calls, "-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", calls, n),
			filepath.Join(bin, "vkey"), "run", "--state=key.json", "--", "vault", "add-key")
		if through++; r.code != 0 {
			through, kills = 0, kills+1
		}
		s.ok("vault", "show", "a", "--force")
		s.ok("vault", "add-key")
		s.away()
		for _, name := range []string{"a", "b/c"} {
			if got := s.ok("vault", "show", name, "--force").stdout; !strings.Contains(got, s20) {
				t.Errorf("killed at %d: %s: %s", n, name, got)
			}
		}
		if got := s.read("store/.age-recipients"); strings.Count(got, "slot 82\n") != 1 || strings.Count(got, "slot") != 1 {
			t.Errorf("killed at %d: %s", n, got)
		}
		if left, _ := filepath.Glob(s.dir + "/.add-key*"); len(left) > 0 {
			t.Errorf("killed at %d: left %q", n, left)
		}
	}
	if t.Logf("killed %d times", kills); kills < 5 {
		t.Error("that is too few")
	}
}

// TestVaultShowClean: an entry that somebody else wrote does not steer the terminal, and what is piped is what is there.
func TestVaultShowClean(t *testing.T) {
	need(t, "age", "age")
	s := newSafe(t)
	text := "first\nsecond\x1b]0;title\x07"
	if r := s.run(text, "age", "-R", filepath.Join(s.dir, "store", ".age-recipients"), "-o", filepath.Join(s.dir, "store", "x.age")); r.code != 0 {
		t.Fatal(r.stderr)
	}
	c := startConsole(t, s.command("", filepath.Join(bin, "ykmfa"), "vault", "show", "x"), true)
	if code := c.ended(); code != 0 || !strings.Contains(c.shown.String(), "first\r\nsecond\\x1b]0;title\\x07\r\n") {
		t.Errorf("exit status %d, %q", code, c.shown.String())
	}
	if got := s.ok("vault", "show", "x", "--force").stdout; got != text+"\n" {
		t.Errorf("%q", got)
	}
}
