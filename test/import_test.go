//go:build linux

package test

import (
	"bytes"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// importer is a machine without pcscd, with a vault in the clear: ykmfa runs on virtual keys in files.
func importer(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, home: t.TempDir()}
	m.env = append(cleanEnv(m.home), "PCSCLITE_CSOCK_NAME="+m.home+"/nowhere", "DISPLAY=", "WAYLAND_DISPLAY=", "YKMFA_IMPORT_PASSWORD_COMMAND=",
		"PASSWORD_STORE_DIR="+m.home+"/no-store")
	m.clearVault()
	return m
}

// vkey runs ykmfa on the key in key.json, or those that flags name.
func (m *machine) vkey(flags []string, args ...string) result {
	m.t.Helper()
	return m.run("", filepath.Join(bin, "vkey"), m.onVKey(flags, args)...)
}

func (m *machine) onVKey(flags, args []string) []string {
	if !strings.Contains(strings.Join(flags, " "), "--state") {
		flags = append([]string{"--state=key.json", "--serial=12345678"}, flags...)
	}
	return slices.Concat([]string{"run", "--touch-timeout=1500ms"}, flags, []string{"--"}, args)
}

// vkeyOnTerminal is vkey on a terminal of its own.
func (m *machine) vkeyOnTerminal(flags []string, args ...string) *console {
	m.t.Helper()
	cmd := exec.Command(filepath.Join(bin, "vkey"), m.onVKey(flags, args)...)
	cmd.Dir, cmd.Env = m.home, m.env
	return startConsole(m.t, cmd, false)
}

// expect checks how a command ended, and each text that it should have said, or with "!" in front, should not have.
func (r result) expect(t *testing.T, code int, said ...string) {
	t.Helper()
	all := r.stdout + r.stderr
	if r.code != code {
		t.Errorf("exit status %d, want %d:\n%s", r.code, code, all)
	}
	for _, text := range said {
		if unwanted, no := strings.CutPrefix(text, "!"); no == strings.Contains(all, strings.TrimPrefix(text, "!")) {
			t.Errorf("%q: unwanted %v, in\n%s", unwanted, no, all)
		}
	}
	if strings.Contains(all, "panic:") || strings.Contains(all, "goroutine ") {
		t.Errorf("it panics:\n%s", all)
	}
	for _, secret := range []string{s20[:20], "gezdgnbvgy3tqojq", "12345678901234567890", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA", "3132333435363738393031"} {
		if strings.Contains(all, secret) {
			t.Errorf("a secret is shown:\n%s", all)
		}
	}
}

// backups are the entries of the vault as Debian's age opens them: what each holds, in one line.
func (m *machine) backups() map[string]string {
	m.t.Helper()
	dir := filepath.Join(m.home, "passage")
	list := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, "store"), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".age" {
			return err
		}
		r := m.run("", "age", "-d", "-i", filepath.Join(dir, "identities"), file)
		if r.code != 0 {
			m.t.Errorf("age: %s: %s", file, r.stderr)
		}
		name, err := filepath.Rel(filepath.Join(dir, "store"), strings.TrimSuffix(file, ".age"))
		list[name] = m.uri(r.stdout)
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return list
}

