//go:build linux

package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/virtualkey"
)

// reporter takes what is wrong.
type reporter func(format string, args ...any)

// sameStep runs f, again if a period has ended meanwhile: then two programs may rightly have shown different codes.
func sameStep(t *testing.T, period int64, f func(reporter)) {
	t.Helper()
	for {
		var wrong []string
		before := time.Now().Unix() / period
		f(func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) })
		if time.Now().Unix()/period != before {
			continue
		}
		for _, w := range wrong {
			t.Error(w)
		}
		return
	}
}

// kinds are credentials that both programs must store in the same way.
var kinds = []struct {
	name, secret string
	ykmfa, ykman []string // flags of the two programs
	oathtool     []string
	period       int64
}{
	{"plain", s20, nil, nil, []string{"--totp"}, 30},
	{"sha256", s32, []string{"--algorithm", "SHA256"}, []string{"-a", "SHA256"}, []string{"--totp=sha256"}, 30},
	{"sha512", s64, []string{"--algorithm", "SHA512", "--digits", "8"}, []string{"-a", "SHA512", "-d", "8"}, []string{"--totp=sha512", "-d", "8"}, 30},
	{"seven", s20, []string{"--digits", "7"}, []string{"-d", "7"}, []string{"--totp", "-d", "7"}, 30},
	{"minute", s20, []string{"--period", "60"}, []string{"-P", "60"}, []string{"--totp", "-s", "60"}, 60},
	{"short", "JBSWY3DP", nil, nil, []string{"--totp"}, 30},
	{"touched", s20, []string{"--touch"}, []string{"-t"}, []string{"--totp"}, 30},
}

// TestYkmanReads: what ykmfa puts on the key, ykman lists, computes, renames and deletes.
func TestYkmanReads(t *testing.T) {
	m := newMachine(t)
	m.insert(virtualkey.Options{Serial: 12345678}, 0)
	for _, k := range kinds {
		m.file(k.name+".txt", k.secret)
		m.must(append([]string{"add", k.name, "--secret-from", "file:" + k.name + ".txt", "--issuer", "ACME"}, k.ykmfa...)...)
		sameStep(t, k.period, func(errorf reporter) {
			want := m.oathtool(k.secret, k.oathtool...)
			if got := m.ykman("accounts", "code", "-s", "ACME:"+k.name); got != want {
				errorf("%s: ykman prints %s, oathtool %s", k.name, got, want)
			}
			if got := m.must("code", k.name); got != want {
				errorf("%s: ykmfa prints %s, oathtool %s", k.name, got, want)
			}
		})
	}
	var want []string
	for _, k := range kinds {
		want = append(want, strings.TrimSuffix(fmt.Sprintf("%d/", k.period), "30/")+"ACME:"+k.name)
	}
	got := strings.Split(m.ykman("accounts", "list"), "\n")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("ykman lists %v, want %v", got, want)
	}

	m.ykman("accounts", "rename", "-f", "ACME:plain", "ACME:renamed")
	if got := m.must("code", "ACME:renamed", "--at", "59"); got != "287082" {
		t.Errorf("renamed by ykman: %q", got)
	}
	m.ykman("accounts", "delete", "-f", "ACME:seven")
	if r := m.ykmfa("code", "seven"); r.code != 6 {
		t.Errorf("deleted by ykman: exit status %d, %s", r.code, r.stderr)
	}
}

// TestYkmanWrites: what ykman puts on the key, ykmfa lists, computes, adopts, renames and removes.
func TestYkmanWrites(t *testing.T) {
	m := newMachine(t)
	m.insert(virtualkey.Options{Serial: 12345678}, 0)
	for _, k := range kinds {
		m.ykmanInput(k.secret+"\n", append(append([]string{"accounts", "add", "-i", "ACME"}, k.ykman...), k.name)...)
		sameStep(t, k.period, func(errorf reporter) {
			want := m.oathtool(k.secret, k.oathtool...)
			if got := m.must("code", "ACME:"+k.name); got != want {
				errorf("%s: ykmfa prints %s, oathtool %s", k.name, got, want)
			}
		})
		m.file(k.name+".txt", k.secret)
		r := m.ykmfa(append([]string{"add", k.name, "--secret-from", "file:" + k.name + ".txt", "--issuer", "ACME"}, k.ykmfa...)...)
		if r.code != 0 || !strings.Contains(r.stderr, "already on YubiKey 12345678, proven equal") {
			t.Errorf("%s: adopting: exit status %d, %s", k.name, r.code, r.stderr)
		}
	}
	if got := strings.Count(m.must("list"), "\n") + 1; got != len(kinds) {
		t.Errorf("%d accounts, want %d", got, len(kinds))
	}
	m.must("edit", "plain", "--issuer", "Other")
	if got := m.ykman("accounts", "list"); !strings.Contains(got, "Other:plain") || strings.Contains(got, "ACME:plain") {
		t.Errorf("after renaming, ykman lists %q", got)
	}
	m.must("remove", "plain", "--yes")
	if got := m.ykman("accounts", "list"); strings.Contains(got, "plain") {
		t.Errorf("after removing, ykman lists %q", got)
	}
}

