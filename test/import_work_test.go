//go:build linux

package test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/source/sourcetest"
	"ykmfa/internal/virtualkey"
)

// codes are the names of those accounts on the key whose code at 59 is that of RFC 6238's secret.
func (m *machine) codes(flags ...string) []string {
	m.t.Helper()
	r := m.vkey(flags, "code", "--hardware", "--at", "59")
	if r.code != 0 {
		m.t.Errorf("exit status %d: %s", r.code, r.stderr)
	}
	var names []string
	for line := range strings.Lines(r.stdout) {
		if name, ok := strings.CutSuffix(line, "\t287082\n"); ok {
			names = append(names, name)
		} else {
			m.t.Errorf("another code: %s", line)
		}
	}
	slices.Sort(names)
	return names
}

// same are n URIs with RFC 6238's secret.
func same(n int) (text []byte, names []string) {
	for i := range n {
		text = fmt.Appendf(text, "otpauth://totp/Service%%20%02d:me?secret=%s&issuer=Service%%20%02d\n", i, s20, i)
		names = append(names, fmt.Sprintf("service-%02d", i))
	}
	return text, names
}

// TestImportPlan: a plan changes no byte: not of the account file, the vault, the key, or what is remembered. It tells what
// is new, equal, different, the same twice, and what no key can hold.
func TestImportPlan(t *testing.T) {
	t.Parallel()
	m := importer(t)
	text, _ := same(3)
	m.write("three.txt", text)
	m.vkey(nil, "import", "three.txt").expect(t, 0, "3 written, 3 proven")
	other := strings.Replace(string(text), s20, "JBSWY3DPEHPK3PXP", 1)
	m.write("x.dat", []byte(other+"otpauth://totp/New:me?secret="+s20+"&issuer=New\notpauth://totp/New:me?issuer=New&secret="+s20+
		"\notpauth://totp/New:me?secret=JBSWY3DPEHPK3PXP&issuer=New\notpauth://totp/md5?algorithm=MD5&secret="+s20+
		"\notpauth://totp/"+strings.Repeat("long", 16)+"?secret="+s20+"&issuer=X\nnonsense\n"))
	before := m.snapshot()
	r := m.vkey(nil, "import", "x.dat", "--dry-run")
	r.expect(t, 7, "!JBSWY3DP")
	const on = " on YubiKey 12345678\n"
	want := "line 1\tservice-00\tService 00:me\ton record already; DIFFERENT, left as it is" + on +
		"line 2\tservice-01\tService 01:me\ton record already; there already and equal" + on +
		"line 3\tservice-02\tService 02:me\ton record already; there already and equal" + on +
		"line 4\tnew\tNew:me\tnew; would be written" + on +
		"line 5\t\tNew:me\tthe same as new\n" +
		"line 6\tnew-me\tNew:me 2\tnew; would be written" + on
	rest, ok := strings.CutPrefix(r.stdout, want)
	if !ok {
		t.Errorf("got\n%s\nwant\n%s", r.stdout, want)
	}
	result{stdout: rest}.expect(t, 0, "line 7\t", "left out: it asks for the algorithm MD5", "line 8\t", "the key keeps 64 of", "line 9\t\t\tBAD: it is no otpauth URI", "!nonsense")
	m.vkey(nil, "import", "x.dat", "--dry-run", "--json").expect(t, 7)
	m.unchanged(before)
	m.vkey(nil, "import", "x.dat").expect(t, 1, "1 of 9 entries cannot be read: nothing was imported")
	m.unchanged(before)
}