// uri reads an otpauth URI by the rules of Google's Key URI format, with its defaults.
func (m *machine) uri(text string) string {
	m.t.Helper()
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "otpauth" {
		m.t.Errorf("no otpauth URI: %q", text)
		return ""
	}
	get := func(name, standard string) string {
		if v := u.Query().Get(name); v != "" {
			return v
		}
		return standard
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(get("secret", ""))
	if err != nil {
		m.t.Errorf("no secret: %v", err)
	}
	moving := get("period", "30") + "s"
	if u.Host == "hotp" {
		moving = "#" + get("counter", "")
	}
	return fmt.Sprintf("%s %s %s %s %s %s", strings.TrimPrefix(u.Path, "/"), u.Host, get("algorithm", "SHA1"), get("digits", "6"), moving, secret)
}

// What most of the exports hold, as the vault has it afterwards.
const (
	twenty    = "12345678901234567890"
	thirtyTwo = "12345678901234567890123456789012"
	alice     = "ACME:alice@example.com totp SHA1 6 30s " + twenty
	bob       = "Größe & Söhne:böb totp SHA256 8 60s " + thirtyTwo
	carol     = "carol hotp SHA1 6 #7 " + twenty
	dave      = "Steam:dave totp SHA1 6 30s " + twenty
)

// exports are the files in testdata of internal/transfer, with what a person finds in them who knows the program.
func exports() map[string][]string {
	four := []string{alice, bob, carol, dave}
	with := func(more ...string) []string { return append(four[:4:4], more...) }
	spaces := "spaces totp SHA1 6 30s " + twenty
	judy := "Old:judy totp SHA1 6 30s " + twenty
	pskc := []string{alice, bob, carol, "Yubico:4567 totp SHA512 6 30s 1234567890123456789012345678901234567890123456789012345678901234"}
	stratum := []string{alice, bob, "Counter hotp SHA1 6 #7 " + twenty, dave}
	return map[string][]string{
		"1password.1pux": four, "1password.csv": {alice}, "2fas-encrypted.2fas": four, "2fas-plain.2fas": four,
		"aegis-encrypted.json": four, "aegis-plain.json": four,
		"andotp-encrypted.bin": with(judy), "andotp-old.bin": with(judy), "andotp-plain.json": with(judy),
		"apple.csv": {alice}, "bitwarden-argon2id.json": with(spaces), "bitwarden-pbkdf2.json": with(spaces), "bitwarden-plain.json": with(spaces),
		"bitwarden-organization.csv": {alice}, "bitwarden.csv": {alice, bob, dave}, "dashlane.csv": {alice},
		"duo.json": {strings.TrimPrefix(alice, "ACME:"), carol}, "ente-encrypted.json": four, "ente-plain.txt": {alice, carol, dave},
		"freeotp-plus.json": with("first hotp SHA1 6 #0 "+twenty, "high totp SHA1 6 30s \xff\x80\x00\x7f1234567890123456"),
		"lastpass.csv":      {alice, bob},
		"migration-google.txt": {alice, strings.Replace(bob, "60s", "30s", 1), carol, // Google keeps no period
			"Example:dora totp SHA1 6 30s " + twenty},
		"proton.json": {alice, bob, dave}, "protonpass.csv": {alice, bob},
		"pskc-key.xml": pskc, "pskc-password.xml": pskc, "pskc-plain.xml": pskc,
		"pskc-rfc6030-figure2.xml": {"Issuer-A:12345678 hotp SHA1 6 #0 1234"},
		"pskc-rfc6030-figure6.xml": {"Issuer:12345678 hotp SHA1 8 #0 " + twenty},
		"pskc-rfc6030-figure7.xml": {"Example-Issuer:123456 hotp SHA1 8 #0 " + twenty},
		"stratum-old.authpro":      stratum, "stratum-plain.json": stratum, "stratum.stratum": stratum,
		"uris.txt": with("Steam:Steam totp SHA1 6 30s "+twenty, "entry 12 totp SHA1 6 30s "+twenty),
	}
}

// locked are the exports with a password, and what it is.
func locked() map[string]string {
	const key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	return map[string]string{
		"2fas-encrypted.2fas": "test", "aegis-encrypted.json": "test", "andotp-encrypted.bin": "test", "andotp-old.bin": "test",
		"bitwarden-argon2id.json": "test", "bitwarden-pbkdf2.json": "test", "ente-encrypted.json": "test", "stratum.stratum": "test",
		"stratum-old.authpro": "test", "pskc-password.xml": "test", "pskc-key.xml": key,
		"pskc-rfc6030-figure6.xml": thirtyTwo, "pskc-rfc6030-figure7.xml": "qwerty",
	}
}

const transferData = "../internal/transfer/testdata"

// give copies a fixture to where the user has it, under a name that says nothing.
func (m *machine) give(fixture, name string) {
	m.t.Helper()
	data, err := os.ReadFile(filepath.Join(transferData, fixture))
	if err != nil {
		m.t.Fatal(err)
	}
	m.write(name, data)
}

func (m *machine) write(name string, data []byte) {
	m.t.Helper()
	path := filepath.Join(m.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// TestImportFormats: every format is read by what is in it, and what it holds is in the vault afterwards as age opens it;
// nothing of it is shown. An encrypted one takes its password from a program; a wrong one, and nobody to ask, end with 4.
func TestImportFormats(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(transferData)
	if err != nil {
		t.Fatal(err)
	}
	want, passwords := exports(), locked()
	others := []string{"bitwarden-account.json", "keepassxc-old.csv", "secretstream.txt", "migration.proto"} // none of them can be imported
	for _, f := range files {
		if filepath.Ext(f.Name()) == ".py" || slices.Contains(others, f.Name()) {
			continue
		}
		if want[f.Name()] == nil {
			t.Errorf("%s: what is in it?", f.Name())
			continue
		}
		t.Run(f.Name(), func(t *testing.T) {
			t.Parallel()
			m := importer(t)
			m.give(f.Name(), "x.dat")
			if password := passwords[f.Name()]; password != "" {
				m.ykmfa("import", "x.dat", "--no-key", "--skip-bad").expect(t, 4, "YKMFA_IMPORT_PASSWORD_COMMAND", "x.dat: ")
				if f.Name() != "bitwarden-argon2id.json" && f.Name() != "ente-encrypted.json" { // a wrong one costs as much as the right one
					wrong := strings.Repeat("0", max(32, len(password)/2*2)) // as long as a key in hexadecimal
					m.env = append(m.env, "YKMFA_IMPORT_PASSWORD_COMMAND="+m.script(wrong))
					m.ykmfa("import", "x.dat", "--no-key", "--skip-bad").expect(t, 4, "the password is wrong", "!"+wrong, "hint: ")
				}
				m.env = append(m.env, "YKMFA_IMPORT_PASSWORD_COMMAND="+m.script(password))
			}
			if passwords[f.Name()] == "" {
				m.checkJSON(len(want[f.Name()]))
			}
			r := m.ykmfa("import", "x.dat", "--no-key", "--skip-bad")
			r.expect(t, 0, fmt.Sprintf("%s in the backup, and proven", number(len(want[f.Name()]), "account")), "!MZXW6", "!squeamish")
			m.checkBackups(want[f.Name()])
		})
	}
}

func number(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// checkBackups compares what is in the vault, and that the account file names each once, and holds no secret.
func (m *machine) checkBackups(want []string) {
	m.t.Helper()
	var got []string
	list := m.backups()
	accounts, err := os.ReadFile(filepath.Join(m.home, "config", "ykmfa", "accounts.toml"))
	if err != nil && len(want) > 0 {
		m.t.Error(err)
	}
	for name, text := range list {
		got = append(got, text)
		if n := bytes.Count(accounts, fmt.Appendf(nil, "backup = \"vault:%s\"\n", name)); n != 1 {
			m.t.Errorf("%s is %d times in the account file", name, n)
		}
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		m.t.Errorf("in the vault:\n%q\nwant\n%q", got, want)
	}
	if n := bytes.Count(accounts, []byte("backup = ")); n != len(want) || bytes.Contains(bytes.ToUpper(accounts), []byte(s20)) {
		m.t.Errorf("%d accounts on record, want %d:\n%s", n, len(want), accounts)
	}
}

// TestImportRefused: files that hold no account that could be read say why, and under which program's name.
func TestImportRefused(t *testing.T) {
	t.Parallel()
	m := importer(t)
	for file, said := range map[string]string{
		"bitwarden-account.json": "opens only in the account that it came from",
		"keepassxc-old.csv":      "no column of one-time passwords",
		"secretstream.txt":       "not a file of a known format",
		"migration.proto":        "hint: ykmfa import --help lists what can be read",
	} {
		m.give(file, "x.dat")
		m.ykmfa("import", "x.dat", "--no-key", "--skip-bad").expect(t, 1, said, "x.dat: ")
	}
	m.checkBackups(nil)
}

// TestImportAsked: the password of an export is asked for on the terminal, and not shown.
func TestImportAsked(t *testing.T) {
	t.Parallel()
	m := importer(t)
	m.give("aegis-encrypted.json", "x.dat")
	for _, one := range []struct {
		typed string
		code  int
		said  string
	}{{"wrong\n", 4, "the password is wrong"}, {"\x03", 130, "interrupted"}, {"test\n", 0, "4 accounts in the backup"}} {
		c := m.vkeyOnTerminal(nil, "import", "x.dat", "--no-key", "--skip-bad")
		c.expect("Password of the Aegis vault:")
		c.awaitEcho(false)
		c.typed(one.typed)
		if code := c.ended(); code != one.code || !strings.Contains(c.shown.String(), one.said) || strings.Contains(c.shown.String(), "wrong\r\n") {
			t.Errorf("%q: exit status %d, %s", one.typed, code, c.shown.String())
		}
	}
	m.checkBackups([]string{alice, bob, carol, dave})
}

// snapshot is everything below the home directory, byte by byte, with the modes.
func (m *machine) snapshot() map[string]string {
	m.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(m.home, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			text += " " + string(data)
		}
		all[file] = text
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return all
}

// unchanged compares with an earlier snapshot.
func (m *machine) unchanged(before map[string]string) {
	m.t.Helper()
	now := m.snapshot()
	for file, text := range now {
		if before[file] != text {
			m.t.Errorf("%s has changed, or is new", file)
		}
	}
	for file := range before {
		if _, there := now[file]; !there {
			m.t.Errorf("%s is gone", file)
		}
	}
}

// uris is a list of n URIs, each with a secret of its own.
func uris(n int) (text []byte, want []string) {
	for i := range n {
		secret := fmt.Sprintf("secret number %06d", i)
		encoded := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(secret))
		text = fmt.Appendf(text, "otpauth://totp/Service%%20%d:someone@example.org?secret=%s&issuer=Service%%20%d\n", i, encoded, i)
		want = append(want, fmt.Sprintf("Service %d:someone@example.org totp SHA1 6 30s %s", i, secret))
	}
	return text, want
}

// checkJSON: what --json prints is JSON, names so many new accounts, a reason for each of the others, and no secret.
func (m *machine) checkJSON(fresh int) {
	m.t.Helper()
	r := m.ykmfa("import", "x.dat", "--no-key", "--skip-bad", "--dry-run", "--json")
	r.expect(m.t, 0, "!MZXW6", "!squeamish")
	var report struct {
		Entries []struct {
			Where, Name, ID, Backup, State, Error string

			SameAs string `json:"same_as"`
		}
		DryRun bool `json:"dry_run"`
		Keys   []any
	}
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil {
		m.t.Fatalf("%v: %s", err, r.stdout)
	}
	for _, e := range report.Entries {
		switch e.State {
		case "new":
			fresh--
			if e.Name == "" || e.ID == "" || e.Backup != "vault:"+e.Name || e.Error != "" {
				m.t.Errorf("new: %+v", e)
			}
		case "bad", "cannot-be-stored":
			if e.Error == "" || e.Name != "" {
				m.t.Errorf("without a reason: %+v", e)
			}
		case "duplicate":
			if e.SameAs == "" {
				m.t.Errorf("the same as what? %+v", e)
			}
		default:
			m.t.Errorf("state %q", e.State)
		}
		if !strings.HasPrefix(e.Where, "line ") && !strings.HasPrefix(e.Where, "entry ") {
			m.t.Errorf("where is %q?", e.Where)
		}
	}
	if fresh != 0 || !report.DryRun || report.Keys == nil || len(report.Keys) > 0 {
		m.t.Errorf("%d new ones are not reported, or the rest is wrong: %s", fresh, r.stdout)
	}
}