// TestYkmanEdited: after each edit ykman lists exactly the new credential, and its code is that of the new terms.
func TestYkmanEdited(t *testing.T) {
	for _, firmware := range []string{"5.7.4", "5.2.4"} {
		t.Run(firmware, func(t *testing.T) {
			m := newMachine(t)
			m.insert(virtualkey.Options{Serial: 12345678, Firmware: firmware}, 0)
			m.file("aws.txt", s20)
			m.must("add", "aws", "--secret-from", "file:aws.txt", "--issuer", "Amazon", "--account", "alice")
			for _, e := range []struct {
				flags, listed string
				oathtool      []string
				period        int64
			}{
				{"--touch", "Amazon:alice", []string{"--totp"}, 30},
				{"--period 60", "60/Amazon:alice", []string{"--totp", "-s", "60"}, 60},
				{"--issuer ACME", "60/ACME:alice", []string{"--totp", "-s", "60"}, 60},
				{"--no-touch --digits 8", "60/ACME:alice", []string{"--totp", "-s", "60", "-d", "8"}, 60},
				{"--period 30 --issuer ACME2 --account bob", "ACME2:bob", []string{"--totp", "-d", "8"}, 30},
			} {
				m.must(append([]string{"edit", "aws"}, strings.Fields(e.flags)...)...)
				if got := m.ykman("accounts", "list"); got != e.listed {
					t.Fatalf("after %s, ykman lists %q, want %q", e.flags, got, e.listed)
				}
				_, id, found := strings.Cut(e.listed, "/")
				if !found {
					id = e.listed
				}
				sameStep(t, e.period, func(errorf reporter) {
					if got, want := m.ykman("accounts", "code", "-s", id), m.oathtool(s20, e.oathtool...); got != want {
						errorf("after %s, ykman prints %s, oathtool %s", e.flags, got, want)
					}
				})
			}
			if got := m.ykman("accounts", "code"); strings.Contains(got, "Touch") {
				t.Errorf("after --no-touch, ykman prints %q", got)
			}
		})
	}
}

// TestYkmanAdopted: what ykman put on the key is found by a part of its name, and adopted with the terms that it has.
func TestYkmanAdopted(t *testing.T) {
	m := newMachine(t)
	m.insert(virtualkey.Options{Serial: 12345678}, 0)
	m.ykmanInput(s20+"\n", "accounts", "add", "-i", "Amazon", "-d", "8", "-P", "60", "-t", "alice@123")
	m.file("aws.txt", s20)
	m.file("other.txt", "JBSWY3DPEHPK3PXP")
	before := m.ykman("accounts", "list")
	if r := m.ykmfa("add", "amazon", "--secret-from", "file:other.txt"); r.code != 7 {
		t.Errorf("another secret: exit status %d, %s", r.code, r.stderr)
	}
	if r := m.ykmfa("add", "amazon", "--secret-from", "file:aws.txt"); r.code != 0 || !strings.Contains(r.stderr, `adopted "60/Amazon:alice@123"`) {
		t.Errorf("exit status %d, %s", r.code, r.stderr)
	}
	if got := m.must("code", "amazon", "--at", "119"); got != "94287082" {
		t.Errorf("code %q", got)
	}
	if got := m.ykman("accounts", "list"); got != before {
		t.Errorf("ykman lists %q, before %q", got, before)
	}

	m.ykman("reset", "-f")
	if got := m.must("list"); !strings.HasPrefix(got, "amazon\t60/Amazon:alice@123\t-\t") {
		t.Errorf("after ykman has wiped the key, list is %q", got)
	}
}

