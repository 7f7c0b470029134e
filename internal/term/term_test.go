package term

import (
	"strings"
	"testing"
	"unicode"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Amazon:alice@123":      "Amazon:alice@123",
		"Zürich 日本":             "Zürich 日本",
		"a\x1b[31mred\x07":      `a\x1b[31mred\x07`,
		"abc\u202edef":          `abc\u202edef`,
		"a\xffb":                `a\xffb`,
		"line\nbreak\ttab\x7f":  `line\x0abreak\x09tab\x7f`,
		"zero\u200bwidth":       `zero\u200bwidth`,
		"\u0085\u009b":          `\u0085\u009b`,
		"language\U000e0001tag": `language\U000e0001tag`,
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b]0;title\x07")
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsFunc(Clean(s), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("Clean(%q) = %q", s, Clean(s))
		}
	})
}
