package transfer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/otpauth"
	"ykmfa/internal/source/sourcetest"
	"ykmfa/oath"
)

// Programs from outside that read what we write, and write what we read.

// run returns what a program prints.
func run(t *testing.T, stdin []byte, name string, args ...string) []byte {
	t.Helper()
	c := exec.Command(name, args...)
	c.Stdin = bytes.NewReader(stdin)
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, talk.String())
	}
	return out.Bytes()
}

// payloadText is a payload in the text format of protoc.
func payloadText(list []Entry, size, index int, id int64) []byte {
	var b bytes.Buffer
	octal := func(s []byte) string {
		var b strings.Builder
		for _, c := range s {
			fmt.Fprintf(&b, `\%03o`, c)
		}
		return b.String()
	}
	for _, e := range list {
		p := e.Params.WithDefaults()
		fmt.Fprintf(&b, "accounts { secret: \"%s\" name: \"%s\" issuer: \"%s\" algorithm: %d ", octal(p.Secret), octal([]byte(p.Account)),
			octal([]byte(p.Issuer)), map[oath.Algorithm]int{oath.SHA1: 1, oath.SHA256: 2, oath.SHA512: 3}[p.Algorithm])
		fmt.Fprintf(&b, "digits: %d type: %d counter: %d }\n", map[int]int{6: 1, 8: 2}[p.Digits], map[oath.Type]int{oath.HOTP: 1, oath.TOTP: 2}[p.Type], p.Counter)
	}
	fmt.Fprintf(&b, "version: 1 batch_size: %d batch_index: %d batch_id: %d\n", size, index, id)
	return b.Bytes()
}

// TestProtoc: what Google's own encoder makes of some accounts is what we write, byte for byte, and we read it.
func TestProtoc(t *testing.T) {
	sourcetest.Need(t, "protoc", "protobuf-compiler")
	protoc := func(text []byte) []byte {
		return run(t, text, "protoc", "--encode=Payload", "--proto_path=testdata", "testdata/migration.proto")
	}
	entries := goodEntries(200, fitsMigration)
	uris, err := Migration(entries)
	if err != nil {
		t.Fatal(err)
	}
	var texts []byte
	rest := entries
	for i, uri := range uris {
		m, err := migrationData(uri)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := readPayload(m)
		if !ok || len(p.accounts) > len(rest) {
			t.Fatalf("part %d: %v accounts", i, len(p.accounts))
		}
		part := rest[:len(p.accounts)]
		rest = rest[len(part):]
		if want := protoc(prefixed(part, len(uris), i, int64(p.id))); !bytes.Equal(m, want) {
			t.Errorf("part %d:\n got %x\nwant %x", i, m, want)
		}
		theirs := protoc(payloadText(part, len(uris), i, -1))
		texts = fmt.Appendf(texts, "otpauth-migration://offline?data=%s\n", url.QueryEscape(base64.StdEncoding.EncodeToString(theirs)))
	}
	f, err := read(texts, "")
	if err != nil || len(f.Missing) > 0 {
		t.Fatalf("%v, %v", f, err)
	}
	checkSame(t, "migration by protoc", f, withoutColons(entries))
}

// prefixed is payloadText of accounts that the issuer has to stand in front of, so that it is not taken off.
func prefixed(list []Entry, size, index int, id int64) []byte {
	var out []Entry
	for _, e := range list {
		p := e.Params
		if strings.HasPrefix(p.Account, p.Issuer+":") || p.Issuer == "" && strings.Contains(p.Account, ":") {
			e.Params.Account = p.Issuer + ":" + p.Account
		}
		out = append(out, e)
	}
	return payloadText(out, size, index, id)
}

