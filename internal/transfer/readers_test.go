package transfer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"ykmfa/internal/otpauth"
)

const bobMigration = "Größe & Söhne:böb TOTP SHA256 8 30s 12345678901234567890123456789012" // of which the period is always 30 s

// readerFixtures are the files of testdata that have no password, and those of make-stratum.py. CSV, lists and FreeOTP+
// are written by hand after what their programs export.
func readerFixtures() []fixture {
	const list, google, stratum = "list of otpauth URIs", "Google Authenticator", "Stratum (Authenticator Pro)"
	const question = "password of the Stratum backup"
	backup := []string{aliceACME, bobGrosse, "Counter: HOTP SHA1 6 #7 12345678901234567890", daveSteam, "entry 5: mOTP", "entry 6: Yandex",
		"entry 7: 10 digits", "entry 8: an algorithm other than", "entry 9: neither totp nor hotp"}
	return []fixture{
		{file: "uris.txt", format: list, want: []string{aliceACME, bobGrosse, carolHOTP, daveSteam,
			"Steam: TOTP SHA1 6 30s 12345678901234567890", "line 9: MD5", "line 10: 10 digits", "line 11: neither base32",
			"line 12: mOTP", "line 13: no otpauth URI", "line 14: no otpauth URI", ": TOTP SHA1 6 30s 12345678901234567890", aliceACME,
			"line 17: damaged export of Google Authenticator"}},
		{file: "ente-plain.txt", format: list, want: []string{aliceACME, carolHOTP, daveSteam}},
		{file: "migration-google.txt", format: google, want: []string{aliceACME, bobMigration, carolHOTP,
			"Example:dora TOTP SHA1 6 30s 12345678901234567890", "line 3, account 5: MD5"}},
		{file: "lastpass.csv", format: "LastPass (CSV)", want: []string{aliceACME, bobGrosse, "line 8: current code"}},
		{file: "bitwarden.csv", format: "Bitwarden (CSV)", want: []string{aliceACME, bobGrosse, daveSteam, "line 7: neither base32"}},
		{file: "bitwarden-organization.csv", format: "Bitwarden (CSV)", want: []string{aliceACME}},
		{file: "1password.csv", format: "1Password (CSV)", want: []string{aliceACME}},
		{file: "apple.csv", format: "Apple Passwords (CSV)", want: []string{aliceACME}},
		{file: "protonpass.csv", format: "Proton Pass (CSV)", want: []string{aliceACME, bobGrosse}},
		{file: "dashlane.csv", format: "Dashlane (CSV)", want: []string{aliceACME}},
		{file: "proton.json", format: "Proton Authenticator", want: []string{aliceACME, bobGrosse, daveSteam, "entry 4: MD5", "entry 5: empty",
			"entry 6: not as this program writes it"}},
		{file: "freeotp-plus.json", format: "FreeOTP+", want: []string{aliceACME, bobGrosse, carolHOTP, daveSteam,
			":first HOTP SHA1 6 #0 12345678901234567890", ":high TOTP SHA1 6 30s \xff\x80\x00\x7f1234567890123456",
			"entry 7: MD5", "entry 8: not as", "entry 9: not as", "entry 10: no secret"}},
		{file: "duo.json", format: "Duo Mobile", want: []string{strings.TrimPrefix(aliceACME, "ACME"), carolHOTP, "entry 3: neither base32",
			"entry 4: no secret"}},
		{file: "stratum-plain.json", format: stratum, want: backup},
		{file: "stratum.stratum", format: stratum, question: question, want: backup},
		{file: "stratum-old.authpro", format: stratum, question: question, want: backup},
	}
}

func TestReaders(t *testing.T) {
	for _, e := range readerFixtures() {
		t.Run(e.file, func(t *testing.T) {
			a := answer{password: "test"}
			f, err := Read(t.Context(), Input{Data: e.data(t), Password: a.give})
			if err != nil {
				t.Fatal(err)
			}
			if f.Format != e.format || strings.Join(a.questions, "\n") != e.question {
				t.Errorf("it is taken for %s, asked %q", f.Format, a.questions)
			}
			checkEntries(t, f, e.want)
			checkQuiet(t, f, nil)
		})
	}
}

