//go:build linux

package test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/virtualkey"
)

// TestSoftware: codes from the backup are those of oathtool, for every hash, length and period, at random times; and when a
// key is plugged in they are those of the key.
func TestSoftware(t *testing.T) {
	m := newMachine(t)
	if err := os.MkdirAll(filepath.Join(m.home, "config", "ykmfa"), 0o700); err != nil {
		t.Fatal(err)
	}
	accounts := filepath.Join(m.home, "config", "ykmfa", "accounts.toml")
	secrets := map[string]string{"SHA1": s20, "SHA256": s32, "SHA512": s64}
	var toml strings.Builder
	var want [][]string // name, secret, flags of oathtool
	for algorithm, secret := range secrets {
		m.file(algorithm, secret)
		for digits := 6; digits <= 8; digits++ {
			for _, period := range []int{1, 30, 60, 86400} {
				name := fmt.Sprintf("%s-%d-%d", algorithm, digits, period)
				id := name
				if period != 30 {
					id = fmt.Sprintf("%d/%s", period, name)
				}
				fmt.Fprintf(&toml, "[%s]\nid = %q\nalgorithm = %q\ndigits = %d\nperiod = %d\nbackup = \"file:%s\"\n\n",
					name, id, algorithm, digits, period, filepath.Join(m.home, algorithm))
				want = append(want, []string{name, secret, "--totp=" + strings.ToLower(algorithm),
					"-d", strconv.Itoa(digits), "-s", strconv.Itoa(period)})
			}
		}
	}
	if err := os.WriteFile(accounts, []byte(toml.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	_, remove := m.insert(virtualkey.Options{Serial: 12345678}, 0)
	m.must("restore")
	compare := func(flags ...string) {
		for _, w := range want {
			at := rand.Int64N(1 << 33)
			now := time.Unix(at, 0).UTC().Format("2006-01-02 15:04:05 UTC")
			code := m.must(append([]string{"code", w[0], "--at", strconv.FormatInt(at, 10)}, flags...)...)
			if computed := m.oathtool(w[1], append(w[2:], "--now", now)...); code != computed {
				t.Errorf("%s %q at %d: %s, oathtool %s", w[0], flags, at, code, computed)
			}
		}
	}
	compare("--hardware")
	compare("--software")
	remove()
	compare()
}
