package source

import (
	"errors"
	"strings"
	"testing"
)

func TestParseRef(t *testing.T) {
	for text, want := range map[string]Ref{
		"lpass":                {"lpass", "aws", ""},
		"lpass#totp":           {"lpass", "aws", "totp"},
		"lpass:MFA/aws":        {"lpass", "MFA/aws", ""},
		"lpass:MFA/aws#TOTP s": {"lpass", "MFA/aws", "TOTP s"},
		"lpass:C#/aws#":        {"lpass", "C#/aws", ""},
		"lpass:C#/aws#f":       {"lpass", "C#/aws", "f"},
		"lpass:a:b":            {"lpass", "a:b", ""},
		"lpass:Bücher/jörg":    {"lpass", "Bücher/jörg", ""},
		"pass":                 {"pass", "aws", ""},
		"pass:team/aws#otp":    {"pass", "team/aws", "otp"},
		"op":                   {"op", "aws", ""},
		"op:my aws#seed":       {"op", "my aws", "seed"},
		"op://Private/aws":     {"op", "//Private/aws", ""},
		"op://P/aws/sec/otp":   {"op", "//P/aws/sec/otp", ""},
		"bw":                   {"bw", "aws", ""},
		"gopass:a/b#c":         {"gopass", "a/b", "c"},
		"keyring":              {"keyring", "aws", ""},
		"keyring:a#b":          {"keyring", "a#b", ""},
		"aws-sm:prod/aws#seed": {"aws-sm", "prod/aws", "seed"},
		"aws-sm:arn:aws:s:1:x": {"aws-sm", "arn:aws:s:1:x", ""},
		"aws-ssm:/prod/aws":    {"aws-ssm", "/prod/aws", ""},
		"hcvault:kv/a/b#seed":  {"hcvault", "kv/a/b", "seed"},
		"hcvault:kv/a":         {"hcvault", "kv/a", ""},
		"keepassxc:a.kdbx":     {"keepassxc", "a.kdbx#aws", ""},
		"keepassxc:a#b.KDBX":   {"keepassxc", "a#b.KDBX#aws", ""},
		"keepassxc:a.kdbx#x":   {"keepassxc", "a.kdbx#x", ""},
		"keepassxc:d#x/y":      {"keepassxc", "d#x/y", ""},
		"keepassxc:a.kdbx#x#f": {"keepassxc", "a.kdbx#x", "f"},
		"keepassxc:a.kdbx#C##": {"keepassxc", "a.kdbx#C#", ""},
		"file:~/a#b":           {"file", "~/a#b", ""},
		"file:-x":              {"file", "-x", ""},
		"cmd:get -n 'a #b'":    {"cmd", "get -n 'a #b'", ""},
		"env:AWS_SEED":         {"env", "AWS_SEED", ""},
		"-":                    {"-", "", ""},
		"prompt":               {"prompt", "", ""},
	} {
		got, err := ParseRef(text, "aws")
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if again, err := ParseRef(got.String(), "other"); err != nil || again != want {
			t.Errorf("%s: written as %s, read as %+v, %v", text, got, again, err)
		}
	}
}