// TestReadersAre: each file is recognised by one row of the table alone, so that the order of the rows does not matter.
func TestReadersAre(t *testing.T) {
	also := map[string]string{
		"Google Authenticator": "list of otpauth URIs",
		"1Password (CSV)":      "Apple Passwords (CSV)", // whose columns are a part of them
	}
	for _, e := range slices.Concat(readerFixtures(), fixtures()) {
		if e.format == "andOTP" && e.question != "" {
			continue // noise
		}
		var titles []string
		for _, f := range formats() {
			if f.read != nil && f.is(e.data(t)) {
				titles = append(titles, f.title)
			}
		}
		want := slices.DeleteFunc([]string{e.format, also[e.format]}, func(s string) bool { return s == "" })
		if e.question != "" { // noise may be of andOTP, which has no mark
			titles = slices.DeleteFunc(titles, func(s string) bool { return s == "andOTP" })
		}
		if !slices.Equal(titles, want) {
			t.Errorf("%s is taken for %q", e.file, titles)
		}
	}
}

func TestReadersWrongPassword(t *testing.T) {
	for _, e := range readerFixtures() {
		if e.question == "" {
			continue
		}
		for _, password := range []string{"", "Test"} {
			if f, err := read(e.data(t), password); !errors.Is(err, ErrPassword) || f != nil {
				t.Errorf("%s: %v, %v", e.file, f, err)
			}
		}
		if f, err := Read(t.Context(), Input{Data: e.data(t)}); !errors.Is(err, ErrLocked) || f != nil {
			t.Errorf("%s, without a password: %v, %v", e.file, f, err)
		}
		for _, n := range []int{16, 30, 60} {
			if f, err := read(e.data(t)[:n], "test"); err == nil || f != nil {
				t.Errorf("%s, the first %d bytes: %v, %v", e.file, n, f, err)
			}
		}
	}
}

// TestReadersCutShort: JSON of which the end is missing is refused as a whole.
func TestReadersCutShort(t *testing.T) {
	for _, e := range readerFixtures() {
		if filepath.Ext(e.file) != ".json" {
			continue
		}
		data := bytes.TrimSpace(e.data(t))
		for n := 1; n < len(data); n++ {
			f, err := read(data[:n], "")
			checkQuiet(t, f, err)
			if err == nil {
				t.Fatalf("%s: %d of %d bytes are read without an error", e.file, n, len(data))
			}
		}
	}
}

// encoded is a text in UTF-16 with a byte order mark.
func encoded(text string, order binary.AppendByteOrder) []byte {
	data := order.AppendUint16(nil, 0xfeff)
	for _, unit := range utf16.Encode([]rune(text)) {
		data = order.AppendUint16(data, unit)
	}
	return data
}

func TestUTF16(t *testing.T) {
	for _, e := range readerFixtures() {
		if e.question != "" {
			continue
		}
		text := strings.ReplaceAll(string(e.data(t)), "Work", "Work 🗝") // a surrogate pair
		for name, data := range map[string][]byte{
			"CRLF":      []byte(strings.ReplaceAll(text, "\n", "\r\n")),
			"BOM":       []byte(bom + text),
			"UTF-16 LE": encoded(text, binary.LittleEndian),
			"UTF-16 BE": encoded(text, binary.BigEndian),
		} {
			f, err := read(data, "")
			if err != nil || f.Format != e.format {
				t.Errorf("%s in %s: %v, %v", e.file, name, f, err)
				continue
			}
			checkEntries(t, f, e.want)
		}
	}
}

