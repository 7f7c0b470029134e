package sheet

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

// stranger follows the printed sheet, with the programs that it names, in a directory with the files of the vault.
type stranger struct {
	t        *testing.T
	dir      string
	commands []string // as printed
	typed    string   // as printed
	scanned  string
}

func newStranger(t *testing.T) *stranger {
	s := &stranger{t: t, dir: t.TempDir()}
	key := filepath.Join(s.dir, "key.txt")
	run(t, "age-keygen", "-o", key)
	file, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := ParseTyped(file)
	if err != nil {
		t.Fatal(err)
	}
	recipient := strings.TrimSpace(run(t, "age-keygen", "-y", key))
	for name, p := range map[string]otpauth.Params{
		"aws":   {Secret: rfcSecret(), Issuer: "Amazon", Account: "alice"},
		"eight": {Secret: rfcSecret(), Account: "alice", Algorithm: oath.SHA256, Digits: 8, Period: time.Minute},
		"hotp":  {Type: oath.HOTP, Secret: rfcSecret(), Account: "alice", Counter: 7},
	} {
		c := exec.Command("age", "-r", recipient, "-o", filepath.Join(s.dir, name+".age"))
		c.Stdin = bytes.NewReader(append(p.URI(), '\n'))
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	sheet := newSheet(t)
	sheet.Identity, sheet.QR = identity, qrencode
	pdf := makePDF(t, sheet, A4)
	s.read(run(t, "pdftotext", "-layout", pdf, "-"))
	s.scanned = strings.Join(scan(t, pictures(t, pdf, 150), 1), "\n")
	return s
}

func rfcSecret() []byte { return []byte("12345678901234567890") } // RFC 4226 appendix D

// read takes the commands and the typed form out of the text of the page.
func (s *stranger) read(page string) {
	for line := range strings.Lines(page) {
		command, _, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if strings.HasPrefix(command, "age -") || strings.HasPrefix(command, "oathtool -") {
			s.commands = append(s.commands, command)
		}
	}
	for line := range strings.Lines(typedLines(page)) {
		switch fields := strings.Fields(line); {
		case len(fields) == 1:
			s.typed += fields[0]
		case len(fields) > 2: // without the line number and the check characters
			s.typed += strings.Join(fields[1:len(fields)-1], "")
		}
	}
}

// do runs a printed command, with the words changed that stand for something.
func (s *stranger) do(n int, change ...string) string {
	s.t.Helper()
	if n >= len(s.commands) {
		s.t.Fatalf("the sheet has the commands %q", s.commands)
	}
	c := exec.Command("sh", "-c", strings.NewReplacer(change...).Replace(s.commands[n]))
	c.Dir = s.dir
	out, err := c.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", c.Args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// secretOf is what the sheet calls SECRET in a URI.
func secretOf(uri string) string {
	_, rest, _ := strings.Cut(uri, "secret=")
	secret, _, _ := strings.Cut(rest, "&")
	return secret
}

// With the sheet, the vault's files, age and oathtool there is a code: typed, and scanned.
func TestStranger(t *testing.T) {
	need(t, "age", "age-keygen", "oathtool", "qrencode", "pdftotext", "pdftoppm", "zbarimg")
	s := newStranger(t)
	for name, text := range map[string]string{"typed": s.typed, "scanned": s.scanned} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			if err := os.WriteFile(filepath.Join(s.dir, "identity.txt"), []byte(text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			uri := s.do(0)
			if uri != "otpauth://totp/Amazon:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Amazon" {
				t.Fatalf("aws.age holds %q", uri)
			}
			s.totp(1, uri, oath.SHA1, 6, 30)
			uri = s.do(0, "aws.age", "eight.age")
			if !strings.HasSuffix(uri, "algorithm=SHA256&digits=8&period=60") {
				t.Errorf("eight.age holds %q", uri)
			}
			s.totp(2, uri, oath.SHA256, 8, 60)
			uri = s.do(0, "aws.age", "hotp.age")
			if got := s.do(3, "SECRET", secretOf(uri)); !strings.HasSuffix(uri, "counter=7") || got != "162583" { // RFC 4226 appendix D
				t.Errorf("%s makes %q", uri, got)
			}
		})
	}
}

// totp compares the code of a printed command with one of the moments between which it ran.
func (s *stranger) totp(n int, uri string, a oath.Algorithm, digits int, period int64) {
	s.t.Helper()
	before := time.Now()
	got := s.do(n, "SECRET", secretOf(uri))
	for _, at := range []time.Time{before, time.Now()} {
		if got == code6238(a, at.Unix()/period, digits) {
			return
		}
	}
	s.t.Errorf("%s makes %q", s.commands[n], got)
}

// code6238 is RFC 4226 section 5.3 with the moving factor of RFC 6238.
func code6238(a oath.Algorithm, step int64, digits int) string {
	sum := a.HMAC(rfcSecret(), []byte{0, 0, 0, 0, byte(step >> 24), byte(step >> 16), byte(step >> 8), byte(step)})
	at := sum[len(sum)-1] & 15
	number := uint64(sum[at]&0x7f)<<24 | uint64(sum[at+1])<<16 | uint64(sum[at+2])<<8 | uint64(sum[at+3])
	scale := uint64(1)
	for range digits {
		scale *= 10
	}
	return fmt.Sprintf("%0*d", digits, number%scale)
}
