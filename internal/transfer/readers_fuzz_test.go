package transfer

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"ykmfa/internal/otpauth"
)

// The properties of every reader: no input panics; an error has no file beside it; a bad entry has no secret; what was
// read can be written, and what was written is read back the same.

func checkRead(t *testing.T, f *File, err error) {
	t.Helper()
	checkQuiet(t, f, err)
	if err != nil {
		if f != nil {
			t.Fatalf("%+v beside %v", f, err)
		}
		return
	}
	for _, e := range f.Entries {
		if e.Where == "" || (e.Err == nil) != (len(e.Params.Secret) > 0) {
			t.Fatalf("%+v", e)
		}
	}
	for _, name := range Writable() {
		data, err := Write(name, f.Entries)
		left := 0
		var out *LeftOut
		if errors.As(err, &out) {
			left = len(out.Entries)
		} else if err != nil {
			t.Fatal(err)
		}
		if left == len(f.Entries) {
			continue
		}
		again, err := read(data, "")
		if err != nil || len(again.Entries) != len(f.Entries)-left {
			t.Fatalf("%s: %d of %d entries, %d left out, are read again as %+v, %v", name, len(f.Entries)-left, len(f.Entries), left, again, err)
		}
		for _, e := range again.Entries {
			if e.Err != nil {
				t.Fatalf("%s: %v", name, e.Err)
			}
		}
	}
}

// fuzzReader fuzzes one reader with the fixtures of its format for seeds.
func fuzzReader(f *testing.F, titles ...string) {
	seeds := 0
	for _, e := range readerFixtures() {
		if slices.Contains(titles, e.format) {
			f.Add(e.data(f))
			seeds++
		}
	}
	if seeds == 0 {
		f.Fatal("no seed")
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range formats() {
			if slices.Contains(titles, format.title) && format.read != nil {
				format.is(data)
				file, err := format.read(context.Background(), Input{Data: slices.Clone(data)})
				checkRead(t, file, err)
			}
		}
	})
}

func FuzzURIs(f *testing.F)    { fuzzReader(f, "list of otpauth URIs", "Google Authenticator") }
func FuzzProton(f *testing.F)  { fuzzReader(f, "Proton Authenticator") }
func FuzzFreeOTP(f *testing.F) { fuzzReader(f, "FreeOTP+") }
func FuzzDuo(f *testing.F)     { fuzzReader(f, "Duo Mobile") }
func FuzzStratum(f *testing.F) { fuzzReader(f, "Stratum (Authenticator Pro)") }

func FuzzTables(f *testing.F) {
	var titles []string
	for _, t := range tables() {
		titles = append(titles, t.title)
	}
	fuzzReader(f, titles...)
}

// FuzzRead fuzzes recognition and encodings, too.
func FuzzRead(f *testing.F) {
	for _, e := range readerFixtures() {
		if e.question == "" {
			f.Add(e.data(f))
		}
	}
	f.Add([]byte("\xff\xfeo\x00t\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		file, err := Read(t.Context(), Input{Data: data})
		checkRead(t, file, err)
		if !bytes.Equal(data, before) {
			t.Fatal("the input was changed")
		}
	})
}

// FuzzMigration: any message, as the payload of a URI.
func FuzzMigration(f *testing.F) {
	for _, e := range readerFixtures() {
		if e.file != "migration-google.txt" {
			continue
		}
		for _, line := range lines(e.data(f)) {
			if scheme(line) == "" {
				continue
			}
			message, err := migrationData(line)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(message)
		}
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, message []byte) {
		uri := migrationPrefix + url.QueryEscape(base64.StdEncoding.EncodeToString(message))
		if len(uri) > maxMigration {
			return
		}
		data, err := migrationData([]byte(uri))
		if err != nil || !bytes.Equal(data, message) {
			t.Fatalf("%x is read as %x, %v", message, data, err)
		}
		file, err := read([]byte(uri), "")
		if err != nil || len(file.Entries) == 0 {
			t.Fatalf("%+v, %v", file, err)
		}
		checkRead(t, file, err)
	})
}

