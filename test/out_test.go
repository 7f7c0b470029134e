//go:build linux

package test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/displaytest"
)

// out is an account that goes out.
type out struct {
	name, issuer, who, secret, algorithm string
	hotp                                 bool
	digits, period, counter              int
}

func (o out) id() string {
	id := o.issuer + ":" + o.who
	if !o.hotp && o.period != 30 {
		id = strconv.Itoa(o.period) + "/" + id
	}
	return id
}

// uri is the otpauth URI as the Key URI format has it, with only what differs from its defaults.
func (o out) uri() string {
	kind, rest := "totp", ""
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	label := url.PathEscape(o.issuer) + ":" + url.PathEscape(o.who) // & and + stand for themselves there: RFC 3986 section 3.3
	if o.algorithm != "SHA1" {
		rest += "&algorithm=" + o.algorithm
	}
	if o.digits != 6 {
		rest += fmt.Sprintf("&digits=%d", o.digits)
	}
	if o.hotp {
		kind, rest = "hotp", rest+fmt.Sprintf("&counter=%d", o.counter)
	} else if o.period != 30 {
		rest += fmt.Sprintf("&period=%d", o.period)
	}
	return "otpauth://" + kind + "/" + label + "?secret=" + o.secret + "&issuer=" + escape(o.issuer) + rest
}

func encode32(raw string) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(raw))
}

// outs are accounts of every kind, of which the first plain ones are the plainest.
func outs(n, plain int) (list []out) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		o := out{name: fmt.Sprintf("a%d", i), issuer: fmt.Sprintf("Sérvice & %d", i), who: fmt.Sprintf("alice+%d@example.org", i), algorithm: "SHA1", digits: 6, period: 30}
		raw := make([]byte, 10+i)
		for j := range raw {
			raw[j] = byte(r.Uint32())
		}
		o.secret = encode32(string(raw))
		if i >= plain {
			o.algorithm, o.digits = []string{"SHA1", "SHA256", "SHA512"}[i%3], []int{6, 8}[i%2]
			o.hotp, o.counter = i%5 == 0, 100+i
		}
		list = append(list, o)
	}
	return list
}

// keeps is a machine with a vault that has these accounts, and no key. Its account file is written as people would.
func keeps(t *testing.T, list []out) *machine {
	t.Helper()
	m := &machine{t: t, home: t.TempDir()}
	m.env = append(cleanEnv(m.home), "PCSCLITE_CSOCK_NAME="+m.home+"/nowhere", "TMPDIR="+t.TempDir())
	m.clearVault()
	m.writeText("config/ykmfa/accounts.toml", accountFile(list))
	for _, o := range list {
		m.file(o.name+".txt", o.uri())
	}
	return m
}

func accountFile(list []out) string {
	var text strings.Builder
	for _, o := range list {
		fmt.Fprintf(&text, "[%s]\nid = %q\nbackup = \"file:%s.txt\"\nalgorithm = %q\ndigits = %d\n", o.name, o.id(), o.name, o.algorithm, o.digits)
		if o.hotp {
			fmt.Fprintf(&text, "type = \"HOTP\"\ncounter = %d\n", o.counter)
		} else {
			fmt.Fprintf(&text, "period = %d\n", o.period)
		}
	}
	return text.String()
}