// TestImportSelect: a person chooses by numbers and ranges; nonsense is asked about again, Ctrl-C changes nothing.
func TestImportSelect(t *testing.T) {
	t.Parallel()
	m := importer(t)
	text, names := same(6)
	m.write("six.txt", append(text, text[:bytesOfLine(text)]...)) // the last is the first once more
	choose := func(args []string, answers ...string) *console {
		c := m.vkeyOnTerminal(nil, append([]string{"import", "six.txt", "--select"}, args...)...)
		for _, answer := range answers {
			c.expect("Enter for all 7):")
			c.forget()
			c.typed(answer)
		}
		return c
	}
	m.vkey(nil, "keys").expect(t, 0)
	before := m.snapshot()
	c := choose(nil, "\x03")
	if code := c.ended(); code != 130 {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
	m.unchanged(before)
	c = choose(nil, "two\n", "0\n", "3-2\n", "8\n", "2, 4-5\n")
	if code := c.ended(); code != 0 {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
	if got := m.codes(); !slices.Equal(got, []string{names[1], names[3], names[4]}) {
		t.Errorf("on the key: %q", got)
	}
	c = choose(nil, "7\n") // stands for the one that it is the same as
	if code := c.ended(); code != 0 {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
	if got := m.codes(); !slices.Equal(got, []string{names[0], names[1], names[3], names[4]}) {
		t.Errorf("on the key: %q", got)
	}
	c = choose([]string{"--only", "Service 0[1-5]*"})
	c.expect("Enter for all 5):")
	c.typed("\n")
	if code := c.ended(); code != 0 {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
	if got := m.codes(); !slices.Equal(got, names) {
		t.Errorf("on the key: %q", got)
	}
}

func bytesOfLine(text []byte) int { return strings.IndexByte(string(text), '\n') + 1 }

// TestImportFull: 40 accounts do not go onto a key for 32. Nothing is written, unless those are chosen that fit.
func TestImportFull(t *testing.T) {
	t.Parallel()
	m := importer(t)
	key := []string{"--state=old.json", "--serial=4350000", "--firmware=4.3.5"}
	text, names := same(40)
	m.write("forty.txt", text)
	m.vkey(key, "keys").expect(t, 0)
	before := m.snapshot()
	m.vkey(key, "import", "forty.txt").expect(t, 1, "8 of 40 accounts cannot go onto the key, and nothing was written", "32 of 32", "--only", "--skip-bad", "--no-key")
	m.vkey(key, "import", "forty.txt", "--dry-run").expect(t, 1, "32 accounts to write")
	for file := range before { // that there is such a key may be remembered
		if strings.HasPrefix(file, m.home+"/state/") {
			delete(before, file)
		}
	}
	now := m.snapshot()
	for file, text := range now {
		if !strings.HasPrefix(file, m.home+"/state/") && before[file] != text {
			t.Errorf("%s has changed, or is new", file)
		}
	}
	m.vkey(key, "import", "forty.txt", "--only", "Nothing*").expect(t, 1, "no account was found that --only wants")
	m.vkey(key, "import", "forty.txt", "--only", "Service 0*").expect(t, 0, "10 written, 10 proven")
	m.checkBackups(lines(names[:10]))
	m.vkey(key, "import", "forty.txt", "--skip-bad").expect(t, 1, "22 written, 32 proven", "8 of 40 accounts not restored")
	if got := m.codes(key...); !slices.Equal(got, names[:32]) {
		t.Errorf("on the key: %q", got)
	}
	m.checkBackups(lines(names[:32]))
	m.vkey(key, "import", "forty.txt", "--no-key").expect(t, 0, "40 accounts in the backup, and proven")
	m.checkBackups(lines(names))
	m.vkey([]string{"--state=big.json", "--serial=5740000"}, "restore").expect(t, 0, "40 written, 40 proven")
}

// lines are the accounts of same, as the vault has them.
func lines(names []string) (list []string) {
	for _, name := range names {
		list = append(list, "Service "+strings.TrimPrefix(name, "service-")+":me totp SHA1 6 30s "+twenty)
	}
	return list
}

// TestImportCounter: what counts codes comes with its counter. One that another program has put on the key is left alone: comparing it
// would use up a code of it.
func TestImportCounter(t *testing.T) {
	t.Parallel()
	m := importer(t)
	m.write("x.dat", []byte("otpauth://hotp/mine?secret="+s20+"&counter=5\notpauth://hotp/theirs?secret="+s20+"&counter=1\n"))
	m.file("secret.txt", s20)
	r := m.run("", "env", append([]string{"YKMFA_ACCOUNTS=" + m.home + "/theirs.toml", "XDG_STATE_HOME=" + m.home + "/theirs", filepath.Join(bin, "vkey")},
		m.onVKey(nil, []string{"add", "theirs", "--secret-from", "file:secret.txt", "--hotp", "--counter", "3"})...)...)
	r.expect(t, 0)
	for range 2 {
		m.vkey(nil, "import", "x.dat").expect(t, 1, "theirs: it is there already and counts codes (HOTP)", "left as it is")
	}
	m.checkBackups([]string{"mine hotp SHA1 6 #5 " + twenty})
	for name, want := range map[string]string{"mine": "254676", "theirs": "969429"} { // RFC 4226 appendix D, counts 5 and 3
		if got := m.vkey(nil, "code", name).stdout; got != want+"\n" {
			t.Errorf("%s: code %q, want %s", name, got, want)
		}
	}
	// A second key counts on from where the account file says, if that is later.
	accounts := filepath.Join(m.home, "config", "ykmfa", "accounts.toml")
	data, err := os.ReadFile(accounts)
	if err != nil || !strings.Contains(string(data), "counter = 5\n") {
		t.Fatalf("%s (%v)", data, err)
	}
	m.write("config/ykmfa/accounts.toml", []byte(strings.Replace(string(data), "counter = 5\n", "counter = 9\n", 1)))
	other := []string{"--state=other.json", "--serial=23456789"}
	m.vkey(other, "import", "x.dat", "--only", "mine").expect(t, 0, "1 written")
	if got := m.vkey(other, "code", "mine").stdout; got != "520489\n" {
		t.Errorf("code %q", got)
	}
	if data, err := os.ReadFile(accounts); err != nil || !strings.Contains(string(data), "counter = 9\n") {
		t.Errorf("account file: %s (%v)", data, err)
	}
}

// TestImportWithout: no backup, no key; then the one is made from the other.
func TestImportWithout(t *testing.T) {
	t.Parallel()
	m := importer(t)
	text, names := same(3)
	m.write("x.dat", text)
	m.vkey(nil, "import", "x.dat", "--no-backup").expect(t, 0, "3 written, 3 proven")
	if got := m.codes(); !slices.Equal(got, names) || len(m.backups()) > 0 {
		t.Errorf("on the key: %q, in the vault %q", got, m.backups())
	}
	m.vkey(nil, "import", "x.dat").expect(t, 0, "0 written, 3 proven") // what is there gets its backup
	m.checkBackups(lines(names))
	m.vkey([]string{"--state=new.json", "--serial=23456789"}, "restore").expect(t, 0, "3 written, 3 proven")

	m = importer(t)
	m.write("x.dat", text)
	m.ykmfa("import", "x.dat", "--no-key").expect(t, 0, "3 accounts in the backup")
	m.vkey(nil, "restore").expect(t, 0, "3 written, 3 proven")
	if got := m.codes(); !slices.Equal(got, names) {
		t.Errorf("on the key: %q", got)
	}
	m.env = append(m.env, "YKMFA_VAULT="+m.home+"/none")
	m.write("y.dat", []byte("otpauth://totp/y?secret="+s20))
	m.vkey(nil, "import", "y.dat").expect(t, 2, "there is no vault", "ykmfa vault init")
}

// TestImportToPass: into the real pass, which fails in the middle: what it has stays, and the next run completes it.
func TestImportToPass(t *testing.T) {
	t.Parallel()
	need(t, "pass", "pass")
	m := importer(t)
	m.env = append(m.env, sourcetest.PassStore(t, nil)...)
	text, names := same(4)
	m.write("x.dat", text)
	m.write("bin/pass", []byte(`#!/bin/sh
case "$*" in *insert*service-02*) if [ ! -e `+m.home+`/failed ]; then touch `+m.home+`/failed; echo "gpg: no space left" >&2; exit 1; fi ;; esac
exec /usr/bin/pass "$@"
`))
	if err := os.Chmod(filepath.Join(m.home, "bin/pass"), 0o700); err != nil {
		t.Fatal(err)
	}
	m.env = append(m.env, "PATH="+m.home+"/bin:"+bin+":"+os.Getenv("PATH"))
	m.vkey(nil, "import", "x.dat", "--backup-to", "pass:mfa/{}").expect(t, 8, "service-02", "2 of 4 have their backup now: run it again")
	m.vkey(nil, "code", "--hardware").expect(t, 0, "!service")
	m.vkey(nil, "import", "x.dat", "--backup-to", "pass:mfa/{}").expect(t, 0, "4 written, 4 proven")
	if got := m.codes(); !slices.Equal(got, names) {
		t.Errorf("on the key: %q", got)
	}
	for i, name := range names {
		r := m.run("", "pass", "show", "mfa/"+name)
		if got, want := m.uri(strings.TrimSpace(r.stdout)), lines(names)[i]; got != want {
			t.Errorf("%s: pass shows %q, want %q", name, got, want)
		}
	}
	m.vkey([]string{"--state=new.json", "--serial=23456789"}, "restore").expect(t, 0, "4 written, 4 proven")
}

// TestImportFromPass: the store of the real pass, whole, a folder of it, and the directory that it is in, by a link.
func TestImportFromPass(t *testing.T) {
	t.Parallel()
	need(t, "pass", "pass")
	env := sourcetest.PassStore(t, map[string]string{
		"mfa/acme": "hunter2\nlogin: alice\n" + aliceURI + "\n",
		"steam":    daveURI + "\n",
		"website":  "hunter2\nhttps://example.org\n",
		"mfa/bad":  "otpauth://totp/bad?secret=squeamish!\n",
	})
	machine := func() *machine { m := importer(t); m.env = append(m.env, env...); return m }
	m := machine()
	m.ykmfa("import", "pass:", "--no-key").expect(t, 1, "pass:mfa/bad, line 1", "1 of 3 entries cannot be read", "!hunter2", "!squeamish")
	m.checkBackups(nil)
	m.ykmfa("import", "pass:", "--no-key", "--skip-bad").expect(t, 0, "2 accounts in the backup", "!hunter2")
	m.checkBackups([]string{alice, dave})
	m = machine()
	m.ykmfa("import", "pass:mfa", "--no-key", "--skip-bad").expect(t, 0, "1 account in the backup")
	m.checkBackups([]string{alice})
	m.ykmfa("import", "pass:nothing", "--no-key").expect(t, 8, "no such folder in the password store")
	m = machine()
	store, _ := strings.CutPrefix(env[slices.IndexFunc(env, func(s string) bool { return strings.HasPrefix(s, "PASSWORD_STORE_DIR=") })], "PASSWORD_STORE_DIR=")
	if err := os.Symlink(store, filepath.Join(m.home, "store")); err != nil {
		t.Fatal(err)
	}
	m.env = append(m.env, "PASSWORD_STORE_DIR="+m.home+"/no-store")
	m.ykmfa("import", "store", "--no-key", "--skip-bad").expect(t, 0, "2 accounts in the backup")
	m.checkBackups([]string{alice, dave})
	m.env = append(m.env, "GNUPGHOME="+m.home) // whose keys are elsewhere
	m.ykmfa("import", "store", "--no-key", "--skip-bad").expect(t, 4, "store: pass:mfa/acme")
}

// TestImportKeePass: a database by the real keepassxc-cli, whose password comes from where those of exports do, or of KeePassXC's.
func TestImportKeePass(t *testing.T) {
	t.Parallel()
	db := sourcetest.KeePassXC(t, []sourcetest.KeePassEntry{
		// KeePassXC exports a URI with the names of the entry.
		{Group: "MFA", Title: "ACME", Fields: map[string]string{"otp": aliceURI, "UserName": "alice@example.com", "Password": "hunter2"}},
		{Title: "website", Fields: map[string]string{"Password": "hunter2"}},
	})
	data, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	m := importer(t)
	m.write("x.dat", data)
	m.ykmfa("import", "x.dat", "--no-key").expect(t, 4, "x.dat", "YKMFA_KEEPASSXC_PASSWORD_COMMAND")
	env := m.env
	m.env = append(env[:len(env):len(env)], "YKMFA_IMPORT_PASSWORD_COMMAND="+m.script("wrong"))
	m.ykmfa("import", "x.dat", "--no-key").expect(t, 4, "x.dat")
	m.env = append(env[:len(env):len(env)], "YKMFA_IMPORT_PASSWORD_COMMAND="+m.script(sourcetest.KeePassPassword))
	m.ykmfa("import", "x.dat", "--no-key").expect(t, 0, "1 account in the backup", "!hunter2", "!"+sourcetest.KeePassPassword)
	m.checkBackups([]string{alice})
	m = importer(t)
	m.write("x.dat", data)
	c := m.vkeyOnTerminal(nil, "import", "x.dat", "--no-key")
	c.expect("x.dat:")
	c.awaitEcho(false)
	c.typed(sourcetest.KeePassPassword + "\n")
	if code := c.ended(); code != 0 {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
	m.checkBackups([]string{alice})
}

// TestImportPulled: the key is pulled out at each of the commands. The next run finishes, and everything is there once.
func TestImportPulled(t *testing.T) {
	t.Parallel()
	text, names := same(2)
	for _, kind := range []string{"vanish", "cut"} {
		for n := 1; n <= 12; n++ {
			t.Run(fmt.Sprintf("%s@%d", kind, n), func(t *testing.T) {
				t.Parallel()
				m := importer(t)
				m.write("x.dat", text)
				r := m.vkey([]string{fmt.Sprintf("--fault=%s@%d", kind, n)}, "import", "x.dat")
				if r.code != 3 || !strings.Contains(r.stderr, "hint: ") {
					r.expect(t, 0, "2 written") // it was done before
					if n <= 10 {
						t.Errorf("command %d was never sent: %s", n, r.stderr)
					}
				}
				m.vkey(nil, "import", "x.dat").expect(t, 0, "2 proven")
				if got := m.codes(); !slices.Equal(got, names) {
					t.Errorf("on the key: %q", got)
				}
				m.checkBackups(lines(names))
			})
		}
	}
}

// TestImportInterrupted: Ctrl-C while the key waits for its touch ends it at once, and the next run finishes it.
func TestImportInterrupted(t *testing.T) {
	t.Parallel()
	m := importer(t)
	text, names := same(2)
	m.write("x.dat", append(text, "otpauth://hotp/counter?counter=5&secret="+s20...))
	c := m.vkeyOnTerminal([]string{"--touch=never", "--touch-timeout=10m"}, "import", "x.dat", "--touch")
	c.expect("Touch YubiKey 12345678 for Service 00:me")
	c.typed("\x03")
	if code := c.ended(); code != 130 || !strings.Contains(c.shown.String(), "interrupted") {
		t.Errorf("exit status %d, shown %q", code, c.shown.String())
	}
	m.vkey(nil, "import", "x.dat", "--touch").expect(t, 0, "1 written, 2 proven") // the first one waited to be proven
	m.checkBackups(append(lines(names), "counter hotp SHA1 6 #5 "+twenty))
	if got := m.vkey(nil, "code", "counter").stdout; got != "254676\n" {
		t.Errorf("code %q", got)
	}
}

// TestImportKilled: an import is killed at random moments until one comes through. Then everything is in the vault, in the
// account file and on the key, once.
func TestImportKilled(t *testing.T) {
	m := newMachine(t)
	dir := m.clearVault()
	const n = 12
	text, names := same(n)
	m.write("x.dat", text)
	k, _ := m.insert(virtualkey.Options{Serial: 12345678}, 0)
	m.ykmfa("keys").expect(t, 0)
	start := time.Now()
	m.ykmfa("import", "x.dat").expect(t, 0, "12 written, 12 proven")
	whole := time.Since(start)
	killed := 0
	for range 10 {
		m.must("reset", "--confirm", "12345678")
		entries, err := filepath.Glob(filepath.Join(dir, "store", "*.age"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range append(entries, filepath.Join(m.home, "config", "ykmfa", "accounts.toml")) {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		c := m.command("", filepath.Join(bin, "ykmfa"), "import", "x.dat")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(rand.N(whole), func() { c.Process.Kill() })
		if c.Wait() != nil {
			killed++
		}
		timer.Stop()
		k.ClearLog()
		m.ykmfa("import", "x.dat").expect(t, 0, "12 proven")
		codes := m.must("code", "--at", "59")
		if got := strings.Count(codes, "\t287082"); got != n || strings.Count(codes, "\n")+1 != n {
			t.Errorf("%d right codes of %d:\n%s", got, n, codes)
		}
		m.checkBackups(lines(names))
	}
	t.Logf("%d of 10 were killed, an import takes %v", killed, whole)
	if killed == 0 {
		t.Error("none was killed")
	}
}

// TestImportQuiet: no program that is run gets a secret by its arguments or its environment, and no file is opened for
// writing but those that are meant to change: nothing temporary elsewhere.
func TestImportQuiet(t *testing.T) {
	t.Parallel()
	need(t, "strace", "strace")
	need(t, "pass", "pass")
	m := importer(t)
	m.env = append(m.env, "YKMFA_IMPORT_PASSWORD_COMMAND="+m.script("test"))
	m.env = append(m.env, sourcetest.PassStore(t, nil)...)
	m.give("aegis-encrypted.json", "x.dat")
	m.picture("one.png", googlePart(1, 1, 0, "zoe"))
	written := regexp.MustCompile(`(?m)(?:openat\([^,]*, |creat\()"([^"]*)", [^)\n]*(?:O_WRONLY|O_RDWR|O_CREAT)`)
	for i, to := range []string{"vault:{}", "pass:mfa/{}"} {
		log := filepath.Join(t.TempDir(), "log")
		r := m.run("", "strace", "-f", "-v", "-s", "65536", "-o", log, "-e", "trace=execve,openat,creat",
			filepath.Join(bin, "ykmfa"), "import", "x.dat", "one.png", "--no-key", "--skip-bad", "--backup-to", to)
		r.expect(t, 0, "5 accounts in the backup")
		data, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		calls := string(data)
		if !strings.Contains(calls, "execve(") || !strings.Contains(calls, "accounts.toml") {
			t.Fatal("strace saw nothing")
		}
		for _, secret := range []string{s20, strings.ToLower(s20), s32[:40], twenty, "3132333435363738", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA"} {
			if at := strings.Index(calls, secret); at >= 0 {
				t.Errorf("%s: a secret is in a call: %.300s", to, calls[max(0, at-200):])
			}
		}
		for _, file := range written.FindAllStringSubmatch(calls, -1) {
			meant := slices.ContainsFunc([]string{m.home + "/passage/", m.home + "/config/ykmfa/", m.home + "/state/ykmfa/", "/dev/"},
				func(dir string) bool { return strings.HasPrefix(file[1], dir) })
			if !meant && i == 0 { // of pass, its own files are its own affair
				t.Errorf("opened for writing: %s", file[1])
			}
		}
		if i == 0 && !written.MatchString(calls) {
			t.Error("nothing was seen to be opened for writing")
		}
		if err := os.Remove(filepath.Join(m.home, "config", "ykmfa", "accounts.toml")); err != nil {
			t.Fatal(err)
		}
	}
}
