package source

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
)

// samples are what managers print, by scheme and case. The entry is called aws and has the secret one.
var samples = map[string]string{
	"bw/login": `[{"object":"item","id":"6f1b3a1e-0000-4000-8000-000000000001","type":1,"name":"aws","notes":"MFA: ` + two + `",
		"fields":[{"name":"mfa_seed","value":"` + two + `","type":1},{"name":"empty","value":null,"type":0}],
		"login":{"uris":[{"uri":"https://example.com"}],"username":"alice","password":"hunter2","totp":"` + one + `"}},
		{"id":"2","type":1,"name":"other","notes":"about aws","login":{"totp":"` + two + `"}}]`,
	"bw/note":       `[{"id":"1","type":2,"name":"aws","notes":"` + one + `","secureNote":{"type":0}}]`,
	"bw/field":      `[{"id":"1","type":1,"name":"aws","notes":null,"fields":[{"name":"TOTP seed","value":"` + one + `","type":1}],"login":{"totp":null}}]`,
	"op/otp":        `{"id":"abcdefghijklmnopqrstuvwxyz","title":"AWS","fields":[{"id":"password","type":"CONCEALED","purpose":"PASSWORD","label":"password","value":"` + two + `"},{"id":"TOTP_1","type":"OTP","label":"one-time password","value":"otpauth://totp/x?secret=` + one + `","totp":"492039"}]}`,
	"op/section":    `{"id":"x","title":"aws","fields":[{"id":"a","type":"STRING","label":"seed secret","section":{"id":"s","label":"MFA"},"value":"` + one + `"}]}`,
	"op/notes":      `{"id":"x","title":"aws","fields":[{"id":"notesPlain","type":"STRING","purpose":"NOTES","label":"notesPlain","value":"TOTP: ` + one + `\nsecond"}]}`,
	"gopass/first":  one + "\n",
	"gopass/uri":    "hunter2\nuser: alice\notpauth://totp/x?secret=" + one + "\n",
	"hcvault/v2":    `{"request_id":"1","data":{"data":{"password":"` + two + `","seed_totp":"` + one + `"},"metadata":{"version":3,"destroyed":false}},"warnings":null}`,
	"hcvault/v1":    `{"request_id":"1","data":{"otp":"` + one + `","ttl":3}}`,
	"aws-sm/text":   one + "\n",
	"aws-sm/uri":    "otpauth://totp/x?secret=" + one + "\n",
	"aws-sm/object": `{"user":"alice","totp":"` + one + `"}` + "\n",
	"aws-ssm/text":  one + "\n",
	"keepassxc/otp": "Title: aws\nUserName: alice\nPassword: " + two + "\nURL: \nNotes: a\notp: " + two + "\nb\nUuid: {34a04856-c7dc-4fda-b010-800d5807fe8c}\nTags: \nTOTP Seed: " + two + "\notp: otpauth://totp/x?secret=" + one + "\n",
	"keepassxc/old": "Title: aws\nUserName: \nPassword: " + two + "\nURL: \nNotes: \nUuid: {x}\nTags: \nTOTP Seed: " + one + "\nTOTP Settings: 30;6\n",
	"keepassxc/pw":  "Title: aws\nUserName: \nPassword: " + one + "\nURL: \nNotes: \nUuid: {x}\nTags: \n",
	"keychain/b64":  "go-keyring-base64:" + base64.StdEncoding.EncodeToString([]byte(one)) + "\n",
	"keychain/hex":  hex.EncodeToString([]byte(one+"\n")) + "\n",
	"keychain/old":  "go-keyring-encoded:" + hex.EncodeToString([]byte(one)) + "\n",
	"keychain/text": strings.ToLower(one) + "\n",
}

func rowOf(sample string) manager {
	scheme, _, _ := strings.Cut(sample, "/")
	if scheme == "keychain" {
		return keychain
	}
	return managers()[scheme]
}

