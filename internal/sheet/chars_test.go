package sheet

import (
	"testing"
	"unicode/utf8"

	"ykmfa/internal/otpauth"
)

func base32Of(secret []byte) []byte { return otpauth.EncodeSecret(secret) }

func TestWinAnsi(t *testing.T) {
	for s, want := range map[string]struct {
		text  string
		exact bool
	}{
		"plain (text)":      {"plain (text)", true},
		"Zoë":               {"Zo\xeb", true},
		"Zoe\u0308 A\u030a": {"Zo\xeb \xc5", true},
		"€ „Œuvre“ – Ž":     {"\x80 \x84\x8cuvre\x93 \x96 \x8e", true},
		"Łódź":              {"L\xf3dz", false},
		"Ťž":                {"T\x9e", false},
		"日本x語":              {"[U+65E5 U+672C]x[U+8A9E]", false},
		"🎉":                 {"[U+1F389]", false},
		"a\u202eb\u00adc\n": {"a[U+202E]b[U+00AD]c[U+000A]", false},
		"ĳ\x80\u0081":       {"[U+0133 U+FFFD U+0081]", false},
		"q\u0308":           {"q[U+0308]", false},
	} {
		if got, exact := winAnsi(s); string(got) != want.text || exact != want.exact {
			t.Errorf("%q: %q, %v", s, got, exact)
		}
	}
}

// FuzzWinAnsi: what comes out can be printed, and what is exact is ASCII as it was.
func FuzzWinAnsi(f *testing.F) {
	for _, s := range []string{"Zoë", "Łódź 日本", "e\u0301", "\xff\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, exact := winAnsi(s)
		for _, c := range text {
			if c < ' ' || c == 0x7f || c == 0x81 || c == 0x8d || c == 0x8f || c == 0x90 || c == 0x9d || c == 0xad {
				t.Fatalf("%q: %q", s, text)
			}
		}
		if exact && !utf8.ValidString(s) {
			t.Fatalf("%q is taken for exact", s)
		}
		_ = escape(s)
		for _, line := range body.wrap(text, 50) {
			if len(line) > 1 && sans.width(line, body.size) > 50 {
				t.Fatalf("%q is wider than the line", line)
			}
		}
	})
}