func TestParseRefRefuses(t *testing.T) {
	for text, kind := range map[string]Kind{
		"": KindUsage, ":": KindUsage, "file": KindUsage, "file:": KindUsage, "file: ": KindUsage, "lpass:": KindUsage, "lpass:#f": KindUsage,
		"cmd": KindUsage, "cmd:": KindUsage, "cmd:'a": KindUsage, "cmd:a\\": KindUsage, "cmd:'' a": KindUsage,
		"env": KindUsage, "env:": KindUsage, "env:A=B": KindUsage, "env:1A": KindUsage, "env#A": KindUsage,
		"-x": KindUsage, "-:x": KindUsage, "prompt:x": KindUsage, "prompt#x": KindUsage,
		"lpass:--sync=now": KindUsage, "pass:-c": KindUsage, "lpass:a#-x": KindUsage,
		"lpass:a\nb": KindUsage, "lpass:a\x1b[1m": KindUsage, "lpass:a\u202eb": KindUsage, "lpass:a\xff": KindUsage, "file:a\x00b": KindUsage,
		"lpass:" + strings.Repeat("a", maxRef+1): KindUsage,
		"lastpass:aws":                           KindUsage, "Lpass:aws": KindUsage, "lpas": KindUsage, "C:\\seed.txt": KindUsage, "492039": KindUsage,
		"qr": KindUsage, "qr:": KindUsage,
		"op://Private": KindUsage, "op://": KindUsage, "op:///aws": KindUsage, "op://Private/": KindUsage, "op://Private/aws/": KindUsage, "op://a/b/c/d/e": KindUsage,
		"op://Private/aws/otp?attribute=otp": KindUsage, "op://Private/aws/otp#otp": KindUsage, "op://-x/aws": KindUsage, "op://Private/-x": KindUsage, "op:-x": KindUsage,
		"bw:": KindUsage, "bw:-x": KindUsage, "gopass:-x": KindUsage,
		"keepassxc": KindUsage, "keepassxc:": KindUsage, "keepassxc:#aws": KindUsage, "keepassxc:a.kdbx#": KindUsage, "keepassxc:-a.kdbx#x": KindUsage, "keepassxc:a.kdbx#-x": KindUsage,
		"hcvault": KindUsage, "hcvault:kv": KindUsage, "hcvault:kv/": KindUsage, "hcvault:/aws": KindUsage, "hcvault:kv/../sys/x": KindUsage, "hcvault:kv/./x": KindUsage,
		"hcvault:kv/-x": KindUsage, "hcvault:-kv/x": KindUsage, "hcvault:kv/x#@file": KindUsage, "hcvault:kv/x#a=b": KindUsage,
		"aws-sm:file:///etc/passwd": KindUsage, "aws-ssm:https://x": KindUsage, "aws-ssm:-x": KindUsage, "keyring:": KindUsage, "keyring#x": KindUsage, "keyring:-x": KindUsage,
		"mine:aws": KindUsage,
	} {
		got, err := ParseRef(text, "aws")
		var e *Error
		if !errors.As(err, &e) || e.Kind != kind || got != (Ref{}) {
			t.Errorf("%q: %+v, %v of kind %d", text, got, err, KindOf(err))
		}
	}
	for _, account := range []string{"", "-x", "a\tb"} {
		if r, err := ParseRef("lpass", account); err == nil {
			t.Errorf("account %q: %+v", account, r)
		}
	}
	for _, text := range []string{"lastpass:aws", ""} {
		_, err := ParseRef(text, "aws")
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Hint, "lpass:NAME") || !strings.Contains(e.Hint, "file:PATH") {
			t.Errorf("%q: the schemes are not listed: %q", text, e.Hint)
		}
	}
}