func TestMixedEncodings(t *testing.T) {
	line := "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ\n"
	for name, data := range map[string][]byte{
		"UTF-8 behind UTF-16":      append(encoded(line, binary.LittleEndian), line...),
		"an odd number behind it":  append(encoded(line, binary.LittleEndian), line+"x"...),
		"UTF-8 behind UTF-16 BE":   append(encoded(line, binary.BigEndian), line...),
		"UTF-16 behind UTF-8":      append([]byte(line), encoded(line, binary.LittleEndian)...),
		"upper case behind UTF-16": append(encoded(line, binary.LittleEndian), strings.ToUpper(line)...),
	} {
		if f, err := read(data, ""); !errors.Is(err, ErrMixed) || f != nil {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	two := bom + line + bom + line // of two files, in one
	if f, err := read([]byte(two), ""); err != nil || len(f.Entries) != 2 || f.Entries[1].Err != nil {
		t.Errorf("two byte order marks: %v, %v", f, err)
	}
}

// TestDecodeText: what is no UTF-16 in spite of its mark is left as it is.
func TestDecodeText(t *testing.T) {
	for data, want := range map[string]string{
		"\xff\xfea\x00\x3d\xd8\xdd\xdd": "a\U0001f5dd",
		"\xfe\xff\x00a\xd8\x3d\xdd\xdd": "a\U0001f5dd",
		"\xff\xfea\x00\x3d\xd8a\x00":    "\xff\xfea\x00\x3d\xd8a\x00", // half of a pair, and a letter
		"\xff\xfea\x00\xdd\xdd":         "\xff\xfea\x00\xdd\xdd",
		"\xff\xfea\x00\x3d\xd8":         "\xff\xfea\x00\x3d\xd8",
		"\xff\xfea":                     "\xff\xfea",
		bom + "a":                       "a",
		"a" + bom:                       "a" + bom,
		"":                              "",
	} {
		got, wipe, err := decodeText([]byte(data))
		if err != nil || string(got) != want {
			t.Errorf("%q: %q, %v, want %q", data, got, err, want)
		}
		if wipe(); len(got) > 0 && !strings.HasPrefix(data, bom) && data != want && got[0] != 0 {
			t.Errorf("%q: not wiped", data)
		}
	}
}

// TestOthers: what is no export of these programs is not taken for one.
func TestOthers(t *testing.T) {
	for _, text := range []string{
		"hello", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "a,b,c\n1,2,3\n", "url,username,password\nx,y,z\n", `"Group","Title"` + "\n",
		`{"tokens":[{"secret":"x"}]}`, `{"entries":[{"uri":"otpauth://totp/x?secret=GEZDGNBV"}]}`, `[{"secret":"x"}]`, `["otpSecret"]`,
		`{"Authenticators":[]}`, "https://otpauth.example/", "see otpauth://totp/x?secret=GEZDGNBV", "<a>\notpauth://totp/x?secret=GEZDGNBV\n</a>",
		"\xff\xfe\x00", "\xff\xfe\x00\xd8", "\xff\xfe\x00\xd8\x41\x00", "AUTHENTICATOR", "otpauth:totp/x?secret=GEZDGNBV",
	} {
		if f, err := read([]byte(text), ""); !errors.Is(err, ErrUnknown) || f != nil {
			t.Errorf("%q is taken for %v, %v", text, f, err)
		}
	}
	for _, text := range []string{"", " \n\t", bom, "\xff\xfe", "\xfe\xff\x00\n"} {
		if _, err := read([]byte(text), ""); !errors.Is(err, ErrEmpty) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := read(make([]byte, MaxSize+1), ""); !errors.Is(err, ErrTooBig) {
		t.Error(err)
	}
}

// TestNames: entries that a secret came to without names are known by what the manager says, or by their number.
func TestNames(t *testing.T) {
	const header, secret = "name,login_uri,login_username,login_password,type,login_totp\n", "GEZDGNBVGY3TQOJQ"
	for row, want := range map[string]string{
		"ACME,,alice,x,login," + secret: "ACME/alice/ACME",
		"ACME,,,x,login," + secret:      "/ACME/ACME",
		",,alice,x,login," + secret:     "/alice/",
		",,,,login," + secret:           "//entry 1",
		// The name of an entry does not make Steam's codes of it.
		"Steam,,dave,x,login," + secret:                                 "/dave/Steam",
		"steam,,,x,login," + secret:                                     "/steam/steam",
		"Games,,dave,x,login,steam://" + secret:                         "Steam/dave/Games",
		"Games,,,x,login,steam://" + secret:                             "Steam/Games/Games",
		"Steam,,,x,login,steam://" + secret:                             "Steam//Steam",
		"Mine,,dave,x,login,otpauth://totp/ACME:alice?secret=" + secret: "ACME/alice/Mine",
		"Mine,,dave,x,login,otpauth://totp/alice?secret=" + secret:      "/alice/Mine",
		"Mine,,dave,x,login,otpauth://totp/?secret=" + secret:           "Mine/dave/Mine",
		" a\u202eb\x07 ,,\xff\xfe,x,login," + secret:                    "/ab/ab",
	} {
		f, err := read([]byte(header+row), "")
		if err != nil || len(f.Entries) != 1 {
			t.Fatalf("%q: %v, %v", row, f, err)
		}
		e := f.Entries[0]
		if got := e.Params.Issuer + "/" + e.Params.Account + "/" + e.Title; got != want || e.Err != nil {
			t.Errorf("%q: %s, %v, want %s", row, got, e.Err, want)
		}
	}
	long := header + strings.Repeat("ä", 10000) + ",,x,x,login," + secret
	if f, err := read([]byte(long), ""); err != nil || len(f.Entries) != 1 || len(f.Entries[0].Title) > 1024 {
		t.Errorf("a title of %d bytes", len(f.Entries[0].Title))
	}
}

func TestOldCSV(t *testing.T) {
	data, err := os.ReadFile("testdata/keepassxc-old.csv")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"KeePassXC": string(data), "LastPass": "url,username,password,extra,name,grouping,fav\nx,y,z,,,,\n"} {
		if f, err := read([]byte(text), ""); !errors.Is(err, errNoColumn) || !strings.Contains(err.Error(), name) || f != nil {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	open := "name,login_uri,login_username,login_password,type,login_totp\n\"ACME,,alice\n,x,login,GEZDGNBV\n"
	if f, err := read([]byte(open), ""); err != nil || len(f.Entries) != 1 || !errors.Is(f.Entries[0].Err, errOpen) || f.Entries[0].Where != "line 2" {
		t.Errorf("an open quote: %+v, %v", f, err)
	}
}

// TestBounds: what is large or deep takes no more than its size is worth, and one that is too much is refused.
func TestBounds(t *testing.T) {
	deep := strings.Repeat("[", 1_000_000)
	keys := `{"entries":` + deep + `,"content":1,"entry_type":1,"uri":1}`
	for name, text := range map[string]string{
		"brackets":      deep,
		"under keys":    keys,
		"tokens":        `{"tokenOrder":[],"algo":"","secret":0,"tokens":` + strings.Repeat(`[{"a":`, 100_000),
		"Duo":           `[{"otpGenerator":1,"otpSecret":1},` + strings.Repeat(`{"a":`, 500_000),
		"many nothings": `{"tokenOrder":[],"algo":"","secret":0,"tokens":[` + strings.Repeat("{},", 200_000) + `{}]}`,
		"long number":   `{"tokenOrder":[],"algo":"","tokens":[{"secret":[` + strings.Repeat("9", 10_000_000) + `]}]}`,
		"long secret":   `{"tokenOrder":[],"algo":"","tokens":[{"secret":[` + strings.Repeat("1,", 2_000_000) + `1]}]}`,
		"lines":         "otpauth://totp/x?secret=GEZDGNBV\n" + strings.Repeat("x\n", 3_000_000),
		"columns":       "name,login_uri,login_username,login_password,type,login_totp\n" + strings.Repeat(",", 20_000_000),
		"rows":          "name,login_uri,login_username,login_password,type,login_totp\n" + strings.Repeat(",,,,,x\n", 1_500_000),
		"quotes":        "name,login_uri,login_username,login_password,type,login_totp\n" + strings.Repeat(`"`, 20_000_001),
		"migrations":    migrationLines(50_000),
		"accounts":      "otpauth-migration://offline?data=" + strings.Repeat("CgAK", 200_000),
		"a long line":   "otpauth://totp/x?secret=" + strings.Repeat("A", 20_000_000),
		"percent signs": "otpauth-migration://offline?data=" + strings.Repeat("%41", 300_000),
	} {
		t.Run(name, func(t *testing.T) {
			within(t, 30*time.Second, func() {
				f, err := read([]byte(text), "")
				checkQuiet(t, f, err)
				if err != nil && f != nil {
					t.Error("a file beside the error")
				}
				if strings.Contains(name, "brackets") && err == nil {
					t.Error("no error")
				}
			})
		})
	}
}

// migrationLines are parts of as many exports of a thousand million parts.
func migrationLines(n int) string {
	var b strings.Builder
	for i := range n {
		m := appendProtoNumber(nil, payloadBatchSize, 1_000_000_000)
		m = appendProtoNumber(m, payloadBatchID, uint64(i+1))
		b.Write(migrationURI(m, 0, 0, 0))
		b.WriteByte('\n')
	}
	return b.String()
}

func manyURIs(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "otpauth://totp/A:%d?secret=GEZDGNBVGY3TQOJQ\n", i)
	}
	return b.Bytes()
}

// TestManyLines: as many lines are read as there may be entries. A million is refused, and not only after all are read.
func TestManyLines(t *testing.T) {
	within(t, 60*time.Second, func() {
		f, err := read(manyURIs(maxEntries), "")
		if err != nil || len(f.Entries) != maxEntries || f.Entries[maxEntries-1].Err != nil {
			t.Errorf("%v", err)
		}
		if f, err := read(manyURIs(1_000_000), ""); err == nil || !strings.Contains(err.Error(), "more than") || f != nil {
			t.Errorf("a million lines: %v", err)
		}
	})
}

func BenchmarkURIs(b *testing.B) {
	data := manyURIs(1000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		f, err := read(data, "")
		if err != nil || len(f.Entries) != 1000 {
			b.Fatal(err)
		}
	}
}

// TestNoAlias: what was read does not change when the file is wiped.
func TestNoAlias(t *testing.T) {
	for _, e := range readerFixtures() {
		data := e.data(t)
		f, err := read(data, "test")
		if err != nil {
			t.Fatal(err)
		}
		otpauth.Wipe(data)
		checkEntries(t, f, e.want)
		f.Wipe()
		for _, entry := range f.Entries {
			if len(bytes.Trim(entry.Params.Secret, "\x00")) > 0 {
				t.Error("Wipe leaves a secret")
			}
		}
	}
}
