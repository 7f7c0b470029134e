package transfer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"ykmfa/internal/otpauth"
)

// fuzzFormat fuzzes the reader of one format with the fixtures that it reads. The password is not known: its cost is
// the file's to choose, and what is behind it is the same as in the plain fixtures.
func fuzzFormat(f *testing.F, title string) {
	seeds := 0
	for _, e := range fixtures() {
		if e.format == title {
			f.Add(e.data(f))
			seeds++
		}
	}
	if seeds == 0 {
		f.Fatal("no seeds")
	}
	row := func(data []byte) *format {
		for _, r := range vaultFormats() {
			if r.title == title && r.is(data) {
				return &r
			}
		}
		return nil
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		r := row(data)
		if r == nil {
			return
		}
		file, err := r.read(t.Context(), Input{Data: data})
		if !bytes.Equal(data, before) {
			t.Error("the input was changed")
		}
		if (file == nil) != (err != nil) {
			t.Fatalf("%v, %v", file, err)
		}
		if err != nil {
			checkForeign(t, err, data)
			return
		}
		for _, e := range file.Entries {
			checkEntry(t, e, data)
		}
	})
}

func checkEntry(t *testing.T, e Entry, data []byte) {
	t.Helper()
	if !strings.HasPrefix(e.Where, "entry ") {
		t.Errorf("it is at %q", e.Where)
	}
	if e.Err != nil {
		checkForeign(t, e.Err, data)
		if e.Params.Secret != nil {
			t.Error("a secret beside an error")
		}
		return
	}
	p := e.Params.WithDefaults()
	if len(p.Secret) < 2 || p.Digits < 6 || p.Digits > 8 || !utf8.ValidString(p.Issuer+p.Account) {
		t.Errorf("%+v is no account", p)
	}
	if _, err := otpauth.Parse(p.URI()); err != nil {
		t.Errorf("it gives no URI: %v", err)
	}
}

// checkForeign fails where an error holds a word of the input. Numbers of versions are repeated.
func checkForeign(t *testing.T, err error, data []byte) {
	t.Helper()
	for word := range strings.FieldsSeq(err.Error()) {
		if len(word) >= 12 && strings.Trim(word, "-0123456789") != "" && bytes.Contains(data, []byte(word)) {
			t.Errorf("%q repeats %q", err, word)
		}
	}
}

func FuzzAegis(f *testing.F)     { fuzzFormat(f, "Aegis") }
func Fuzz2FAS(f *testing.F)      { fuzzFormat(f, "2FAS") }
func FuzzEnte(f *testing.F)      { fuzzFormat(f, "Ente Auth") }
func FuzzAndOTP(f *testing.F)    { fuzzFormat(f, "andOTP") }
func FuzzBitwarden(f *testing.F) { fuzzFormat(f, "Bitwarden") }
func Fuzz1Password(f *testing.F) { fuzzFormat(f, "1Password") }
func FuzzPSKC(f *testing.F)      { fuzzFormat(f, "PSKC") }

// streams are what libsodium sealed: key, header, message, sealed message.
func streams(t testing.TB) (list [][4][]byte) {
	for line := range strings.Lines(testdata(t, "secretstream.txt")) {
		var parts [4][]byte
		for i, field := range strings.Fields(line) {
			parts[i], _ = hex.DecodeString(strings.Trim(field, "-"))
		}
		list = append(list, parts)
	}
	return list
}

func TestSecretStream(t *testing.T) {
	list := streams(t)
	if len(list) < 10 {
		t.Fatal("too few vectors")
	}
	for _, s := range list {
		key, header, message, sealed := s[0], s[1], s[2], s[3]
		if string(message) == "unfinished" {
			if got, err := openStream(key, header, sealed); err != errDamaged || got != nil {
				t.Errorf("a message that is not the last: %q, %v", got, err)
			}
			continue
		}
		if got, err := openStream(key, header, sealed); err != nil || !bytes.Equal(got, message) {
			t.Errorf("%d bytes: %x, %v", len(message), got, err)
		}
		for i := range sealed {
			sealed[i] ^= 0x10
			if got, err := openStream(key, header, sealed); !errors.Is(err, ErrPassword) || got != nil {
				t.Errorf("%d bytes, changed at %d: %x, %v", len(message), i, got, err)
			}
			sealed[i] ^= 0x10
			if got, err := openStream(key, header, sealed[:i]); err == nil || got != nil {
				t.Errorf("%d bytes, cut at %d: %x, %v", len(message), i, got, err)
			}
		}
		for i := range header {
			header[i] ^= 1
			if got, err := openStream(key, header, sealed); err == nil || got != nil {
				t.Errorf("%d bytes, header changed at %d: %x, %v", len(message), i, got, err)
			}
			header[i] ^= 1
		}
	}
}