// FuzzProto: what protoFields yields lies inside of the message, in order, and what is written is read back.
func FuzzProto(f *testing.F) {
	f.Add([]byte("\x0a\x03abc\x10\x96\x01"), uint64(3), uint64(150))
	f.Fuzz(func(t *testing.T, message []byte, number, value uint64) {
		n := 0
		for field, ok := range protoFields(message) {
			if n += len(field.bytes); n > len(message) || ok && field.number == 0 {
				t.Fatalf("%+v", field)
			}
		}
		number = number%1000 + 1
		var got []protoField
		for field, ok := range protoFields(appendProtoBytes(appendProtoNumber(nil, number, value), number+1, message)) {
			if !ok {
				t.Fatal("damaged")
			}
			got = append(got, field)
		}
		var want []protoField
		if value != 0 {
			want = append(want, protoField{number: number, value: value})
		}
		if len(message) > 0 {
			want = append(want, protoField{number: number + 1, bytes: message})
		}
		if !slices.EqualFunc(got, want, func(a, b protoField) bool {
			return a.number == b.number && a.value == b.value && bytes.Equal(a.bytes, b.bytes)
		}) {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

// FuzzCSV compares with encoding/csv, where that takes the text.
func FuzzCSV(f *testing.F) {
	for _, e := range readerFixtures() {
		if strings.HasSuffix(e.file, ".csv") {
			f.Add(e.data(f))
		}
	}
	f.Add([]byte("a,\"b\"\"c\nd\",\r\n\n,\"\"\n"))
	f.Add([]byte("\"\"\"0\n\"\n0"))
	f.Add([]byte(strings.Repeat("a,", 2*maxColumns) + "\nb"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &csvReader{rest: bytes.Clone(data)}
		var got [][]string
		for {
			row, line, open := r.next()
			if row == nil {
				break
			}
			if len(row) > maxColumns || line < 1 || line > bytes.Count(data, []byte("\n"))+1 || open && len(r.rest) > 0 {
				t.Fatalf("line %d", line)
			}
			fields := []string{}
			for _, field := range row {
				fields = append(fields, strings.ReplaceAll(string(field), "\r\n", "\n"))
			}
			got = append(got, fields)
		}
		theirs := csv.NewReader(bytes.NewReader(data))
		theirs.FieldsPerRecord = -1
		want, err := theirs.ReadAll()
		if err != nil || bytes.ContainsRune(data, '\r') && !bytes.Contains(data, []byte("\r\n")) {
			return // ours takes what is not quite RFC 4180
		}
		want = slices.DeleteFunc(want, func(row []string) bool { return len(row) == 1 && strings.TrimSpace(row[0]) == "" })
		for i := range want {
			want[i] = want[i][:min(len(want[i]), maxColumns)]
		}
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("%q is read as %q; encoding/csv says %q", data, got, want)
		}
	})
}

// FuzzDecodeText: a text in UTF-16 becomes what it was, and other bytes are left alone.
func FuzzDecodeText(f *testing.F) {
	f.Add([]byte("\xff\xfeo\x00t\x00\x3d\xd8\xdd\xdd"))
	f.Add([]byte("\xfe\xff\x00o"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, wipe, err := decodeText(data)
		if err != nil {
			if !errors.Is(err, ErrMixed) || text != nil {
				t.Fatal(err)
			}
			return
		}
		defer wipe()
		marked := bytes.HasPrefix(data, []byte(bom)) || bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff"))
		if !marked && !bytes.Equal(text, data) {
			t.Fatalf("%q", text)
		}
		if containsFold(data, "otpauth") != strings.Contains(strings.ToLower(asciiOnly(data)), "otpauth") {
			t.Fatalf("%q", data)
		}
	})
}

// asciiOnly keeps ToLower from making ASCII of other letters.
func asciiOnly(data []byte) string {
	return string(bytes.Map(func(r rune) rune {
		if r > 127 {
			return '!'
		}
		return r
	}, data))
}

// FuzzSigned: FreeOTP+'s bytes.
func FuzzSigned(f *testing.F) {
	f.Add([]byte("[-1, 127,0]"))
	f.Add([]byte("[300]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var b signedBytes
		if err := parseJSON(data, &b); err != nil && len(b) > 0 {
			t.Fatalf("%x beside %v", b, err)
		}
		otpauth.Wipe(b)
	})
}
