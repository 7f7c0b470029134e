//go:build linux

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ykmfa/internal/virtualkey"
)

// restorable are accounts of every kind, with what ykman calls them and how oathtool computes their codes.
var restorable = []struct {
	name, toml, listed, ykman string
	oathtool                  []string
}{
	{"aws", `id = "Amazon Web Services:alice@123456789012"`, "Amazon Web Services:alice@123456789012",
		"Amazon Web Services:alice@123456789012", []string{"--totp"}},
	{"minute", "id = \"60/Bank:me\"\nperiod = 60\ndigits = 8", "60/Bank:me", "Bank:me", []string{"--totp", "-s", "60", "-d", "8"}},
	{"sha512", "id = \"Acme:sha\"\nalgorithm = \"SHA512\"", "Acme:sha", "Acme:sha", []string{"--totp=sha512"}},
	{"touched", "id = \"Acme:touched\"\ntouch = true", "Acme:touched", "Acme:touched", []string{"--totp"}},
	{"long", `id = "` + strings.Repeat("i", 31) + ":" + strings.Repeat("a", 32) + `"`, strings.Repeat("i", 31) + ":" + strings.Repeat("a", 32),
		strings.Repeat("a", 32), []string{"--totp"}},
}

// TestYkmanRestored: on a new key that was filled by one command, Yubico's program finds the same accounts and computes the
// same codes as an independent one from the backups. The key's password is kept, and ykman unlocks it.
func TestYkmanRestored(t *testing.T) {
	m := newMachine(t)
	m.insert(virtualkey.Options{Serial: 23456789}, 0)
	m.ykman("access", "change", "--new-password", "correct horse")
	m.env = append(m.env, "YKMFA_PASSWORD_COMMAND=echo 'correct horse'")
	var toml, listed []string
	for _, r := range restorable {
		m.file(r.name+".txt", s20)
		toml = append(toml, fmt.Sprintf("[%s]\n%s\nbackup = \"file:%s\"\n", r.name, r.toml, filepath.Join(m.home, r.name+".txt")))
		listed = append(listed, r.listed)
	}
	dir := filepath.Join(m.home, "config", "ykmfa")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "accounts.toml"), []byte(strings.Join(toml, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}

	r := m.ykmfa("restore")
	if r.code != 0 || !strings.Contains(r.stderr, "5 written, 5 proven") {
		t.Fatalf("exit status %d, %s", r.code, r.stderr)
	}
	got := strings.Split(m.ykman("accounts", "list", "-p", "correct horse"), "\n")
	if !sameLines(got, listed) {
		t.Errorf("ykman lists %q, want %q", got, listed)
	}
	for _, r := range restorable {
		sameStep(t, 30, func(errorf reporter) {
			want := m.oathtool(s20, r.oathtool...)
			if got := m.ykman("accounts", "code", "-p", "correct horse", "-s", r.ykman); got != want {
				errorf("%s: ykman prints %s, oathtool %s", r.name, got, want)
			}
			if got := m.must("code", r.name); got != want {
				errorf("%s: ykmfa prints %s, oathtool %s", r.name, got, want)
			}
		})
	}
	if r := m.ykmfa("verify", "--touch"); r.code != 0 || strings.Count(r.stdout, "\tsame\t") != len(restorable) {
		t.Errorf("verify: exit status %d, %s%s", r.code, r.stdout, r.stderr)
	}
}

// sameLines compares two lists whatever their order.
func sameLines(got, want []string) bool {
	left := map[string]int{}
	for _, line := range got {
		left[line]++
	}
	for _, line := range want {
		left[line]--
	}
	for _, n := range left {
		if n != 0 {
			return false
		}
	}
	return true
}
