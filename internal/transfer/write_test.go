package transfer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

// randomEntries are accounts of all kinds that a key can hold. The same number gives the same ones.
func randomEntries(n int) []Entry {
	r := rand.New(rand.NewPCG(uint64(n), 6238))
	names := []string{"", "", "ACME", "A:B", ":", "Größe & Söhne", `quote"\`, "steam", "Steam", "🗝", "a%3Ab", "x+y", "a b", "?secret=x&#", "</a>", "null", "ACME:x", "1"}
	name := func() string {
		if r.IntN(3) > 0 {
			return names[r.IntN(len(names))]
		}
		var b strings.Builder
		for range r.IntN(20) {
			b.WriteRune([]rune(`aZ09:"\/&%+ ,;=?#@[]{}<>äß漢€`)[r.IntN(28)])
		}
		return strings.TrimSpace(b.String())
	}
	pick := func(list ...int) int { return list[r.IntN(len(list))] }
	entries := make([]Entry, n)
	for i := range entries {
		secret := make([]byte, pick(2, 5, 10, 16, 20, 20, 20, 32, 64, 100))
		for i := range secret {
			secret[i] = byte(r.UintN(256))
		}
		p := otpauth.Params{Secret: secret, Issuer: name(), Account: name(), Algorithm: oath.Algorithm(pick(0, 1, 1, 1, 2, 3)),
			Digits: pick(0, 6, 6, 6, 7, 8), Period: time.Duration(pick(0, 30, 30, 30, 60, 86400)) * time.Second}
		if r.IntN(4) == 0 {
			p.Type, p.Counter, p.Period = oath.HOTP, uint64(r.Uint32()>>r.IntN(32)), 0
		}
		if isSteam(p.Issuer) {
			p.Digits = 6
		}
		if p.Issuer == "" && p.Account == "" {
			p.Account = fmt.Sprintf("account %d", i)
		}
		entries[i] = Entry{Params: p}
	}
	return entries
}

// goodEntries are those of randomEntries that fit.
func goodEntries(n int, fits func(p otpauth.Params) error) []Entry {
	return slices.DeleteFunc(randomEntries(n), func(e Entry) bool {
		p := e.Params.WithDefaults()
		return isSteam(p.Issuer) && p.Type == oath.HOTP || fits(p) != nil
	})
}

// checkSame compares what was read with what had been written.
func checkSame(t *testing.T, format string, f *File, want []Entry) {
	t.Helper()
	if len(f.Entries) != len(want) {
		t.Fatalf("%s: %d of %d entries", format, len(f.Entries), len(want))
	}
	for i, e := range f.Entries {
		got, want := e.Params.WithDefaults(), want[i].Params.WithDefaults()
		if isSteam(want.Issuer) {
			want.Issuer = "Steam"
		}
		if e.Err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s, entry %d:\n got %+v, %v\nwant %+v", format, i+1, got, e.Err, want)
		}
	}
}

// cannot says what the formats cannot hold, in other words than the code.
func cannot(format string, p otpauth.Params) bool {
	p = p.WithDefaults()
	steam, counts := strings.EqualFold(p.Issuer, "Steam"), p.Type == oath.HOTP
	odd := steam && (p.Algorithm != oath.SHA1 || p.Period != 30*time.Second)
	switch format {
	case "migration":
		return steam || p.Digits == 7 || !counts && p.Period != 30*time.Second
	case "2fas":
		return odd || steam && counts || p.Counter >= 1<<31
	case "bitwarden":
		return odd || counts
	}
	return steam && counts
}

// TestWriteRead: what we write, we read back as it was; and what a format cannot hold is named, and nothing else.
func TestWriteRead(t *testing.T) {
	if got, want := fmt.Sprint(Writable()), "[migration uris aegis 2fas bitwarden]"; got != want {
		t.Errorf("formats %s", got)
	}
	entries := randomEntries(2000)
	for _, name := range Writable() {
		data, err := Write(name, entries)
		var want []Entry
		var out []int
		for i, e := range entries {
			if cannot(name, e.Params) {
				out = append(out, i)
			} else {
				want = append(want, e)
			}
		}
		var left *LeftOut
		if err != nil && !errors.As(err, &left) {
			t.Fatalf("%s: %v", name, err)
		}
		var named []int
		if left != nil {
			for _, l := range left.Entries {
				named = append(named, l.Index)
			}
		}
		if !slices.Equal(named, out) || len(want) < 100 || len(out) == 0 {
			t.Errorf("%s: left out %v, want %v", name, named, out)
			continue
		}
		f, err := read(data, "")
		if err != nil || len(f.Missing) > 0 {
			t.Fatalf("%s: %+v, %v", name, f, err)
		}
		checkSame(t, name, f, want)
	}
}