func (m *machine) writeText(name, text string) {
	m.t.Helper()
	name = filepath.Join(m.home, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) read(name string) string {
	m.t.Helper()
	data, err := os.ReadFile(filepath.Join(m.home, name))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(data)
}

func urisOf(list []out) (all []string) {
	for _, o := range list {
		all = append(all, o.uri())
	}
	slices.Sort(all)
	return all
}

func sortedLines(text string) []string {
	all := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	slices.Sort(all)
	return all
}

// secretFree fails when a text holds a piece of a secret.
func secretFree(t *testing.T, what, text string, list []out) {
	t.Helper()
	for _, o := range list {
		if strings.Contains(text, o.secret[:12]) {
			t.Errorf("%s holds the secret of %s: %s", what, o.name, text)
		}
	}
}

func awsOut(letters int) out {
	return out{name: "aws", issuer: "Amazon Web Services", who: "alice@123456789012", secret: strings.Repeat("GEZDGNBVGY3TQOJQ", letters/16), algorithm: "SHA1", digits: 6, period: 30}
}

// TestShowOnScreen: a real xterm of 80 x 24, dark and light: zbarimg and our own reader read the code off its screen.
func TestShowOnScreen(t *testing.T) {
	screen := displaytest.Start(t)
	for _, n := range []int{32, 64} {
		o := awsOut(n)
		m := keeps(t, []out{o})
		for theme, colours := range map[string][]string{"dark": {"-bg", "black", "-fg", "white"}, "light": {"-bg", "#fdf6e3", "-fg", "#657b83"}} {
			end := m.xterm(screen, append(colours, "-fs", "10", "-geometry", "80x24+0+0"), filepath.Join(bin, "ykmfa"), "show", "aws", "--qr")
			shot := filepath.Join(m.home, theme+".png")
			if got := m.seen(screen, shot); got != o.uri() {
				t.Errorf("%d letters, %s: zbarimg reads %q", n, theme, got)
			}
			end()
			var report struct{ Entries []struct{ ID, State string } }
			if err := json.Unmarshal([]byte(m.must("import", shot, "--dry-run", "--no-key", "--json")), &report); err != nil {
				t.Fatal(err)
			}
			if len(report.Entries) != 1 || report.Entries[0].ID != o.id() || report.Entries[0].State != "known" {
				t.Errorf("%d letters, %s: our reader reads %+v", n, theme, report)
			}
		}
	}
}

// TestShowFits: a code that takes all lines waits for Enter; one that leaves a line does not; one that does not fit is not
// drawn, and both sizes are named.
func TestShowFits(t *testing.T) {
	o := awsOut(64)
	m := keeps(t, []out{o})
	for _, want := range []struct {
		columns, lines int
		waits          bool
	}{{80, 24, true}, {80, 60, false}, {200, 25, false}} {
		c := m.onScreen(want.columns, want.lines, "show", "aws", "--qr")
		if want.waits {
			c.awaitDrawn(24)
			c.typed("\n")
		}
		code := c.ended()
		m.writeText("screen.pgm", string(drawn(c.shown.String())))
		if got := m.zbar(filepath.Join(m.home, "screen.pgm")); code != 0 || got != o.uri() {
			t.Errorf("%+v: exit status %d, zbarimg reads %q", want, code, got)
		}
		secretFree(t, "the terminal", c.shown.String(), []out{o})
	}
	for _, c := range []*console{m.onScreen(80, 23, "show", "aws", "--qr"), m.onScreen(46, 24, "show", "aws", "--qr")} {
		code, shown := c.ended(), c.shown.String()
		if code != 1 || !regexp.MustCompile(`the QR code needs 47 columns and 24 lines, and the terminal has (80 and 23|46 and 24)\r\n.*--qr=FILE.png`).MatchString(shown) || strings.Contains(shown, "\x1b[38") {
			t.Errorf("exit status %d, %s", code, shown)
		}
	}
	// The real program takes notice of interrupts after its first 5 ms only: nobody types as fast as this test.
	c := m.programOnScreen(80, 24, "vkey", "run", "--state=key.json", "--serial=12345678", "--", "show", "aws", "--qr")
	c.awaitDrawn(24)
	c.typed("\x03")
	if code := c.ended(); code != 130 || !c.echoes() {
		t.Errorf("interrupted: exit status %d, echo %v", code, c.echoes())
	}
	if c := m.onScreen(80, 24, "show", "aws", "--uri"); c.ended() != 0 || !strings.HasSuffix(c.shown.String(), "\x1b[K"+o.uri()+"\r\n") {
		t.Errorf("shown %q", c.shown.String())
	}
}

// TestShowAgrees: what --uri prints, pyotp understands as oathtool computes it and ykmfa's own software does.
func TestShowAgrees(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's: the first on PATH may be another one
	if exec.Command(python, "-c", "import pyotp").Run() != nil {
		need(t, "pyotp", "python3-pyotp") // which is no program, and never there
	}
	list := []out{
		{"plain", "ACME", "alice", s20, "SHA1", false, 6, 30, 0},
		{"long", "ACME", "böb bøb", s64, "SHA512", false, 8, 60, 0},
		{"seven", "A-B", "alice@example.org", s32, "SHA256", false, 7, 15, 0},
		{"counts", "ACME", "counter", s20, "SHA1", true, 6, 30, 7},
		{"steam", "Steam", "dave", s20, "SHA1", false, 6, 30, 0},
	}
	m := keeps(t, list)
	const script = `
import sys, hmac, pyotp
o, at = pyotp.parse_uri(sys.stdin.read().strip()), int(sys.argv[1])
if isinstance(o, pyotp.HOTP): print(o.at(0))
elif o.issuer != "Steam": print(o.at(at))
else: # the same number as HOTP, written with other digits
    mac = hmac.new(o.byte_secret(), o.int_to_bytestring(at // 30), "sha1").digest()
    n, text = int.from_bytes(mac[mac[19] & 15:][:4], "big") & 0x7fffffff, ""
    for _ in range(5): n, text = n // 26, text + "23456789BCDFGHJKMNPQRTVWXY"[n % 26]
    print(text)
`
	for _, o := range list {
		uri := m.must("show", o.name, "--uri", "--force")
		if uri != o.uri() {
			t.Errorf("%s: %s\nwant %s", o.name, uri, o.uri())
		}
		if got := m.must("show", o.name, "--secret", "--force"); got != o.secret {
			t.Errorf("%s: --secret prints %q", o.name, got)
		}
		const at = 1111111111
		r := m.run(uri, python, "-c", script, strconv.Itoa(at))
		pyotp := strings.TrimSpace(r.stdout)
		flags := []string{"--totp=" + strings.ToLower(o.algorithm), "-d", strconv.Itoa(o.digits), "-s", strconv.Itoa(o.period), "--now", time.Unix(at, 0).UTC().Format("2006-01-02 15:04:05 UTC")}
		if o.hotp {
			flags = []string{"--hotp", "-c", strconv.Itoa(o.counter)}
		}
		if want := m.oathtool(o.secret, flags...); o.issuer != "Steam" && pyotp != want || pyotp == "" {
			t.Errorf("%s: pyotp %q, oathtool %q\n%s", o.name, pyotp, want, r.stderr)
		}
		if o.hotp {
			continue // software does not count
		}
		if got := m.must("code", o.name, "--software", "--at", strconv.Itoa(at)); got != pyotp {
			t.Errorf("%s: pyotp %q, ykmfa %q", o.name, pyotp, got)
		}
	}
}

// imported is what another machine has after an import, as URIs: names, terms and secrets.
func imported(t *testing.T, files ...string) []string {
	t.Helper()
	twin := keeps(t, nil)
	if r := twin.ykmfa(append([]string{"import", "--no-key"}, files...)...); r.code != 0 {
		t.Fatalf("import: exit status %d, %s", r.code, r.stderr)
	}
	return sortedLines(twin.must("export", "--to", "uris", "--force"))
}

// TestExport: 25 accounts in every format come back equal, from one file and from several pictures; protoc reads the migration
// as it was meant.
func TestExport(t *testing.T) {
	list := outs(25, 4)
	m := keeps(t, list)
	want := urisOf(list)
	at := func(name string) string { return filepath.Join(m.home, name) }
	for _, format := range []string{"uris", "aegis", "2fas"} {
		m.must("export", "--to", format, "-o", format)
		if got := imported(t, at(format)); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", format, got, want)
		}
	}
	totp := slices.DeleteFunc(slices.Clone(list), func(o out) bool { return o.hotp })
	r := m.ykmfa("export", "--to", "bitwarden", "-o", "bitwarden")
	if r.code != 1 || r.stdout != "" || !strings.Contains(r.stderr, "5 of 25 accounts left out: a0: ") && !strings.Contains(r.stderr, "of 25 accounts left out: a5: ") {
		t.Errorf("bitwarden: exit status %d, %s", r.code, r.stderr)
	}
	secretFree(t, "stderr", r.stderr, list)
	if got := imported(t, at("bitwarden")); !slices.Equal(got, urisOf(totp)) {
		t.Errorf("bitwarden:\n got %q\nwant %q", got, urisOf(totp))
	}

	m.must("export", "--to", "migration", "-o", "google.txt")
	m.must("export", "--to", "migration", "-o", "google.png")
	m.must("export", "--to", "migration", "-o", "google.SVG")
	m.must("export", "--to", "migration", "-o", "one.png", "a1", "a2")
	parts := strings.Split(strings.TrimSpace(m.read("google.txt")), "\n")
	if len(parts) < 3 {
		t.Fatalf("%d parts", len(parts))
	}
	var pictures []string
	for n := range parts {
		png, svg := at(fmt.Sprintf("google-%d.png", n+1)), at(fmt.Sprintf("google-%d.SVG", n+1))
		pictures = append(pictures, png)
		need(t, "rsvg-convert", "librsvg2-bin")
		if r := m.run("", "rsvg-convert", "-o", svg+".png", svg); r.code != 0 {
			t.Fatalf("rsvg-convert: %s", r.stderr)
		}
		for _, file := range []string{png, svg + ".png"} {
			if got := m.protoc(m.zbar(file)); !slices.Equal(got, m.protoc(parts[n])) {
				t.Errorf("%s: %q", file, got)
			}
		}
	}
	if files, _ := filepath.Glob(at("google*")); len(files) != 1+3*len(parts) {
		t.Errorf("files: %q", files)
	}
	for _, source := range [][]string{{at("google.txt")}, pictures} {
		if got := imported(t, source...); !slices.Equal(got, want) {
			t.Errorf("%q:\n got %q\nwant %q", source, got, want)
		}
	}
	if got := imported(t, at("one.png")); !slices.Equal(got, urisOf(list[1:3])) {
		t.Errorf("one picture: %q", got)
	}
	var got, fields []string
	for _, part := range parts {
		got = append(got, m.protoc(part)...)
	}
	for _, o := range list {
		fields = append(fields, o.migration())
	}
	if !slices.Equal(got, fields) {
		t.Errorf("protoc reads\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(fields, "\n"))
	}

	// A part that is in the way stops it, stays as it is, and leaves no other part.
	m.writeText("again-2.png", "mine")
	if r := m.ykmfa("export", "--to", "xyz", "-o", "x"); r.code != 2 || !strings.Contains(r.stderr, `no format "xyz"`) || !strings.Contains(r.stderr, "aegis") {
		t.Errorf("exit status %d, %s", r.code, r.stderr)
	}
	if r := m.ykmfa("export", "--to", "migration", "-o", "again.png"); r.code != 1 || !strings.Contains(r.stderr, "again-2.png is there already") || strings.Contains(r.stderr, "written") {
		t.Errorf("exit status %d, %s", r.code, r.stderr)
	}
	if files, _ := filepath.Glob(at("again*")); len(files) != 1 || m.read("again-2.png") != "mine" {
		t.Errorf("files: %q", files)
	}
}

// migration are the fields of an account in Google's message: see internal/transfer/testdata/migration.proto.
func (o out) migration() string {
	number := func(values map[string]int, key string) int { return values[key] }
	text := fmt.Sprintf("secret=%s name=%s issuer=%s algorithm=%d digits=%d", o.secret, o.who, o.issuer,
		number(map[string]int{"SHA1": 1, "SHA256": 2, "SHA512": 3}, o.algorithm), o.digits/2-2)
	if o.hotp {
		return text + fmt.Sprintf(" type=1 counter=%d", o.counter)
	}
	return text + " type=2"
}

// protoc decodes a migration URI with Google's own program: the fields of each account on a line.
func (m *machine) protoc(uri string) (accounts []string) {
	m.t.Helper()
	need(m.t, "protoc", "protobuf-compiler")
	u, err := url.Parse(strings.TrimSpace(uri))
	if err != nil || u.Scheme != "otpauth-migration" || u.Host != "offline" {
		m.t.Fatalf("%q: %v", uri, err)
	}
	data, err := base64.StdEncoding.DecodeString(u.Query().Get("data"))
	if err != nil {
		m.t.Fatal(err)
	}
	proto, err := filepath.Abs("../internal/transfer/testdata")
	if err != nil {
		m.t.Fatal(err)
	}
	r := m.run(string(data), "protoc", "--decode=Payload", "--proto_path="+proto, proto+"/migration.proto")
	if r.code != 0 {
		m.t.Fatalf("protoc: %s", r.stderr)
	}
	for _, block := range strings.Split(r.stdout, "accounts {")[1:] {
		block, _, _ = strings.Cut(block, "}\n")
		var fields []string
		for line := range strings.SplitSeq(strings.TrimSpace(block), "\n") {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if text, err := strconv.Unquote(strings.ReplaceAll(value, `\'`, "'")); err == nil {
				value = text
			}
			if name == "secret" {
				value = encode32(value)
			}
			fields = append(fields, name+"="+value)
		}
		accounts = append(accounts, strings.Join(fields, " "))
	}
	return accounts
}

// TestExportOnTerminal: one code after the other, with Enter between, each drawn so that it can be scanned.
func TestExportOnTerminal(t *testing.T) {
	list := outs(25, 25)
	m := keeps(t, list)
	c := m.onScreen(160, 90, "export", "--to", "migration")
	var scanned []string
	scan := func() {
		m.writeText("screen.pgm", string(drawn(c.shown.String())))
		scanned = append(scanned, m.zbar(filepath.Join(m.home, "screen.pgm")))
		c.forget()
	}
	for n := 1; n < 3; n++ {
		c.expect(fmt.Sprintf("Part %d of 3. Scan it, then press Enter for the next:", n))
		scan()
		c.typed("\n")
	}
	code := c.ended()
	if !strings.Contains(c.shown.String(), "25 accounts exported") || code != 0 {
		t.Errorf("exit status %d, %q", code, c.shown.String())
	}
	scan()
	m.writeText("scanned.txt", strings.Join(scanned, "\n")+"\n")
	if got := imported(t, filepath.Join(m.home, "scanned.txt")); !slices.Equal(got, urisOf(list)) {
		t.Errorf("scanned %q", scanned)
	}
	c = m.onScreen(80, 24, "export", "--to", "migration")
	if code := c.ended(); code != 1 || !strings.Contains(c.shown.String(), "and the terminal has 80 and 24") || !strings.Contains(c.shown.String(), "or -o FILE.png") {
		t.Errorf("exit status %d, %q", code, c.shown.String())
	}
	c = m.onScreen(80, 24, "export", "--to", "uris", "--encrypt", "age13jxamjkgnmmqqzd75wsff5etye4yahumw8pucvrrecue9yv2uuaqsgrctd")
	if code := c.ended(); code != 2 || !strings.Contains(c.shown.String(), "hint: -o FILE") {
		t.Errorf("exit status %d, %q", code, c.shown.String())
	}
}

// TestExportToKey: what is encrypted to a YubiKey, and to somebody with age besides, each of the two opens alone; it is more
// than one entry of a vault would hold.
func TestExportToKey(t *testing.T) {
	list := outs(25, 4)
	m := keeps(t, list)
	dir := filepath.Join(m.home, "passage")
	env := []string{"YKMFA_VAULT=" + dir, "YKMFA_PIV_PIN_COMMAND=echo 123456"}
	c := onTerminalIn(t, m.home, env, nil, []string{"vault", "add-key"})
	if code := c.ended(); code != 0 {
		t.Fatal(c.shown.String())
	}
	fields := strings.Fields(m.must("vault", "recipients"))
	to := slices.DeleteFunc(slices.Clone(fields), func(s string) bool { return !strings.HasPrefix(s, "age1") })
	if len(to) != 2 || !strings.HasPrefix(to[1], "age1tag1") {
		t.Fatalf("recipients %q", fields)
	}
	m.must("export", "--to", "uris", "-o", "clear.txt")
	for name, flags := range map[string][]string{"both.age": {"--encrypt", to[0], "--encrypt", to[1]}, "key.age": {"--encrypt", to[1]}} {
		m.must(append([]string{"export", "--to", "uris", "-o", name}, flags...)...)
	}
	opened := m.run("", "age", "-d", "-i", filepath.Join(dir, "identities"), "both.age")
	if want := m.read("clear.txt"); opened.stdout != want {
		t.Errorf("age opens %q, %s", opened.stdout, opened.stderr)
	}
	// For want of a plugin of age for virtual keys, the vault opens it, as an entry.
	if err := errors.Join(os.Rename(filepath.Join(m.home, "key.age"), filepath.Join(dir, "store", "key.age")), os.Remove(filepath.Join(dir, "identities"))); err != nil {
		t.Fatal(err)
	}
	c = onTerminalIn(t, m.home, env, nil, []string{"vault", "show", "key", "--force"})
	if code := c.ended(); code != 0 || c.stdout.String() != m.read("clear.txt") {
		t.Errorf("exit status %d, %q, %s", code, c.stdout.String(), c.shown.String())
	}
}

// waysOut are command lines that make a file.
func waysOut() map[string][]string {
	return map[string][]string{
		"x.png":  {"show", "a1", "--qr=%"},
		"x.svg":  {"export", "--to", "migration", "-o", "%", "a1"},
		"x.json": {"export", "--to", "aegis", "-o", "%"},
		"x.age":  {"export", "--to", "uris", "--encrypt", "age13jxamjkgnmmqqzd75wsff5etye4yahumw8pucvrrecue9yv2uuaqsgrctd", "-o", "%"},
		"x.pdf":  {"sheet", "--accounts", "-o", "%"},
		"x.html": {"sheet", "-o", "%"},
	}
}

func filled(args []string, file string) []string {
	args = slices.Clone(args)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "%", file)
	}
	return args
}

