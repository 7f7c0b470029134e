package transfer

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

func testdata(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// replace changes what a pattern matches, once, and fails where that is not there.
func replace(t testing.TB, text, pattern, by string) string {
	t.Helper()
	where := regexp.MustCompile(pattern).FindStringIndex(text)
	if where == nil {
		t.Fatalf("no %s in the fixture", pattern)
	}
	return text[:where[0]] + by + text[where[1]:]
}

// TestHostileCosts: a file that asks for more work than any program does is refused before the work, and before anybody
// is asked for a password.
func TestHostileCosts(t *testing.T) {
	for _, c := range []struct{ file, pattern, by, want string }{
		{"aegis-encrypted.json", `"n": 32`, `"n": 1073741824`, "1 GiB"},
		{"aegis-encrypted.json", `"n": 32`, `"n": 4611686018427387904`, "1 GiB"},
		{"aegis-encrypted.json", `"r": 8`, `"r": 1073741825`, "1 GiB"},
		{"aegis-encrypted.json", `"p": 1`, `"p": 1073741824`, "too much scrypt"},
		{"aegis-encrypted.json", `"p": 1`, `"p": 9223372036854775807`, "1 GiB"},
		{"aegis-encrypted.json", `"n": 32`, `"n": 31`, "damaged"},
		{"aegis-encrypted.json", `"n": 32`, `"n": 0`, "damaged"},
		{"aegis-encrypted.json", `"n": 32`, `"n": -32`, "damaged"},
		{"aegis-encrypted.json", `"r": 8`, `"r": 0`, "damaged"},
		{"aegis-encrypted.json", `"p": 1`, `"p": 1e300`, "as this program"},
		{"ente-encrypted.json", `"memLimit": \d+`, `"memLimit": 107374182400`, "1 GiB"},
		{"ente-encrypted.json", `"memLimit": \d+`, `"memLimit": 1073741825024`, "1 GiB"},
		{"ente-encrypted.json", `"memLimit": \d+`, `"memLimit": -1`, "damaged"},
		{"ente-encrypted.json", `"opsLimit": \d+`, `"opsLimit": 4294967298`, "too much Argon2"},
		{"ente-encrypted.json", `"opsLimit": \d+`, `"opsLimit": 0`, "damaged"},
		{"ente-encrypted.json", `"salt": "[^"]+"`, `"salt": ""`, "damaged"},
		{"bitwarden-pbkdf2.json", `"kdfIterations": \d+`, `"kdfIterations": 10000001`, "10000000 rounds"},
		{"bitwarden-pbkdf2.json", `"kdfIterations": \d+`, `"kdfIterations": 0`, "damaged"},
		{"bitwarden-pbkdf2.json", `"kdfType": 0`, `"kdfType": 2`, "not known"},
		{"bitwarden-argon2id.json", `"kdfMemory": 1`, `"kdfMemory": 1025`, "1 GiB"},
		{"bitwarden-argon2id.json", `"kdfMemory": 1`, `"kdfMemory": 9007199254740993`, "1 GiB"},
		{"bitwarden-argon2id.json", `"kdfMemory": 1`, `"kdfMemory": -9007199254740993`, "damaged"},
		{"bitwarden-argon2id.json", `"kdfIterations": 2`, `"kdfIterations": 4294967297`, "too much Argon2"},
		{"bitwarden-argon2id.json", `"kdfParallelism": 2`, `"kdfParallelism": 258`, "too much Argon2"},
		{"bitwarden-argon2id.json", `"kdfParallelism": 2`, `"kdfParallelism": 0`, "damaged"},
		{"pskc-password.xml", `<IterationCount>\d+`, `<IterationCount>10000001`, "10000000 rounds"},
		{"pskc-password.xml", `<IterationCount>\d+`, `<IterationCount>99999999999999999999`, "damaged"},
		{"pskc-password.xml", `<IterationCount>\d+`, `<IterationCount>-1`, "damaged"},
		{"pskc-password.xml", `<KeyLength>16`, `<KeyLength>1000000000`, "damaged"},
	} {
		data := []byte(replace(t, testdata(t, c.file), c.pattern, c.by))
		within(t, 2*time.Second, func() {
			asked := func(context.Context, string) ([]byte, error) {
				t.Errorf("%s with %s: asks for a password", c.file, c.by)
				return nil, ErrLocked
			}
			f, err := Read(t.Context(), Input{Data: data, Password: asked})
			if f != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s with %s: %v, want %s", c.file, c.by, err, c.want)
			}
		})
	}
}