func FuzzSecretStream(f *testing.F) {
	for _, s := range streams(f) {
		f.Add(s[0], s[1], s[3])
	}
	f.Fuzz(func(t *testing.T, key, header, sealed []byte) {
		got, err := openStream(key, header, sealed)
		if err != nil && got != nil || err == nil && len(got) != len(sealed)-streamOverhead {
			t.Fatalf("%x, %v", got, err)
		}
	})
}

// FuzzCBC: no ciphertext makes it panic, and a key of the wrong length is no key.
func FuzzCBC(f *testing.F) {
	f.Add(make([]byte, 16), make([]byte, 16), make([]byte, 32))
	f.Fuzz(func(t *testing.T, key, iv, sealed []byte) {
		got, err := openCBC(key, iv, sealed)
		if err != nil && got != nil || err == nil && (len(sealed)-len(got) < 1 || len(sealed)-len(got) > 16) {
			t.Fatalf("%x, %v", got, err)
		}
	})
}

// FuzzText compares with encoding/json.
func FuzzText(f *testing.F) {
	for _, s := range []string{`""`, `"a\"\\\/\b\f\n\r\tb"`, `"\u00f6\ud83d\ude00\ud83dx\ude00"`, `"ö😀"`, `null`, `5`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want string
		var got text
		err1, err2 := json.Unmarshal(data, &want), json.Unmarshal(data, &got)
		if !utf8.Valid(data) {
			return // encoding/json replaces what is not UTF-8
		}
		if (err1 == nil) != (err2 == nil) || err1 == nil && string(got) != want {
			t.Fatalf("%q: %q, %v, want %q, %v", data, got, err2, want, err1)
		}
	})
}

func TestNumber(t *testing.T) {
	for in, want := range map[string]number{`6`: 6, `"6"`: 6, `6.0`: 6, `null`: 0, `""`: 0, `-1`: -1, `9223372036854775807`: 1<<63 - 1, `3e2`: 300} {
		var n number
		if err := json.Unmarshal([]byte(in), &n); err != nil || n != want {
			t.Errorf("%s: %d, %v", in, n, err)
		}
	}
	for _, in := range []string{`6.5`, `"six"`, `true`, `{}`, `1e300`, `99999999999999999999`, `"NaN"`} {
		var n number
		if err := json.Unmarshal([]byte(in), &n); err == nil {
			t.Errorf("%s is read as %d", in, n)
		}
	}
}

// TestCommonName: RFC 4514 section 4, and what is no distinguished name.
func TestCommonName(t *testing.T) {
	for in, want := range map[string]string{
		"CN=alice": "alice", "cn=alice,O=x": "alice", "UID=jsmith,CN=Steve Kille,DC=net": "Steve Kille",
		"OU=Sales+CN=J.  Smith,DC=example,DC=net": "J.  Smith",
		`CN=James \"Jim\" Smith\, III,DC=net`:     `James "Jim" Smith, III`,
		`CN=Before\0dAfter,DC=net`:                "Before\rAfter", `CN=Lu\C4\8Di\C4\87`: "Lučić",
		"alice": "alice", "alice@example.com": "alice@example.com", "O=x": "O=x", "": "", "=": "=", `CN=a\`: `a\`,
		"UID=a,CN": "UID=a,CN",
	} {
		if got := commonName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzCommonName(f *testing.F) {
	f.Add(`OU=a\, b+CN=c\20d,x`)
	f.Fuzz(func(t *testing.T, s string) { commonName(s) })
}