// withoutColons is what reading splits accounts into that stand there without issuer, or with the issuer in front.
func withoutColons(list []Entry) []Entry {
	var out []Entry
	for _, e := range list {
		p := &e.Params
		if before, after, ok := strings.Cut(p.Account, ":"); ok && (p.Issuer == "" || before == p.Issuer) {
			p.Issuer, p.Account = strings.TrimSpace(before), strings.TrimSpace(after)
		} else {
			p.Account = strings.TrimSpace(strings.TrimPrefix(p.Account, p.Issuer+":"))
		}
		out = append(out, e)
	}
	return out
}

// TestPyOTP: pyotp reads our URIs as they were meant. It takes the percent signs out before it takes the URI apart, so
// names have nothing here that means something in a URI.
func TestPyOTP(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's: the first on PATH may be another one
	if exec.Command(python, "-c", "import pyotp").Run() != nil {
		sourcetest.Need(t, "pyotp", "python3-pyotp") // which is no program, and never there
	}
	entries := goodEntries(300, func(p otpauth.Params) error {
		if isSteam(p.Issuer) || strings.ContainsAny(p.Issuer+p.Account, ":?&#%+;/") || p.Account == "" {
			return fmt.Errorf("not for pyotp")
		}
		return nil
	})
	text, err := Write("uris", entries)
	if err != nil {
		t.Fatal(err)
	}
	const script = `
import sys, json, pyotp
for line in sys.stdin:
    o = pyotp.parse_uri(line.rstrip("\n"))
    hotp = isinstance(o, pyotp.HOTP)
    print(json.dumps([o.byte_secret().hex(), o.issuer or "", o.name, o.digest().name, o.digits, str(o.initial_count if hotp else o.interval), hotp]))
`
	lines := bytes.Split(bytes.TrimSpace(run(t, text, python, "-c", script)), []byte("\n"))
	if len(lines) != len(entries) {
		t.Fatalf("%d of %d", len(lines), len(entries))
	}
	for i, e := range entries {
		p := e.Params.WithDefaults()
		moving := uint64(p.Period / time.Second)
		if p.Type == oath.HOTP {
			moving = p.Counter
		}
		want := []any{fmt.Sprintf("%x", p.Secret), p.Issuer, p.Account, strings.ToLower(p.Algorithm.String()), p.Digits, moving, p.Type == oath.HOTP}
		var got []any
		if err := json.Unmarshal(lines[i], &got); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s:\n got %v\nwant %v", p.URI(), got, want)
		}
	}
}

// TestKeePassXC reads what the real one exports: of its own attribute, and of those of older plugins.
func TestKeePassXC(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	db := sourcetest.KeePassXC(t, []sourcetest.KeePassEntry{
		{Title: "ACME", Fields: map[string]string{"UserName": "alice@example.com", "Password": `a,"b"`, "Notes": "two\nlines, otpauth://",
			"otp": "otpauth://totp/ACME:alice@example.com?secret=" + secret + "&issuer=ACME&period=30&digits=6"}},
		{Group: "Work", Title: `B "q", c`, Fields: map[string]string{"UserName": "böb", "TOTP Seed": secret, "TOTP Settings": "60;8"}},
		{Group: "Work", Title: "Games", Fields: map[string]string{"UserName": "dave", "TOTP Seed": secret, "TOTP Settings": "30;S"}},
		{Title: "No second factor", Fields: map[string]string{"Password": "x"}},
	})
	csv := run(t, []byte(sourcetest.KeePassPassword+"\n"), "keepassxc-cli", "export", "-q", "-f", "csv", db)
	f, err := read(csv, "")
	if err != nil || f.Format != "KeePassXC (CSV)" {
		t.Fatalf("%v, %v:\n%s", f, err, csv)
	}
	checkEntries(t, f, []string{aliceACME, `B "q", c:böb TOTP SHA1 8 1m0s 12345678901234567890`, daveSteam})
	for i, want := range []string{"ACME", `B "q", c`, "Games"} {
		if i < len(f.Entries) && f.Entries[i].Title != want {
			t.Errorf("entry %d has the title %q", i+1, f.Entries[i].Title)
		}
	}
	if t.Failed() {
		t.Logf("%s", csv)
	}
}
