package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ykmfa/oath"
)

// fixture is a file of testdata and what is in it. testdata/make-exports.py made all of them.
type fixture struct {
	file     string
	format   string
	question string // for the password; empty where there is none
	password string // the right one, where it is not "test"
	want     []string
}

const (
	aliceACME = "ACME:alice@example.com TOTP SHA1 6 30s 12345678901234567890"
	bobGrosse = "Größe & Söhne:böb TOTP SHA256 8 1m0s 12345678901234567890123456789012"
	carolHOTP = ":carol HOTP SHA1 6 #7 12345678901234567890"
	daveSteam = "Steam:dave TOTP SHA1 6 30s 12345678901234567890"
)

// notBase32 begins what is said of secrets that are none.
const notBase32 = "its secret: it is neither base32 nor"

func fixtures() []fixture {
	aegis := []string{aliceACME, bobGrosse, carolHOTP, daveSteam, "entry 5: mOTP", "entry 6: Yandex", "entry 7: MD5",
		"entry 8: " + notBase32, "entry 9: not as this program writes it"}
	entries := []string{aliceACME, bobGrosse, carolHOTP, daveSteam} // in all files
	twoFAS := append(entries[:4:4], "entry 5: MD5", "entry 6: "+notBase32, "entry 7: it has no secret", "entry 8: not as this program writes it")
	ente := append(entries[:4:4], "line 6: no otpauth URI")
	andOTP := append(entries[:4:4], "entry 5: MD5", "entry 6: "+notBase32, "entry 7: mOTP", "Old:judy TOTP SHA1 6 30s 12345678901234567890")
	bitwarden := []string{aliceACME, bobGrosse, carolHOTP, "Steam:dave TOTP SHA1 6 30s 12345678901234567890", "entry 7: current code", "entry 8: MD5",
		"entry 9: not as this program writes it", ":spaces TOTP SHA1 6 30s 12345678901234567890"}
	onePassword := []string{aliceACME, bobGrosse, carolHOTP, daveSteam,
		"entry 5: neither base32 nor", "entry 5, code 2: not as this program writes it", "entry 6: not as this program writes it",
		"entry 7: not as this program writes it"}
	pskc := []string{aliceACME, bobGrosse, carolHOTP, "Yubico:4567 TOTP SHA512 6 30s 1234567890123456789012345678901234567890123456789012345678901234",
		"entry 5: neither TOTP nor HOTP", "entry 6: not decimal", "entry 7: no secret"}
	return []fixture{
		{file: "2fas-plain.2fas", format: "2FAS", want: twoFAS},
		{file: "2fas-encrypted.2fas", format: "2FAS", question: "password of the 2FAS backup", want: twoFAS},
		{file: "ente-encrypted.json", format: "Ente Auth", question: "password of the Ente Auth export", want: ente},
		{file: "bitwarden-plain.json", format: "Bitwarden", want: bitwarden},
		{file: "bitwarden-pbkdf2.json", format: "Bitwarden", question: "password of the Bitwarden export", want: bitwarden},
		{file: "bitwarden-argon2id.json", format: "Bitwarden", question: "password of the Bitwarden export", want: bitwarden},
		{file: "1password.1pux", format: "1Password", want: onePassword},
		{file: "pskc-rfc6030-figure2.xml", format: "PSKC", want: []string{"Issuer-A:12345678 HOTP SHA1 6 #0 1234"}},
		{file: "pskc-rfc6030-figure6.xml", format: "PSKC", question: "pre-shared key of the PSKC file, in hexadecimal",
			password: "12345678901234567890123456789012", want: []string{"Issuer:12345678 HOTP SHA1 8 #0 12345678901234567890"}},
		{file: "pskc-rfc6030-figure7.xml", format: "PSKC", question: "password of the PSKC file", password: "qwerty",
			want: []string{"Example-Issuer:123456 HOTP SHA1 8 #0 12345678901234567890"}},
		{file: "pskc-plain.xml", format: "PSKC", want: pskc},
		{file: "pskc-password.xml", format: "PSKC", question: "password of the PSKC file", want: pskc[:4]},
		{file: "pskc-key.xml", format: "PSKC", question: "pre-shared key of the PSKC file, in hexadecimal",
			password: "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", want: pskc[:4]},
		{file: "andotp-plain.json", format: "andOTP", want: andOTP},
		{file: "andotp-encrypted.bin", format: "andOTP", question: "password of the andOTP backup", want: andOTP},
		{file: "andotp-old.bin", format: "andOTP", question: "password of the andOTP backup", want: andOTP},
		{file: "aegis-plain.json", format: "Aegis", want: aegis},
		{file: "aegis-encrypted.json", format: "Aegis", question: "password of the Aegis vault", want: aegis},
	}
}