// TestLegitimateCosts: the strongest settings that programs offer are below the bounds.
func TestLegitimateCosts(t *testing.T) {
	salt := make([]byte, 16)
	for name, check := range map[string]func() (derivation, error){
		"Aegis":                    func() (derivation, error) { return byScrypt(salt, 1<<15, 8, 1) },
		"scrypt with 1 GiB":        func() (derivation, error) { return byScrypt(salt, 1<<20, 8, 1) },
		"Ente, sensitive":          func() (derivation, error) { return byArgon2(salt, 4, 1<<20, 1) },
		"Ente, on a small machine": func() (derivation, error) { return byArgon2(salt, 128, 1<<15, 1) },
		"Bitwarden, Argon2id":      func() (derivation, error) { return byArgon2(salt, 10, 1<<20, 16) },
		"Bitwarden, PBKDF2":        func() (derivation, error) { return byPBKDF2(sha256.New, salt, 2_000_000, 32) },
	} {
		if derive, err := check(); err != nil || derive == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRefused: files that are understood and still not taken say why, and what to do.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ file, pattern, by, want string }{
		{"bitwarden-account.json", `^`, "", `export again, with the type "password protected"`},
		{"aegis-plain.json", `"version": 1`, `"version": 2`, "version 2"},
		{"aegis-plain.json", `"db": \{`, `"db": null, "x": {`, "not as this program"},
		{"2fas-plain.2fas", `"schemaVersion": 4`, `"schemaVersion": 5`, "version 5"},
		{"ente-encrypted.json", `"version": 1`, `"version": 2`, "version 2"},
		{"pskc-password.xml", `#pbkdf2"`, `#pbkdf3"`, "key derivation that is not known"},
		{"pskc-key.xml", `<pskc:EncryptionKey/>`, `<pskc:EncryptionKey><ds:X509Data/></pskc:EncryptionKey>`, "certificate"},
		{"pskc-password.xml", `#hmac-sha1`, `#hmac-md5`, "authenticated in a way"},
	} {
		f, err := read([]byte(replace(t, testdata(t, c.file), c.pattern, c.by)), "test")
		if f != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %s: %v, want %s", c.file, c.by, err, c.want)
		}
	}
	slot := regexp.MustCompile(`(?s)\{\s*"type": 1,.*?\}.*?\},`).FindString(testdata(t, "aegis-encrypted.json"))
	many := strings.Replace(testdata(t, "aegis-encrypted.json"), slot, strings.Repeat(slot, aegisMaxSlots), 1)
	if _, err := read([]byte(many), "test"); err == nil || !strings.Contains(err.Error(), "too many passwords") {
		t.Errorf("an Aegis vault with many passwords: %v", err)
	}
	only := strings.ReplaceAll(testdata(t, "aegis-encrypted.json"), `"type": 1`, `"type": 2`)
	if _, err := read([]byte(only), "test"); err == nil || !strings.Contains(err.Error(), "fingerprint") {
		t.Errorf("an Aegis vault without a password: %v", err)
	}
}

// TestDamagedBehindPassword: where the password was right, nobody is told that it was wrong.
func TestDamagedBehindPassword(t *testing.T) {
	for _, c := range []struct{ file, pattern, by string }{
		{"aegis-encrypted.json", `"db": "....`, `"db": "AAAA`},
		{"bitwarden-pbkdf2.json", `"data": "2\.....`, `"data": "2.AAAA`},
	} {
		_, err := read([]byte(replace(t, testdata(t, c.file), c.pattern, c.by)), "test")
		if !errors.Is(err, errDamaged) || errors.Is(err, ErrPassword) {
			t.Errorf("%s: %v", c.file, err)
		}
	}
	f, err := read([]byte(replace(t, testdata(t, "pskc-password.xml"), `<pskc:ValueMAC>....`, `<pskc:ValueMAC>AAAA`)), "test")
	if err != nil || len(f.Entries) != 4 || f.Entries[0].Err != errWrongMAC || f.Entries[1].Err != nil {
		t.Errorf("PSKC: %v, %v", f, err)
	}
	f, err = read([]byte(replace(t, testdata(t, "pskc-password.xml"), `<pskc:ValueMAC>[^<]*</pskc:ValueMAC>`, ``)), "test")
	if err != nil || f.Entries[0].Err == nil || !strings.Contains(f.Entries[0].Err.Error(), "without a MAC") || f.Entries[1].Err != nil {
		t.Errorf("PSKC without a MAC: %v, %v", f, err)
	}
}

