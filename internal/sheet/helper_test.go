package sheet

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

// need skips a test whose program is not installed, but not under CI.
func need(t testing.TB, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", program)
		}
		t.Skipf("%s is not installed: see test/deps", program)
	}
}

// run returns what a program prints.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, stderr.Bytes())
	}
	return string(out)
}

// qrencode makes a real QR code with another program.
func qrencode(text []byte) (Matrix, error) {
	c := exec.Command("qrencode", "-l", "M", "-t", "ASCII", "-m", "0", "-r", "/dev/stdin", "-o", "-")
	c.Stdin = bytes.NewReader(text)
	out, err := c.Output()
	if err != nil {
		return Matrix{}, err
	}
	rows := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	return Matrix{Width: len(rows), Black: func(x, y int) bool { return 2*x < len(rows[y]) && rows[y][2*x] == '#' }}, nil
}

// pattern has the size of a QR code, and is none.
func pattern(text []byte) (Matrix, error) {
	if len(text) > 1000 {
		return Matrix{}, errors.New("too long")
	}
	return Matrix{Width: 33, Black: func(x, y int) bool { return (x+y)%2 == 0 }}, nil
}

func newSheet(t testing.TB, accounts ...Account) *Sheet {
	return &Sheet{
		Identity: newIdentity(t), Vault: "/home/alice/.local/share/ykmfa/vault", Recipients: []string{"YubiKey 12345678", "YubiKey 23456789"},
		Made: time.Date(2026, 11, 25, 18, 30, 0, 0, time.UTC), Program: "ykmfa v1.2.3", Accounts: accounts, QR: pattern,
	}
}

// secret is bytes that look random and are the same in every run.
func secret(n int) []byte {
	var b []byte
	for i := 0; len(b) < n; i++ {
		sum := sha256.Sum256(fmt.Append(nil, n, i))
		b = append(b, sum[:]...)
	}
	return b[:n]
}

// hard are accounts with what is difficult to print.
func hard() []Account {
	return []Account{
		{"aws", otpauth.Params{Secret: secret(20), Issuer: "Amazon Web Services", Account: "alice@123456789012"}, "lpass:MFA/aws"},
		{"eight", otpauth.Params{Secret: secret(32), Issuer: "Acme", Account: "alice", Digits: 8, Period: time.Minute, Algorithm: oath.SHA256}, ""},
		{"counter", otpauth.Params{Type: oath.HOTP, Secret: secret(20), Account: "bob", Counter: 41}, "vault:counter"},
		{"long", otpauth.Params{Secret: secret(128), Issuer: "Long", Account: "secret", Algorithm: oath.SHA512}, "pass:long"},
		{"zoë", otpauth.Params{Secret: secret(10), Issuer: "Žluťoučký kůň", Account: "zoë@müller.example"}, "pass:Zoe\u0308"},
		{"日本語", otpauth.Params{Secret: secret(20), Issuer: "楽天", Account: "田中"}, "op://Privat/楽天"},
		{"emoji 👨‍👩‍👧 ok", otpauth.Params{Secret: secret(20), Issuer: "🎉", Account: "party"}, "bw:🎉"},
		{"large", otpauth.Params{Secret: secret(20), Issuer: strings.Repeat("楽天", 35), Account: "x"}, ""},
		{"turn\u202earound", otpauth.Params{Secret: secret(20), Account: `back\slash (and) <b>bold</b> & "quotes"`}, "cmd:x"},
		{strings.Repeat("longest name ", 12), otpauth.Params{Secret: secret(64), Issuer: strings.Repeat("Unbroken", 20), Account: "x"}, "file:/" + strings.Repeat("very/long/path/", 20)},
	}
}

func many(n int) (all []Account) {
	for i := range n {
		all = append(all, Account{fmt.Sprintf("account-%d", i+1), otpauth.Params{Secret: secret(20 + i), Issuer: fmt.Sprintf("Service %d", i+1), Account: "alice@example.org"}, "lpass:MFA/" + fmt.Sprint(i+1)})
	}
	return all
}

// printed is what every QR code of a sheet must say.
func printed(s *Sheet) []string {
	all := []string{string(s.Identity)}
	for _, a := range s.Accounts {
		all = append(all, string(a.Params.URI()))
	}
	slices.Sort(all)
	return all
}

// write puts a file where only this test sees it.
func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pictures renders a PDF page by page.
func pictures(t testing.TB, pdf string, dpi int) []string {
	t.Helper()
	dir := t.TempDir()
	run(t, "pdftoppm", "-gray", "-r", fmt.Sprint(dpi), pdf, filepath.Join(dir, "page"))
	files, err := filepath.Glob(filepath.Join(dir, "page*.pgm"))
	if err != nil || len(files) == 0 {
		t.Fatal("no pages", err)
	}
	return files
}

// scan reads the QR codes in pictures, looking at one line of pixels in so many.
func scan(t testing.TB, files []string, density int) []string {
	t.Helper()
	args := []string{"-q", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable", fmt.Sprintf("-Sx-density=%d", density), fmt.Sprintf("-Sy-density=%d", density)}
	all := strings.Split(strings.TrimSuffix(run(t, "zbarimg", append(args, files...)...), "\n"), "\n")
	slices.Sort(all)
	return all
}

// squeeze makes every run of blanks and line ends one blank.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