// TestOutPrivate: files are for their owner alone whatever the umask is, nothing is written anywhere else, and no secret is
// talked about.
func TestOutPrivate(t *testing.T) {
	need(t, "strace", "strace")
	list := outs(3, 3)
	m := keeps(t, list)
	call := regexp.MustCompile(`^\d+ +[a-z]+\(`)
	for name, args := range waysOut() {
		dir := filepath.Join(m.home, "to", name)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		trace := `umask 000; exec strace -f -qq -e trace=openat,creat,mkdirat,mkdir,link,linkat,rename,renameat -o "$0" "$@"`
		r := m.run("", "sh", append([]string{"-c", trace, filepath.Join(m.home, "trace"), filepath.Join(bin, "ykmfa")}, filled(args, filepath.Join(dir, name))...)...)
		info, err := os.Stat(filepath.Join(dir, name))
		if r.code != 0 || r.stdout != "" || err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: exit status %d, %s, %v, %v", name, r.code, r.stderr, info, err)
		}
		secretFree(t, name+": stderr", r.stderr, list)
		for line := range strings.Lines(m.read("trace")) {
			if !call.MatchString(line) { // the second half of one, or a thread that ends in the middle of nothing
				continue
			}
			writes := strings.Contains(line, "O_CREAT") || strings.Contains(line, "O_WRONLY") || strings.Contains(line, "O_RDWR") || !strings.Contains(line, "open")
			harmless := strings.Contains(line, `"/dev/`) || strings.Contains(line, "/state/")
			if writes && !harmless && !strings.Contains(line, `"`+dir+"/") && !strings.Contains(line, `"`+dir+`"`) {
				t.Errorf("%s: writes elsewhere: %s", name, line)
			}
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

// TestOutNoRoom: on a full disk, or one that cannot be written, the error says so in a line, and nothing is left.
func TestOutNoRoom(t *testing.T) {
	need(t, "unshare", "util-linux")
	list := outs(3, 3)
	m := keeps(t, list)
	disk := t.TempDir()
	unshare := []string{"-m", "sh", "-c"}
	if os.Geteuid() != 0 {
		unshare = []string{"-r", "-m", "sh", "-c"}
	}
	for state, prepare := range map[string]string{
		"no space left on device": `mount -t tmpfs -o size=64k none "$0" && ! head -c 100k /dev/zero 2>/dev/null >"$0/full" || exit 99`,
		"read-only file system":   `mount -t tmpfs -o size=64k none "$0" && >"$0/full" && mount -o remount,ro "$0" || exit 99`,
	} {
		for name, args := range waysOut() {
			script := prepare + `; "$@"; code=$?; ls -A "$0"; exit $code`
			r := m.run("", "unshare", slices.Concat(unshare, []string{script, disk, filepath.Join(bin, "ykmfa")}, filled(args, filepath.Join(disk, name)))...)
			if want := filepath.Join(disk, name) + ": not written: " + state + "\n"; r.code != 1 || r.stdout != "full\n" || !strings.Contains(r.stderr, want) || !strings.Contains(r.stderr, "hint: ") {
				t.Errorf("%s: exit status %d, left %q\n%s\nwant %s", name, r.code, r.stdout, r.stderr, want)
			}
		}
	}
}

// tree is every file below a directory: its content, mode and time.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		info, err2 := d.Info()
		fmt.Fprintf(&all, "%s %v %v %x\n", file, info.Mode(), info.ModTime(), data)
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestSheetAndBack: a vault with a passphrase, its sheet printed on either paper, and read back: the QR code is what age opens the
// entries with; the typed form, typed with a slip, brings the vault back when the passphrase is forgotten.
func TestSheetAndBack(t *testing.T) {
	for program, in := range map[string]string{"pdftoppm": "poppler-utils", "pdftotext": "poppler-utils", "age": "age"} {
		need(t, program, in)
	}
	m := &machine{t: t, home: t.TempDir()}
	m.env = append(cleanEnv(m.home), "PCSCLITE_CSOCK_NAME="+m.home+"/nowhere", "XDG_DATA_HOME="+m.home+"/data")
	c := m.onTerminal("vault", "init")
	for _, question := range []string{"New passphrase for the vault:", "Again:"} {
		c.expect(question)
		c.awaitEcho(false)
		c.typed(words + "\n")
	}
	if code := c.ended(); code != 0 {
		t.Fatal(c.shown.String())
	}
	shown := regexp.MustCompile(`AGE-SECRET-KEY-1[0-9A-Z]{58}`).FindString(c.shown.String())
	m.file("aws.txt", awsOut(32).uri())
	if r := m.run(awsOut(32).uri(), filepath.Join(bin, "ykmfa"), "import", "-", "--no-key"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	c = m.onTerminal("sheet", "-o", "sheet.pdf")
	c.expect("Passphrase of the vault:")
	c.awaitEcho(false)
	c.typed(words + "\n")
	if code := c.ended(); code != 0 || c.stdout.Len() > 0 || strings.Contains(c.shown.String(), "AGE-SECRET") {
		t.Fatalf("exit status %d, %s", code, c.shown.String())
	}
	if r := m.run("", "pdftoppm", "-gray", "-r", "150", "sheet.pdf", "page"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	if got := m.zbar(filepath.Join(m.home, "page-1.pgm")); got != shown || shown == "" {
		t.Fatalf("zbarimg reads %q, init showed %q", got, shown)
	}
	m.file("identity.txt", shown)
	dir := filepath.Join(m.home, "data", "ykmfa", "vault")
	if r := m.run("", "age", "-d", "-i", "identity.txt", filepath.Join(dir, "store", "aws.age")); r.stdout != awsOut(32).uri() {
		t.Errorf("age opens %q, %s", r.stdout, r.stderr)
	}
	page := m.run("", "pdftotext", "-layout", "sheet.pdf", "-").stdout
	if !strings.Contains(page, "ykmfa vault recover asks for lines 1 to 5 and for a new passphrase") {
		t.Errorf("the sheet says: %s", page)
	}
	typed := regexp.MustCompile(`(?m)^ +[1-5] +[0-9A-Z]{4} .*$`).FindAllString(page, -1)
	if len(typed) != 5 {
		t.Fatalf("%d typed lines: %s", len(typed), page)
	}

	// From the typed form in a file, on a machine that has nothing: the same identity.
	m.writeText("typed.txt", strings.Join(typed, "\n"))
	elsewhere := filepath.Join(m.home, "elsewhere")
	m.env = append(m.env, "YKMFA_NEW_VAULT_PASSPHRASE_COMMAND="+m.script(words))
	if r := m.run("", "env", "YKMFA_VAULT="+elsewhere, filepath.Join(bin, "ykmfa"), "vault", "recover", "--from", "typed.txt"); r.code != 0 || !strings.Contains(r.stderr, "made an empty vault in "+elsewhere) {
		t.Errorf("exit status %d, %s", r.code, r.stderr)
	}
	if public := m.run("", "age-keygen", "-y", "identity.txt").stdout; !strings.HasSuffix(m.read("elsewhere/store/.age-recipients"), public) || public == "" {
		t.Errorf("the recipient is %q", public)
	}
	m.env = m.env[:len(m.env)-1]

	// The passphrase is forgotten.
	before := tree(t, dir)
	c = m.onTerminal("vault", "recover")
	c.expect("Line 1:")
	c.typed(strings.ToLower(typed[0]) + "\n")
	c.expect("Line 2:")
	c.typed(strings.Join(strings.Fields(typed[1])[1:], "") + "\n") // without its number and blanks
	c.expect("Line 3:")
	c.forget()
	c.typed(slip(typed[2]) + "\n")
	c.expect("line 3 has a typing error\r\nLine 3:")
	if strings.Contains(tree(t, dir), "before") || tree(t, dir) != before {
		t.Error("something changed before the end")
	}
	for n, line := range typed[2:] {
		c.expect(fmt.Sprintf("Line %d:", n+3))
		c.typed("  " + strings.ReplaceAll(line, " ", "\t") + "  \n")
	}
	for _, question := range []string{"New passphrase for the vault:", "Again:"} {
		c.expect(question)
		c.awaitEcho(false)
		c.typed("another four good words\n")
	}
	c.expect("opens again, with the new passphrase")
	if code := c.ended(); code != 0 || c.stdout.Len() > 0 {
		t.Errorf("exit status %d, %s", code, c.shown.String())
	}
	kept := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(dir) + `/identities (.*)$`).FindStringSubmatch(before)
	if now := tree(t, dir); kept == nil || !strings.Contains(now, kept[1][strings.LastIndexByte(kept[1], ' '):]) {
		t.Error("the old identities are gone")
	}
	m.env = append(m.env, "YKMFA_VAULT_PASSPHRASE_COMMAND=echo another four good words")
	if got := m.must("vault", "show", "aws", "--force"); got != awsOut(32).uri() {
		t.Errorf("the vault opens to %q", got)
	}
}

// slip exchanges the first two neighbours that differ.
func slip(line string) string {
	b := []byte(line)
	at := bytes.LastIndexByte(b, ' ') - 14
	for i := max(at, 8); i+1 < len(b); i++ {
		if b[i] != b[i+1] && b[i] != ' ' && b[i+1] != ' ' {
			b[i], b[i+1] = b[i+1], b[i]
			return string(b)
		}
	}
	return line
}