// TestWithoutMACKey: the key of the file is that of the MAC, too, and only the MAC shows that the password was wrong.
func TestWithoutMACKey(t *testing.T) {
	data := []byte(replace(t, testdata(t, "pskc-password.xml"), `(?s)<pskc:MACKey>.*</pskc:MACKey>`, ""))
	if f, err := read(data, "test"); !errors.Is(err, ErrPassword) || f != nil {
		t.Errorf("%v, %v", f, err)
	}
}

// TestCBC: vectors of SP 800-38A section F.2.1, whose last bytes are no padding, and lengths that no cipher gives.
func TestCBC(t *testing.T) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key, iv := unhex("2b7e151628aed2a6abf7158809cf4f3c"), unhex("000102030405060708090a0b0c0d0e0f")
	sealed := unhex("7649abac8119b246cee98e9b12e9197d")
	if got, err := openCBC(key, iv, sealed); err != errDamaged || got != nil { // ends with 2a
		t.Errorf("padding of 42: %x, %v", got, err)
	}
	for padding, want := range map[byte]string{0: "", 1: "6bc1bee22e409f96e93d7e11739317", 16: "", 17: ""} {
		changed := bytes.Clone(iv)
		changed[15] ^= 0x2a ^ padding
		got, err := openCBC(key, changed, sealed)
		if hex.EncodeToString(got) != want || (err == nil) != (padding == 1 || padding == 16) {
			t.Errorf("padding of %d: %x, %v", padding, got, err)
		}
	}
	for _, n := range []int{0, 1, 15, 17} {
		if got, err := openCBC(key, iv, make([]byte, n)); err != errDamaged || got != nil {
			t.Errorf("%d bytes: %x, %v", n, got, err)
		}
	}
	if got, err := openCBC(key[:15], iv, sealed); err != errDamaged || got != nil {
		t.Errorf("a short key: %x, %v", got, err)
	}
}

// TestNesting: what is nested deeply is refused before it is decoded.
func TestNesting(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	aegis := testdata(t, "aegis-plain.json")
	within(t, 5*time.Second, func() {
		for n, good := range map[int]bool{maxNesting - 1: true, maxNesting: false, 20 << 20: false} {
			_, err := read([]byte(replace(t, aegis, `"version": 1`, `"x": `+deep(n)+`, "version": 1`)), "")
			if good != (err == nil) {
				t.Errorf("%d levels: %v", n, err)
			}
		}
		xml := testdata(t, "pskc-plain.xml")
		for n, good := range map[int]bool{maxNesting - 1: true, maxNesting: false, 5 << 20: false} {
			inner := strings.Repeat("<a>", n) + strings.Repeat("</a>", n)
			_, err := read([]byte(replace(t, xml, `<pskc:KeyPackage>`, inner+`<pskc:KeyPackage>`)), "")
			if good != (err == nil) {
				t.Errorf("%d elements: %v", n, err)
			}
		}
	})
}

// TestMillions: a short element many times is refused, and takes neither much time nor memory.
func TestMillions(t *testing.T) {
	for _, c := range []struct{ head, element, tail string }{
		{`{"header":{"slots":null},"version":1,"db":{"entries":[`, `0,`, `0]}}`},
		{`[{"secret":0,"label":0,"type":0,"algorithm":0},`, `0,`, `0]`},
		{`<KeyContainer>`, `<Key/>`, `</KeyContainer>`},
	} {
		data := []byte(c.head + strings.Repeat(c.element, maxEntries+10) + c.tail)
		_, err := read(data, "")
		if err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("%s: %v", c.head, err)
		}
	}
}