// TestYkmanHOTP: both count on the same counter.
func TestYkmanHOTP(t *testing.T) {
	m := newMachine(t)
	m.insert(virtualkey.Options{}, 0)
	m.file("hotp.txt", s20)
	m.must("add", "counter", "--secret-from", "file:hotp.txt", "--hotp")
	m.ykmanInput(s20+"\n", "accounts", "add", "-o", "HOTP", "-c", "4", "theirs")
	// RFC 4226 appendix D.
	for i, want := range []string{"755224", "287082", "359152", "969429"} {
		var got string
		if i%2 == 0 {
			got = m.must("code", "counter")
		} else {
			got = m.ykman("accounts", "code", "-s", "counter")
		}
		if got != want {
			t.Errorf("counter %d: %s, want %s", i, got, want)
		}
	}
	if got := m.must("code", "theirs"); got != "338314" {
		t.Errorf("stored by ykman with counter 4: %s", got)
	}
}

// TestYkmanSteam: both show Steam's characters.
func TestYkmanSteam(t *testing.T) {
	m := newMachine(t)
	m.insert(virtualkey.Options{}, 0)
	m.file("steam.txt", s20)
	m.must("add", "steam", "--secret-from", "file:steam.txt", "--issuer", "Steam", "--account", "gabe")
	sameStep(t, 30, func(errorf reporter) {
		ours, theirs := m.must("code", "steam"), m.ykman("accounts", "code", "-s", "Steam:gabe")
		if ours != theirs || len(ours) != 5 {
			errorf("ykmfa prints %q, ykman %q", ours, theirs)
		}
	})
}

// TestYkmanPassword: a password that one sets, the other unlocks.
func TestYkmanPassword(t *testing.T) {
	for _, firmware := range []string{"5.7.4", "NEO"} {
		t.Run(firmware, func(t *testing.T) {
			m := newMachine(t)
			m.insert(virtualkey.Options{Firmware: firmware}, 0)
			m.file("aws.txt", s20)
			m.file("ours.txt", "pässwörd ours")
			m.must("add", "aws", "--secret-from", "file:aws.txt")

			m.env = append(m.env, "YKMFA_NEW_PASSWORD_COMMAND=cat ours.txt", "LC_ALL=C.UTF-8")
			m.must("password", "set")
			sameStep(t, 30, func(errorf reporter) {
				if got, want := m.ykman("accounts", "code", "-p", "pässwörd ours", "-s", "aws"), m.oathtool(s20, "--totp"); got != want {
					errorf("ykman prints %s, want %s", got, want)
				}
			})
			if r := m.tryYkman("", "accounts", "list", "-p", "wrong"); r.code == 0 {
				t.Error("ykman takes a wrong password")
			}

			m.ykman("access", "change", "-p", "pässwörd ours", "-n", "theirs")
			if r := m.ykmfa("code", "aws"); r.code != 4 {
				t.Errorf("exit status %d without a password, %s", r.code, r.stderr)
			}
			m.file("theirs.txt", "theirs")
			m.env = append(m.env, "YKMFA_PASSWORD_COMMAND=cat theirs.txt")
			if got := m.must("code", "aws", "--at", "59"); got != "287082" {
				t.Errorf("code %q", got)
			}
			m.must("password", "clear")
			m.ykman("accounts", "list")
		})
	}
}

// TestYkmanFull: 64 credentials with names as long as they can be, listed by both in answers of many parts.
func TestYkmanFull(t *testing.T) {
	m := newMachine(t)
	m.insert(virtualkey.Options{}, 0)
	m.file("aws.txt", s20)
	for i := range 64 {
		name := fmt.Sprintf("user%02d-%s", i, strings.Repeat("x", 60))
		m.must("add", fmt.Sprintf("a%d", i), "--secret-from", "file:aws.txt", "--issuer", "Issuer-01", "--account", name[:54])
	}
	if got := strings.Count(m.ykman("accounts", "list"), "\n") + 1; got != 64 {
		t.Errorf("ykman lists %d", got)
	}
	sameStep(t, 30, func(errorf reporter) {
		ours, theirs, want := m.must("code"), m.ykman("accounts", "code"), m.oathtool(s20, "--totp")
		if n := strings.Count(ours, "\t"+want); n != 64 {
			errorf("ykmfa prints the code %d times", n)
		}
		if n := strings.Count(theirs, want); n != 64 {
			errorf("ykman prints the code %d times", n)
		}
	})
	if r := m.ykmfa("add", "one-more", "--secret-from", "file:aws.txt"); r.code != 1 || !strings.Contains(r.stderr, "64 of 64") {
		t.Errorf("exit status %d, %s", r.code, r.stderr)
	}
}