func TestParseSamples(t *testing.T) {
	for name, printed := range samples {
		entries, err := rowOf(name).parse([]byte(printed), place{name: "aws"})
		if err != nil || len(entries) != 1 {
			t.Errorf("%s: %d entries, %v", name, len(entries), err)
			continue
		}
		p, err := entries[0].secret("")
		if got := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(p.Secret); got != one {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestParseField: fields are called as the manager calls them.
func TestParseField(t *testing.T) {
	for name, fields := range map[string][]string{
		"bw/login": {"totp"}, "bw/field": {"totp seed"}, "op/otp": {"one-time password", "TOTP_1"},
		"op/section": {"seed secret", "MFA/seed secret", "s/a", "a"}, "hcvault/v2": {"seed_totp"}, "aws-sm/object": {"totp"},
		"keepassxc/pw": {"password"}, "keepassxc/old": {"TOTP Seed"},
	} {
		for _, f := range fields {
			entries, err := rowOf(name).parse([]byte(samples[name]), place{name: "aws", field: f})
			if err != nil {
				t.Fatal(err)
			}
			if p, err := entries[0].secret(f); err != nil || string(p.Secret) != "Hello!\xde\xad\xbe\xef" {
				t.Errorf("%s#%s: %x, %v", name, f, p.Secret, err)
			}
		}
	}
}

// TestParseTraps: successes without a secret.
func TestParseTraps(t *testing.T) {
	for name, c := range map[string]struct {
		scheme, printed string
		kind            Kind
	}{
		"bw, locked":             {"bw", "\n", KindLocked},
		"bw, no JSON":            {"bw", one, KindFailed},
		"op, nothing":            {"op", "", KindFailed},
		"op, no JSON":            {"op", one, KindFailed},
		"gopass, nothing":        {"gopass", "", KindNoSecret},
		"gopass, folder":         {"gopass", "gopass/aws\n├── a\n└── b\n", KindSeveral},
		"vault, nothing":         {"hcvault", "", KindFailed},
		"vault, deleted":         {"hcvault", `{"data":{"data":null,"metadata":{"version":2,"deletion_time":"2026-01-01T00:00:00Z"}}}`, KindNotFound},
		"vault, no data":         {"hcvault", `{"errors":[]}`, KindFailed},
		"vault, a list":          {"hcvault", `{"data":["` + one + `"]}`, KindFailed},
		"aws, binary":            {"aws-sm", "None\n", KindNoSecret},
		"aws, nothing":           {"aws-ssm", "\n", KindNoSecret},
		"keepassxc, nothing":     {"keepassxc", "", KindFailed},
		"keychain, nothing said": {"keychain", "\n", KindLocked},
	} {
		entries, err := rowOf(c.scheme).parse([]byte(c.printed), place{name: "aws"})
		if err == nil || KindOf(err) != c.kind || entries != nil {
			t.Errorf("%s: %d entries, %v of kind %d", name, len(entries), err, KindOf(err))
		}
		if err != nil && strings.Contains(err.Error(), one) {
			t.Errorf("%s: repeats what was printed: %v", name, err)
		}
	}
	for _, c := range []struct{ scheme, printed string }{{"bw", `[{"id":"1","name":"aws2"}]`}, {"bw", "[]"}, {"op", `{"id":"x","title":"aws2","fields":[]}`}} {
		if entries, err := rowOf(c.scheme).parse([]byte(c.printed), place{name: "aws"}); err != nil || len(entries) != 0 {
			t.Errorf("%s: %d entries, %v", c.printed, len(entries), err)
		}
	}
}

// TestTraySettings: the terms of a plugin's entry are not lost.
func TestTraySettings(t *testing.T) {
	for settings, want := range map[string]string{
		"": one, "30;6": one, "x": one, "60;8": "otpauth://totp/x?secret=" + one + "&period=60&digits=8", "30;S": "steam://" + one,
	} {
		if got := string(withSettings([]byte(one), settings)); got != want {
			t.Errorf("%q: %s", settings, got)
		}
	}
}

func TestAmongKeePassXC(t *testing.T) {
	const names = "aws\nMFA/\nMFA/aws\nMFA/git\nMFA/twin\nMFA/twin\nRecycle Bin/old\n"
	for name, kind := range map[string]Kind{
		"aws": KindSeveral, "MFA/aws": 0, "/MFA/aws": 0, "/aws": 0, "git": 0, "MFA/twin": KindSeveral, "twin": KindSeveral, "no": KindNotFound, "MFA": KindNotFound, "GIT": KindNotFound,
	} {
		err := amongKeePassXC([]byte(names), place{name: name})
		if (err != nil) != (kind != 0) || err != nil && KindOf(err) != kind {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTemplates: what is written is JSON that says what was asked for.
func TestTemplates(t *testing.T) {
	at := place{name: `a "b" \ ü`, field: "f"}
	decoded, err := base64.StdEncoding.DecodeString(string(encodeBitwarden(at, []byte(uri(one)))))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"bw": decoded, "op": encodeOnePassword(at, []byte(uri(one)))} {
		var item struct {
			Name, Title string
			Login       struct{ TOTP string }
			Fields      []struct{ Type, Label, Value string }
		}
		if err := json.Unmarshal(text, &item); err != nil || item.Name+item.Title != at.name {
			t.Fatalf("%s: %+v, %v", name, item, err)
		}
		for _, f := range item.Fields {
			item.Login.TOTP = f.Value
		}
		if item.Login.TOTP != uri(one) {
			t.Errorf("%s: %+v", name, item)
		}
	}
}

// FuzzQuote: what is quoted reads back, both with the standard library and with unquote.
func FuzzQuote(f *testing.F) {
	f.Add([]byte("a\"b\\c\n\x00ü"))
	f.Fuzz(func(t *testing.T, text []byte) {
		quoted := appendQuoted(nil, text)
		if len(quoted) > sizeQuoted(text) {
			t.Fatalf("%d bytes for %d", len(quoted), len(text))
		}
		if got := unquote(quoted); string(got) != string(text) {
			t.Fatalf("%q reads back as %q", text, got)
		}
		var s string
		if err := json.Unmarshal(quoted, &s); err != nil || s != strings.ToValidUTF8(string(text), "\ufffd") && len([]rune(s)) != len([]rune(string(text))) {
			t.Fatalf("%q: %q, %v", text, s, err)
		}
	})
}