func TestWriteEdges(t *testing.T) {
	good := otpauth.Params{Secret: []byte("12345678901234567890"), Issuer: "ACME", Account: "alice"}
	for _, name := range Writable() {
		entries := []Entry{{Params: good}, {Err: errors.New("it was bad before")}, {Params: otpauth.Params{Account: "empty"}},
			{Title: "Title", Params: otpauth.Params{Secret: []byte("12345678901234567890")}}}
		data, err := Write(name, entries)
		var left *LeftOut
		if !errors.As(err, &left) || len(left.Entries) != 2 || left.Entries[0].Index != 1 || left.Entries[1].Index != 2 {
			t.Errorf("%s: %v", name, err)
		}
		if want := "entry 2 is left out: it was bad before; entry 3 is left out: it has no secret"; err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
		f, err := read(data, "")
		if err != nil || len(f.Entries) != 2 || f.Entries[1].Params.Account != "Title" {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
		if data, err := Write(name, nil); err != nil || len(data) > 0 && !json.Valid(data) {
			t.Errorf("%s, of nothing: %q, %v", name, data, err)
		}
		if entries[0].Params.Digits != 0 || string(entries[0].Params.Secret) != "12345678901234567890" {
			t.Errorf("%s changes its argument", name)
		}
	}
	if data, err := Write("csv", nil); err == nil || data != nil {
		t.Errorf("%q, %v", data, err)
	}
	if data, err := Write("", nil); err == nil || data != nil { // of rows that are only read
		t.Errorf("%q, %v", data, err)
	}
}

// TestWriteJSON: the JSON is what encoding/json reads, and has what the programs ask for.
func TestWriteJSON(t *testing.T) {
	entries := randomEntries(300)
	for name, keys := range map[string][]string{
		"aegis":     {"version", "header", "db"},
		"2fas":      {"services", "groups", "updatedAt", "schemaVersion"},
		"bitwarden": {"encrypted", "folders", "items"},
	} {
		data, _ := Write(name, entries)
		var object map[string]any
		if err := json.Unmarshal(data, &object); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, key := range keys {
			if _, ok := object[key]; !ok {
				t.Errorf("%s has no %s", name, key)
			}
		}
	}
	steam := []Entry{{Params: otpauth.Params{Secret: []byte("12345678901234567890"), Issuer: "Steam", Account: "dave"}}}
	for name, want := range map[string][]string{
		"aegis":     {`"type":"steam"`, `"digits":5`, `"period":30`, `"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"`},
		"2fas":      {`"tokenType":"STEAM"`, `"digits":5`, `"period":30`},
		"bitwarden": {`"totp":"steam://GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"`, `"username":"dave"`, `"name":"Steam"`},
	} {
		data, err := Write(name, steam)
		for _, text := range want {
			if err != nil || !bytes.Contains(data, []byte(text)) {
				t.Errorf("%s writes Steam as %s, %v; want %s", name, data, err, text)
			}
		}
	}
	w := &jsonWriter{}
	w.add(quoted("a\x00\x1f\"\\\n\xff\u2028🗝"))
	var got string
	if err := json.Unmarshal(w.buf, &got); err != nil || got != "a\x00\x1f\"\\\n\ufffd\u2028🗝" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestWriteRoom: the buffers do not grow, because the old ones would keep secrets.
func TestWriteRoom(t *testing.T) {
	worst := otpauth.Params{Secret: make([]byte, 100), Issuer: strings.Repeat(`"`, 100), Account: strings.Repeat("\x01", 100), Type: oath.HOTP, Counter: 1<<32 - 1}
	for range 2 {
		entries := slices.Repeat([]Entry{{Params: worst.WithDefaults()}}, 50)
		for name, c := range map[string]struct {
			write  func([]Entry) ([]byte, error)
			around int
		}{"aegis": {writeAegis, 400}, "2fas": {write2FAS, 500}, "bitwarden": {writeBitwarden, 500}} {
			data, err := c.write(entries)
			if room := cap(newJSONWriter(entries, c.around).buf); err != nil || len(data) > room {
				t.Errorf("%s: %d bytes in room for %d", name, len(data), room)
			}
		}
		worst = otpauth.Params{Secret: make([]byte, 2), Account: "x", Period: 86400 * time.Second, Algorithm: oath.SHA512, Digits: 8}
	}
}

// TestMigrationBatches: each URI is small enough for a QR code that is read off a screen; the parts know each other.
func TestMigrationBatches(t *testing.T) {
	entries := goodEntries(1000, fitsMigration)
	uris, err := Migration(entries)
	if err != nil || len(uris) < len(entries)/maxBatch {
		t.Fatalf("%d URIs, %v", len(uris), err)
	}
	ids := map[int32]bool{}
	for i, uri := range uris {
		if len(uri) > 1200 || bytes.ContainsAny(uri[len(migrationPrefix):], "+/=&# ") {
			t.Errorf("part %d has %d bytes: %s", i, len(uri), uri)
		}
		message, err := migrationData(uri)
		p, ok := readPayload(message)
		if err != nil || !ok || len(p.accounts) < 1 || len(p.accounts) > 10 || int(p.size) != len(uris) || int(p.index) != i || p.id <= 0 {
			t.Errorf("part %d: %+v, %v", i, p, err)
		}
		ids[p.id] = true
	}
	if len(ids) != 1 {
		t.Errorf("%d ids", len(ids))
	}
	again, _ := Migration(entries)
	one, _ := migrationData(uris[0])
	two, _ := migrationData(again[0])
	if bytes.Equal(one, two) {
		t.Error("two exports have the same id")
	}
	checkMissing(t, uris)
}

// checkMissing reads the parts in another order, some twice, and some not.
func checkMissing(t *testing.T, uris [][]byte) {
	t.Helper()
	shuffled := slices.Clone(uris)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	all, err := read(bytes.Join(append(shuffled, shuffled[:5]...), []byte("\n\n")), "")
	once, err2 := read(bytes.Join(uris, []byte("\n")), "")
	if err != nil || err2 != nil || len(all.Entries) != len(once.Entries) || len(all.Missing) > 0 || len(once.Missing) > 0 {
		t.Errorf("%v, %v; %v, %v", all, err, once, err2)
	}
	n := len(uris)
	for name, c := range map[string]struct {
		parts [][]byte
		want  string
	}{
		"the second": {slices.Delete(slices.Clone(uris), 1, 2), fmt.Sprintf("[part 2 of %d is missing]", n)},
		"the last":   {uris[:n-1], fmt.Sprintf("[part %d of %d is missing]", n, n)},
		"two":        {uris[2:], fmt.Sprintf("[parts 1, 2 of %d are missing]", n)},
		"many":       {uris[:1], fmt.Sprintf("[parts 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and %d more of %d are missing]", n-11, n)},
	} {
		f, err := read(bytes.Join(c.parts, []byte("\n")), "")
		if err != nil || fmt.Sprint(f.Missing) != c.want {
			t.Errorf("without %s: %v, %v, want %s", name, f.Missing, err, c.want)
		}
	}
}

// TestMigrationParts: two exports in one file are told apart, and so are parts of writers who number nothing.
func TestMigrationParts(t *testing.T) {
	part := func(account string, size, index int, id uint64) string {
		field := accountField(otpauth.Params{Secret: []byte("12345678901234567890"), Account: account}.WithDefaults())
		return string(migrationURI(field, size, index, id)) + "\n"
	}
	for text, want := range map[string]string{
		part("a", 2, 0, 7) + part("b", 3, 2, 8) + part("c", 2, 1, 7): "abc [parts 1, 2 of 3 are missing (of the export on line 2)]",
		part("a", 2, 0, 7) + "#\n" + part("b", 2, 1, 8):              "ab [part 2 of 2 is missing (of the export on line 1) part 1 of 2 is missing (of the export on line 3)]",
		part("a", 0, 0, 0) + part("b", 0, 0, 0) + part("a", 0, 0, 0): "ab []",
		part("a", 1, 0, 0) + part("b", 1, 0, 0):                      "ab []",
		part("a", 2, 0, 7) + part("b", 2, 0, 7):                      "ab [part 2 of 2 is missing]",
		part("a", 2, 5, 7):                                           "a []",
		part("a", 1<<31-1, 1, 7):                                     "a [parts 1, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2147483636 more of 2147483647 are missing]",
	} {
		f, err := read([]byte(text), "")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, e := range f.Entries {
			got += e.Params.Account
		}
		if got += fmt.Sprintf(" %v", f.Missing); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestMigrationReasons: what Google Authenticator has no field for is told by name, and what no QR code has room for.
func TestMigrationReasons(t *testing.T) {
	good := otpauth.Params{Secret: []byte("12345678901234567890"), Account: "x"}
	bad := func(change func(p *otpauth.Params)) otpauth.Params {
		p := good
		change(&p)
		return p
	}
	for want, p := range map[string]otpauth.Params{
		"entry 2 is left out: it has 7 digits, which Google Authenticator does not know":                       bad(func(p *otpauth.Params) { p.Digits = 7 }),
		"entry 2 is left out: it has a period other than 30 seconds, which Google Authenticator does not know": bad(func(p *otpauth.Params) { p.Period = time.Minute }),
		"entry 2 is left out: it has codes of Steam, which Google Authenticator does not know":                 bad(func(p *otpauth.Params) { p.Issuer = "steam" }),
		"entry 2 is left out: it is too long for a QR code":                                                    bad(func(p *otpauth.Params) { p.Issuer = strings.Repeat("x", 1000) }),
		"entry 2 is left out: it asks for a Steam code that counts, which a YubiKey cannot hold":               bad(func(p *otpauth.Params) { p.Issuer, p.Type = "Steam", oath.HOTP }),
	} {
		uris, err := Migration([]Entry{{Params: good}, {Params: p}, {Params: good}})
		if err == nil || err.Error() != want || len(uris) != 1 {
			t.Errorf("%v, %d URIs, want %s", err, len(uris), want)
		}
		f, err := read(uris[0], "")
		if err != nil || len(f.Entries) != 2 {
			t.Errorf("%+v, %v", f, err)
		}
	}
	// The largest that fits.
	for n := 400; n < 700; n++ {
		uris, err := Migration([]Entry{{Params: bad(func(p *otpauth.Params) { p.Issuer = strings.Repeat("?", n) })}})
		if err == nil && len(uris[0]) > maxBatchURI || err != nil && n < 500 {
			t.Fatalf("an issuer of %d letters: %v", n, err)
		}
	}
}

// TestProtoDamage: a field that is longer than the message does not reach into what lies behind it.
func TestProtoDamage(t *testing.T) {
	for _, message := range []string{"\x0a\x03ab", "\x0a\x02", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x08\x80", "\x09abcdefg", "\x0dabc", "\x0b", "\x00a", "\x80"} {
		buffer := []byte(message + "and what lies behind")
		for f, ok := range protoFields(buffer[:len(message)]) {
			if ok {
				t.Errorf("%q has the field %+v", message, f)
			}
		}
	}
	for f, ok := range protoFields([]byte("\x09abcdefgh\x0dabcd\x0a\x01abc")) {
		if ok && cap(f.bytes) != 1 {
			t.Errorf("%+v reaches into the next field", f)
		}
	}
}

// TestMigrationURI: the forms in which a URI arrives, and what is wrong with others.
func TestMigrationURI(t *testing.T) {
	uri := string(migrationURI(accountField(otpauth.Params{Secret: []byte{0xfb, 0xef, 0xbe, 0xff}, Account: "a>?"}.WithDefaults()), 1, 0, 0))
	plain := strings.NewReplacer("%2B", "+", "%2F", "/", "%3D", "=").Replace(uri)
	if !strings.ContainsAny(plain, "+") || !strings.HasSuffix(plain, "=") {
		t.Fatalf("%s has nothing to escape", plain)
	}
	for _, text := range []string{uri, plain, strings.ReplaceAll(plain, "+", " "), strings.TrimRight(plain, "="), strings.ToLower(uri[:30]) + uri[30:],
		strings.NewReplacer("+", "-", "/", "_").Replace(plain[33:]), uri + "&x=y#z", strings.Replace(uri, "data=", "x=y&data=", 1)} {
		if !strings.Contains(text, "://") {
			text = plain[:33] + text
		}
		f, err := read([]byte(text), "")
		if err != nil || len(f.Entries) != 1 || string(f.Entries[0].Params.Secret) != "\xfb\xef\xbe\xff" || f.Entries[0].Params.Account != "a>?" {
			t.Errorf("%s: %+v, %v", text, f, err)
		}
	}
	const start = "otpauth-migration://offline?data="
	for text, want := range map[string]string{
		"otpauth-migration://offline":       "without its data",
		"otpauth-migration://offline?date=": "without its data",
		start:                               "without any account",
		start + "EAE=":                      "without any account",
		start + "!":                         "damaged",
		start + "CjoKFDEy":                  "damaged",
		start + "%4":                        "damaged",
		start + "%zz":                       "damaged",
		start + "A":                         "damaged",
		start + "AAAA":                      "damaged", // field 0
		start + "CwAA":                      "damaged", // a group
		start + "CgMKAUE=":                  "too short",
		start + strings.Repeat("A", 2<<20):  "longer than any export",
	} {
		f, err := read([]byte(text), "")
		if err != nil || len(f.Entries) != 1 || f.Entries[0].Err == nil || !strings.Contains(f.Entries[0].Err.Error(), want) {
			t.Errorf("%.60s: %+v, %v", text, f, err)
		}
	}
}