// TestEncodings: the same file with a byte order mark, or as PowerShell and Windows' editors save it.
func TestEncodings(t *testing.T) {
	for _, e := range fixtures() {
		if e.question != "" || e.format == "1Password" {
			continue
		}
		text := string(e.data(t))
		units := utf16.Encode([]rune(text))
		for name, data := range map[string][]byte{
			"a mark":     []byte("\ufeff" + text),
			"UTF-16LE":   utf16Bytes("\xff\xfe", binary.LittleEndian, units),
			"UTF-16BE":   utf16Bytes("\xfe\xff", binary.BigEndian, units),
			"blanks":     []byte(" \r\n\t" + text + "\r\n"),
			"CR and LF":  []byte(strings.ReplaceAll(text, "\n", "\r\n")),
			"UTF-16 XML": []byte(strings.Replace(text, `encoding="UTF-8"`, `encoding="UTF-16"`, 1)),
		} {
			f, err := read(data, "")
			if err != nil {
				t.Errorf("%s in %s: %v", e.file, name, err)
				continue
			}
			checkEntries(t, f, e.want)
		}
	}
}

func utf16Bytes(mark string, order binary.AppendByteOrder, units []uint16) []byte {
	data := []byte(mark)
	for _, u := range units {
		data = order.AppendUint16(data, u)
	}
	return data
}

// TestLatin1: names that are not UTF-8 are not guessed; the other entries are taken.
func TestLatin1(t *testing.T) {
	for _, e := range fixtures() {
		if e.question != "" || e.format == "1Password" || e.format == "PSKC" || !bytes.Contains(e.data(t), []byte("böb")) {
			continue
		}
		f, err := read(bytes.ReplaceAll(e.data(t), []byte("böb"), []byte("b\xf6b")), "")
		if err != nil {
			t.Errorf("%s: %v", e.file, err)
			continue
		}
		bad := 0
		for i, entry := range f.Entries {
			if entry.Err != nil && strings.Contains(entry.Err.Error(), "not UTF-8") {
				bad++
			} else if entry.Err == nil && show(entry) != e.want[i] {
				t.Errorf("%s: %s", e.file, show(entry))
			}
		}
		if bad != 1 {
			t.Errorf("%s: %d entries are not UTF-8", e.file, bad)
		}
	}
}

// TestDocumentType: no entity is expanded, and nothing fetched.
func TestDocumentType(t *testing.T) {
	text := testdata(t, "pskc-plain.xml")
	for _, c := range []struct{ doctype, issuer string }{
		{`<!DOCTYPE a [<!ENTITY x "y">]>`, "&x;"},
		{`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>`, "&x;"},
		{`<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">`, "y"},
		{"", "&x;"},
	} {
		data := replace(t, text, `<pskc:KeyContainer`, c.doctype+`<pskc:KeyContainer`)
		data = replace(t, data, `<pskc:Issuer>ACME`, `<pskc:Issuer>`+c.issuer)
		if f, err := read([]byte(data), ""); err == nil {
			t.Errorf("%s with %s is read as %s", c.doctype, c.issuer, show(f.Entries[0]))
		}
	}
}

