package source

import (
	"bytes"
	"encoding/base32"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"ykmfa/internal/otpauth"
)

const (
	one = "JBSWY3DPEHPK3PXP"
	two = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // RFC 4226 appendix D
)

func uri(secret string) string { return "otpauth://totp/x?secret=" + secret }

func text(name, value string) field { return field{name: name, value: []byte(value)} }

func pw(value string) field { return field{name: "password", role: rolePassword, value: []byte(value)} }

func otp(value string) field { return field{name: "otp", role: roleOTP, value: []byte(value)} }

func TestEntrySecret(t *testing.T) {
	for name, c := range map[string]struct {
		fields []field
		field  string
		want   string // secret, or empty for an error of kind
		kind   Kind
	}{
		"own field first":       {fields: []field{pw(two), text("note", uri(two)), otp(one)}, want: one},
		"own field as URI":      {fields: []field{otp(uri(one)), pw(two)}, want: one},
		"URI before name":       {fields: []field{text("TOTP", two), text("note", "see "+uri(one)+".")}, want: one},
		"URI in brackets":       {fields: []field{text("note", "see <"+uri(one)+">, ok"), pw(two)}, want: one},
		"URI in capitals":       {fields: []field{text("note", "OTPAUTH://TOTP/X?secret="+one)}, want: one},
		"URI with blanks":       {fields: []field{text("note", "otpauth://totp/Air Canada:bob?secret="+one+" old")}, want: one},
		"name before password":  {fields: []field{pw(two), text("MFA code seed", one)}, want: one},
		"name says nothing":     {fields: []field{text("seed", one)}, kind: KindNoSecret},
		"same twice":            {fields: []field{text("MFA", one), text("totp secret", strings.ToLower(one))}, want: one},
		"same, spelled out":     {fields: []field{text("MFA", one), text("totp secret", uri(one)+"&digits=6&period=30&algorithm=SHA1")}, want: one},
		"other terms":           {fields: []field{text("note", uri(one)+" and "+uri(one)+"&digits=8")}, kind: KindSeveral},
		"different":             {fields: []field{text("MFA", one), text("totp secret", two)}, kind: KindSeveral},
		"two URIs in one field": {fields: []field{text("note", uri(one)+"\n"+uri(two))}, kind: KindSeveral},
		"password":              {fields: []field{pw(one)}, want: one},
		"password in groups":    {fields: []field{pw("jbsw y3dp ehpk 3pxp")}, want: one},
		"passphrase":            {fields: []field{pw("correct horse battery staplers")}, kind: KindNoSecret},
		"long word":             {fields: []field{pw("correcthorsebattery")}, kind: KindNoSecret},
		"mixed case":            {fields: []field{pw("JbswY3dpEhpk3pxp")}, kind: KindNoSecret},
		"short":                 {fields: []field{pw("JBSWY3DP")}, kind: KindNoSecret},
		"access key":            {fields: []field{text("secret access key", "wJalrXUtnFEMIKMDENGbPxRfiCYEXAMPLEKEYabc")}, kind: KindNoSecret},
		"nothing":               {kind: KindNoSecret},
		"named":                 {fields: []field{pw(one), text("MFA", two)}, field: "MFA", want: two},
		"named, other case":     {fields: []field{pw(one), text("MFA", two)}, field: "mfa", want: two},
		"named, exact case":     {fields: []field{text("mfa", two), text("MFA", one)}, field: "MFA", want: one},
		"named, unclear":        {fields: []field{text("mfa", two), text("MFA", one)}, field: "Mfa", kind: KindSeveral},
		"named, missing":        {fields: []field{pw(one)}, field: "MFA", kind: KindNotFound},
		"named, no secret":      {fields: []field{text("note", "two\nlines")}, field: "note", kind: KindNoSecret},
		"named, lines":          {fields: []field{text("note", one+"\n"+two)}, field: "note", kind: KindNoSecret},
	} {
		p, err := entry{fields: c.fields}.secret(c.field)
		got := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(p.Secret)
		if got != c.want || KindOf(err) != c.kind {
			t.Errorf("%s: %q, %v of kind %d", name, got, err, KindOf(err))
		}
	}
}

// TestFieldNames: in a note, anything may stand before a colon.
func TestFieldNames(t *testing.T) {
	e := entry{fields: fieldsOfText([]byte("MFA " + one + ": 2020\nTOTP: " + one + "\notp " + strings.ToLower(one) + ": " + two))}
	for _, name := range []string{"", "nope"} {
		_, err := e.secret(name)
		hint := err.(*Error).Hint
		if said := strings.ToUpper(err.Error() + hint); strings.Contains(said, one) || !strings.Contains(said, "FIELD 3") {
			t.Errorf("%v (%s)", err, hint)
		}
	}
}

func TestUnquote(t *testing.T) {
	for in, want := range map[string]string{
		`"j\uffffffc3\uffffffb6rg"`: "jörg", `"j\u00f6rg"`: "jörg", `"a\\uffffffc3"`: `a\uffffffc3`, `"a\"b\\c\/d\n\t"`: "a\"b\\c/d\n\t",
		`"\uffffff41"`: "\uffffff41", `""`: "", `null`: "", `12`: "", `"\uffffffe2\uffffff82\uffffffac"`: "€",
	} {
		if got := string(unquote(json.RawMessage(in))); got != want {
			t.Errorf("%s: %q", in, got)
		}
	}
}

// FuzzEntry: whatever a manager prints gives one secret or an error that repeats nothing, and never both.
func FuzzEntry(f *testing.F) {
	f.Add([]byte(`[ { "id": "1", "name": "aws", "fullname": "aws", "password": "`+one+`", "note": "a: b\nMFA:`+two+`" } ] `), "aws")
	f.Add([]byte(`[ { "id": "1", "name": "aws", "fullname": "aws", "url": "http://sn", "note": "`+uri(one)+` \uffffffc3\ud83d" } ] `), "aws")
	f.Add([]byte("Multiple matches found.\nA/twin [id: 1004]\n"), "twin")
	f.Add([]byte(one+"\nuser: x\n"+uri(two)+"\n"), "x")
	f.Add([]byte("folder\n├── a\n└── b\n"), "folder")
	for _, printed := range samples {
		f.Add([]byte(printed), "aws")
	}
	f.Fuzz(func(t *testing.T, printed []byte, name string) {
		for _, m := range append(slices.Collect(maps.Values(managers())), keychain) {
			if m.parse == nil {
				continue
			}
			entries, err := m.parse(bytes.Clone(printed), place{name: name})
			if err != nil && entries != nil {
				t.Fatalf("%d entries with error %v", len(entries), err)
			}
			for _, e := range entries {
				p, err := e.secret("")
				if (err == nil) != (len(p.Secret) > 0) {
					t.Fatalf("secret %x with error %v", p.Secret, err)
				}
				if err != nil && KindOf(err) != KindNoSecret && KindOf(err) != KindSeveral {
					t.Fatalf("kind %d: %v", KindOf(err), err)
				}
				otpauth.Wipe(p.Secret)
			}
			wipeEntries(entries)
		}
	})
}