// TestParseRefPastedSecret: what is a secret by its looks is called one, and no part of it is repeated.
func TestParseRefPastedSecret(t *testing.T) {
	for _, text := range []string{
		"JBSWY3DPEHPK3PXP", "jbsw y3dp ehpk 3pxp", "jbsw-y3dp-ehpk-3pxp", "JBSWY3DPEHPK3PXP====", "ORSXG5BAON2HE2LOM4==",
		"otpauth://totp/JBSWY3DP?secret=JBSWY3DPEHPK3PXP", "OTPAUTH://totp/x?secret=JBSWY3DPEHPK3PXP",
		"otpauth-migration://offline?data=JBSWY3DP", "steam://JBSWY3DPEHPK3PXP",
	} {
		_, err := ParseRef(text, "aws")
		var e *Error
		if !errors.As(err, &e) || e.Kind != KindUsage || !strings.Contains(err.Error(), "is a secret") {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if said := strings.ToLower(err.Error() + e.Hint); strings.Contains(said, "jbsw") || strings.Contains(said, "orsx") {
			t.Errorf("repeats the secret: %v (%s)", err, e.Hint)
		}
	}
	// Secrets that are mistyped, or stand where only a scheme is known, are not repeated either.
	for _, text := range []string{"JBSWY3DPEHPK0PX1", "jbswy3dpehpk3pxp:x", "jbswy3dp", "x:JBSWY3DPEHPK3PXP", "vaults:JBSWY3DPEHPK3PXP", "pass:\x01JBSWY3DPEHPK3PXP"} {
		_, err := ParseRef(text, "aws")
		if err == nil || strings.Contains(strings.ToLower(err.Error()), "jbsw") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestDurable(t *testing.T) {
	for text, want := range map[string]bool{
		"lpass": true, "pass:x": true, "file:x": true, "cmd:x": true, "keyring": true, "aws-sm": true, "keepassxc:a.kdbx": true, "-": false, "prompt": false, "env:X": false,
	} {
		r, err := ParseRef(text, "aws")
		if err != nil || r.Durable() != want {
			t.Errorf("%s: %t, %v", text, r.Durable(), err)
		}
	}
}

func TestSplitArgs(t *testing.T) {
	for text, want := range map[string][]string{
		"get aws":                 {"get", "aws"},
		"  get   aws  ":           {"get", "aws"},
		`get 'a b' "c d" e\ f`:    {"get", "a b", "c d", "e f"},
		`get "a\"b\\c\d" '\'`:     {"get", `a"b\c\d`, `\`},
		`get ''x"" ''`:            {"get", "x", ""},
		"get $HOME `x` *.a;b | c": {"get", "$HOME", "`x`", "*.a;b", "|", "c"},
	} {
		got, err := splitArgs(text)
		if err != nil || strings.Join(got, "\x00") != strings.Join(want, "\x00") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, args := range [][]string{{"a"}, {"a", "b c", "", "it's", `"\`, "$x", "ü"}} {
		got, err := splitArgs(quoteArgs(args))
		if err != nil || strings.Join(got, "\x00") != strings.Join(args, "\x00") {
			t.Errorf("%q: written as %s, read as %q, %v", args, quoteArgs(args), got, err)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"lpass", "lpass:a#b#", "pass:#", "file:a#b", "cmd:a 'b'", "-", "env:A", "op://a/b", "JBSWY3DPEHPK3PXP", "lpass:##", "pass#",
		"op://V/I/S/F", "op:a#b", "keepassxc:a#b.kdbx", "keepassxc:a#b.kdbx#C##", "keepassxc:db#-x", "hcvault:kv/a/b#f", "hcvault:kv/-x", "aws-sm:file://x", "keyring:a#b"} {
		f.Add(s, "aws")
	}
	f.Fuzz(func(t *testing.T, s, account string) {
		r, err := ParseRef(s, account)
		if err != nil {
			var e *Error
			if r != (Ref{}) || !errors.As(err, &e) {
				t.Fatalf("%q: %+v with error %v", s, r, err)
			}
			return
		}
		if again, err := ParseRef(r.String(), "other"); err != nil || again != r {
			t.Fatalf("%q: %+v, written as %q, read as %+v, %v", s, r, r, again, err)
		}
		if m, ok := managers()[r.Scheme]; ok {
			noOptions(t, m, r)
		}
	})
}

// noOptions: only what the row says is an option; no part of a reference becomes one.
func noOptions(t *testing.T, m manager, r Ref) {
	t.Helper()
	at, err := m.place(r)
	if err != nil {
		t.Fatal(err)
	}
	tame := place{name: "n", in: at.in, field: at.field}
	if at.in != "" {
		tame.in = "i"
	}
	if at.field != "" {
		tame.field = "f"
	}
	for _, args := range [][]string{m.show, m.cached, m.insert, m.list, m.settle} {
		wild, expected := fill(args, at), fill(args, tame)
		if len(wild) != len(expected) {
			t.Fatalf("%v: %q, where %q is expected", r, wild, expected)
		}
		for i, a := range wild {
			if strings.HasPrefix(a, "-") && !strings.HasPrefix(expected[i], "-") {
				t.Fatalf("%v: a part of it could be an option: %q", r, wild)
			}
		}
	}
}