// archive makes a zip file of export.data, with sizes that need not be true.
func archive(t *testing.T, content []byte, method uint16, size uint64, more func(*zip.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateRaw(&zip.FileHeader{Name: "export.data", Method: method, CRC32: crc32.ChecksumIEEE(content),
		CompressedSize64: uint64(len(content)), UncompressedSize64: size})
	if err == nil {
		_, err = w.Write(content)
	}
	if err != nil {
		t.Fatal(err)
	}
	if more != nil {
		more(z)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArchives(t *testing.T) {
	good := []byte(`{"accounts":[{"vaults":[{"items":[]}]}]}`)
	size := uint64(len(good))
	var deflated bytes.Buffer
	z := zip.NewWriter(&deflated)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	w, _ := z.Create("export.data")
	for range MaxSize>>20 + 1 {
		w.Write(make([]byte, 1<<20)) // zeros, in a thousandth of the space
	}
	z.Close()
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"good":               {archive(t, good, zip.Store, size, nil), ""},
		"a bomb":             {deflated.Bytes(), ErrTooBig.Error()},
		"declared large":     {archive(t, good, zip.Store, 1<<40, nil), ErrTooBig.Error()},
		"declared larger":    {archive(t, good, zip.Store, size+1, nil), "damaged"},
		"declared smaller":   {archive(t, good, zip.Store, size-1, nil), "damaged"},
		"unknown method":     {archive(t, good, 99, size, nil), "damaged"},
		"twice":              {archive(t, good, zip.Store, size, func(z *zip.Writer) { z.Create("export.data") }), "twice"},
		"elsewhere":          {bytes.ReplaceAll(archive(t, good, zip.Store, size, nil), []byte("export.data"), []byte("export/data")), "not a file"},
		"other content":      {bytes.Replace(archive(t, good, zip.Store, size, nil), []byte("accounts"), []byte("acconuts"), 1), "damaged"},
		"no directory":       {archive(t, good, zip.Store, size, nil)[:60], "damaged"},
		"no JSON":            {archive(t, []byte("export"), zip.Store, 6, nil), "JSON is damaged"},
		"accounts is a word": {archive(t, []byte(`{"accounts":"x"}`), zip.Store, 16, nil), "not as this program"},
		"many files": {archive(t, good, zip.Store, size, func(z *zip.Writer) {
			w, _ := z.CreateRaw(&zip.FileHeader{Name: "directory"})
			w.Write(bytes.Repeat([]byte("PK\x01\x02"), onePasswordFiles)) // more would take long to write
		}), "more than"},
	} {
		within(t, 3*time.Second, func() {
			f, err := read(c.data, "")
			switch {
			case c.want == "" && (err != nil || f.Format != "1Password"):
				t.Errorf("%s: %v", name, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		})
	}
}

// TestNoise: what is no export is not taken for a sealed one, for which a password would be asked.
func TestNoise(t *testing.T) {
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"rounds of 0": append(make([]byte, 4), "\xff\xfe\xfd plain words of some length, and more of them"...)}
	files["a short text"] = []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
	for i := 0; i < 200; i++ {
		start := i * 8192 // what describes the program to a debugger is compressed, and at its end
		files[fmt.Sprintf("program at %d", start)] = program[start : start+4096]
	}
	sealed := []byte(testdata(t, "andotp-encrypted.bin"))
	for _, magic := range []string{"PK\x03\x04", "\x1f\x8b\x08", "\x89PNG\r\n", "\x85\x01\x0c", "Salted__"} {
		files[fmt.Sprintf("%q", magic)] = append([]byte(magic), sealed[len(magic):]...)
	}
	for _, e := range fixtures() {
		if e.format != "andOTP" && e.format != "1Password" {
			files[e.file] = append([]byte("\xff"), e.data(t)...)
		}
	}
	for name, data := range files {
		if f, err := read(data, "test"); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}

// TestWiped: the password is overwritten once it was used, and Wipe reaches all secrets.
func TestWiped(t *testing.T) {
	for _, e := range fixtures() {
		if e.question == "" {
			continue
		}
		password := []byte(e.answer().password)
		f, err := Read(t.Context(), Input{Data: e.data(t), Password: func(context.Context, string) ([]byte, error) { return password, nil }})
		if err != nil {
			t.Fatal(err)
		}
		if len(bytes.Trim(password, "\x00")) > 0 {
			t.Errorf("%s: the password is left in memory", e.file)
		}
		f.Wipe()
		for _, entry := range f.Entries {
			if len(bytes.Trim(entry.Params.Secret, "\x00")) > 0 {
				t.Errorf("%s: a secret is left in memory", e.file)
			}
		}
	}
}

// TestCancelled: nobody is asked, and nothing derived, once the user has given up.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, e := range fixtures() {
		if e.question == "" {
			continue
		}
		a := e.answer()
		if _, err := Read(ctx, Input{Data: e.data(t), Password: a.give}); !errors.Is(err, context.Canceled) || len(a.questions) > 0 {
			t.Errorf("%s: %v", e.file, err)
		}
	}
}
