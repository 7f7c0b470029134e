//go:build linux

package test

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// pyotpCodes computes with pyotp. Its Steam (pyotp.contrib) is not in Debian's package, and so is spelled out: Steam shows
// five of its own characters for the number that is shown in ten digits elsewhere.
const pyotpCodes = `
import hashlib, sys, pyotp
for line in sys.stdin:
    secret, algorithm, digits, period, at = line.split()
    hash = getattr(hashlib, algorithm.lower())
    if digits == "steam":
        n = int(pyotp.TOTP(secret, digits=10, digest=hash, interval=int(period)).at(int(at)))
        code = ""
        for _ in range(5):
            n, i = divmod(n, 26)
            code += "23456789BCDFGHJKMNPQRTVWXY"[i]
        print(code)
    else:
        print(pyotp.TOTP(secret, digits=int(digits), digest=hash, interval=int(period)).at(int(at)))
`

// totp is one code to compute.
type totp struct {
	secret, algorithm, digits, period string
	at                                int64
}

// pyotp computes many codes in one run of Debian's Python: another one on PATH need not have pyotp.
func pyotp(t *testing.T, codes []totp) []string {
	t.Helper()
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import pyotp").Run() != nil {
		need(t, "pyotp, a module of Python,", "python3-pyotp")
	}
	var lines strings.Builder
	for _, c := range codes {
		fmt.Fprintln(&lines, c.secret, c.algorithm, c.digits, c.period, c.at)
	}
	c := exec.Command(python, "-c", pyotpCodes)
	c.Stdin = strings.NewReader(lines.String())
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// TestSoftwarePyotp: codes from the backup are those of pyotp, for every hash and length and for Steam, with random secrets
// of up to 200 bytes, periods of up to a day and times of up to the year 2514. One run of the program prints all codes of
// one time.
func TestSoftwarePyotp(t *testing.T) {
	home := t.TempDir()
	m := &machine{t: t, home: home, env: append(cleanEnv(home), "PCSCLITE_CSOCK_NAME="+home+"/nowhere")}
	const accounts, times = 600, 8
	var toml strings.Builder
	kinds := make([]totp, accounts)
	for i := range kinds {
		kinds[i] = randomKind(i)
		name := fmt.Sprintf("account%d", i)
		m.file(name, kinds[i].secret)
		toml.WriteString(kinds[i].account(name, filepath.Join(home, name)))
	}
	m.writeConfig("accounts.toml", toml.String())
	for range times {
		at := rand.Int64N(1 << 34)
		for i := range kinds {
			kinds[i].at = at
		}
		want := pyotp(t, kinds)
		printed := strings.Split(m.must("code", "--software", "--at", strconv.FormatInt(at, 10)), "\n")
		if len(printed) != accounts || len(want) != accounts {
			t.Fatalf("%d codes, pyotp %d", len(printed), len(want))
		}
		for i, line := range printed {
			if line != fmt.Sprintf("account%d\t%s", i, want[i]) {
				t.Errorf("%v: %q, pyotp %s", kinds[i], line, want[i])
			}
		}
	}
}

func randomKind(i int) totp {
	secret := make([]byte, 2+rand.IntN(199))
	for j := range secret {
		secret[j] = byte(rand.Uint32())
	}
	period := 1 + rand.IntN(86400)
	digits := []string{"6", "7", "8", "steam"}[i%4]
	if digits == "steam" || rand.IntN(2) == 0 {
		period = 30
	}
	return totp{
		secret: letters(secret), algorithm: []string{"SHA1", "SHA256", "SHA512"}[i/4%3],
		digits: digits, period: strconv.Itoa(period),
	}
}

// account is the entry of the account file.
func (c totp) account(name, file string) string {
	id, digits := name, c.digits
	if c.period != "30" {
		id = c.period + "/" + id
	}
	if c.digits == "steam" {
		id, digits = "Steam:"+id, "6"
	}
	return fmt.Sprintf("[%s]\nid = %q\nalgorithm = %q\ndigits = %s\nperiod = %s\nbackup = \"file:%s\"\n\n",
		name, id, c.algorithm, digits, c.period, file)
}