func (e fixture) data(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", e.file))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// answer gives a password, and counts how often it was asked for.
type answer struct {
	password  string
	questions []string
}

func (a *answer) give(_ context.Context, question string) ([]byte, error) {
	a.questions = append(a.questions, question)
	return []byte(a.password), nil
}

func (e fixture) answer() *answer { return &answer{password: cmp.Or(e.password, "test")} }

func (e fixture) read(data []byte) (*File, error) { return read(data, e.answer().password) }

func read(data []byte, password string) (*File, error) {
	return Read(context.Background(), Input{Data: data, Password: (&answer{password: password}).give})
}

// show is an entry in one line. Good ones begin with issuer and account, others with where they are.
func show(e Entry) string {
	if e.Err != nil {
		return e.Where + ": " + e.Err.Error()
	}
	p := e.Params.WithDefaults()
	moving := p.Period.String()
	if p.Type == oath.HOTP {
		moving = fmt.Sprintf("#%d", p.Counter)
	}
	return fmt.Sprintf("%s:%s %v %v %d %s %s", p.Issuer, p.Account, p.Type, p.Algorithm, p.Digits, moving, p.Secret)
}

func checkEntries(t *testing.T, f *File, want []string) {
	t.Helper()
	if len(f.Entries) != len(want) {
		t.Errorf("%d entries, want %d", len(f.Entries), len(want))
	}
	for i, e := range f.Entries {
		if i >= len(want) {
			t.Errorf("besides: %s", show(e))
			continue
		}
		got := show(e)
		if e.Err == nil && got != want[i] || e.Err != nil && !isError(got, want[i]) {
			t.Errorf("entry %d: %s\nwant %s", i+1, got, want[i])
		}
		if e.Err != nil && e.Params.Secret != nil {
			t.Errorf("%s: has a secret beside the error", e.Where)
		}
	}
}

// isError compares "entry 5: mOTP" with a whole message.
func isError(got, want string) bool {
	where, what, _ := strings.Cut(want, ": ")
	return strings.HasPrefix(got, where+": ") && strings.Contains(got, what)
}

func TestFixtures(t *testing.T) {
	for _, e := range fixtures() {
		t.Run(e.file, func(t *testing.T) {
			a := e.answer()
			f, err := Read(t.Context(), Input{Data: e.data(t), Password: a.give})
			if err != nil {
				t.Fatal(err)
			}
			if f.Format != e.format {
				t.Errorf("it is taken for %s", f.Format)
			}
			if got := strings.Join(a.questions, "\n"); got != e.question {
				t.Errorf("asked %q, want %q", got, e.question)
			}
			checkEntries(t, f, e.want)
		})
	}
}

func TestWrongPassword(t *testing.T) {
	for _, e := range fixtures() {
		if e.question == "" {
			continue
		}
		for _, password := range []string{"", "Test", "test ", strings.Repeat("test", 1000)} {
			f, err := read(e.data(t), password)
			if !errors.Is(err, ErrPassword) || f != nil {
				t.Errorf("%s: %v, %v", e.file, f, err)
			}
		}
		if f, err := Read(t.Context(), Input{Data: e.data(t)}); !errors.Is(err, ErrLocked) || f != nil {
			t.Errorf("%s, without a password: %v, %v", e.file, f, err)
		}
		gone := errors.New("nobody is there")
		_, err := Read(t.Context(), Input{Data: e.data(t), Password: func(context.Context, string) ([]byte, error) { return nil, gone }})
		if !errors.Is(err, gone) {
			t.Errorf("%s, where asking fails: %v", e.file, err)
		}
	}
}

// checkQuiet fails where an error repeats what only the file knows.
func checkQuiet(t *testing.T, f *File, err error) {
	t.Helper()
	errs := []error{err}
	if f != nil {
		for _, e := range f.Entries {
			errs = append(errs, e.Err)
		}
	}
	for _, err := range errs {
		if err == nil {
			continue
		}
		for _, content := range []string{"GEZDGNBV", "gezdgnbv", "1234567890", "MZXW6", "0123456789abcdef", "alice", "ACME", "böb", "Söhne"} {
			if strings.Contains(err.Error(), content) {
				t.Errorf("%q repeats %q", err, content)
			}
		}
	}
}

// TestCutShort: a file of which the end is missing is refused, or what is left of it is read; it is never an account
// that was not in the whole.
func TestCutShort(t *testing.T) {
	for _, e := range fixtures() {
		data := e.data(t)
		for n := 0; n < len(data); n += 1 + n/40 {
			f, err := e.read(data[:n])
			checkQuiet(t, f, err)
			if err == nil && len(strings.TrimSpace(string(data[n:]))) > 0 {
				t.Fatalf("%s: %d of %d bytes are read without an error", e.file, n, len(data))
			}
		}
	}
}

// TestFlippedBits: under encryption no flipped bit gives another secret than was sealed. The names in PSKC are not.
func TestFlippedBits(t *testing.T) {
	for _, e := range fixtures() {
		if e.question == "" {
			continue
		}
		data := e.data(t)
		for n := 0; n < len(data); n += 1 + len(data)/60 {
			for _, bit := range []byte{0x01, 0x20, 0x80} {
				data[n] ^= bit
				f, err := e.read(data)
				data[n] ^= bit
				checkQuiet(t, f, err)
				if err == nil && e.format != "PSKC" && len(f.Entries) > 0 { // none where the name of a member is damaged
					checkEntries(t, f, e.want)
				}
				if err == nil {
					checkSecrets(t, f, e.want)
				}
				if t.Failed() {
					t.Fatalf("%s: byte %d", e.file, n)
				}
			}
		}
	}
}

// checkSecrets fails where a secret is none of those in the lines.
func checkSecrets(t *testing.T, f *File, want []string) {
	t.Helper()
	for _, e := range f.Entries {
		ends := func(line string) bool { return strings.HasSuffix(line, " "+string(e.Params.Secret)) }
		if e.Err == nil && !slices.ContainsFunc(want, ends) {
			t.Errorf("%s: another secret", e.Where)
		}
	}
}

// within fails where something takes longer than a user would wait, as it does where a hostile cost is paid.
func within(t *testing.T, limit time.Duration, do func()) {
	t.Helper()
	start := time.Now()
	do()
	if took := time.Since(start); took > limit {
		t.Errorf("it took %v", took)
	}
}
