package term

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text of unknown origin safe to show: what could move the cursor, change colours, reverse the reading
// direction or be invisible is written as an escape (\x1b, \u202e), and bytes that are not UTF-8 as \xff.
func Clean(s string) string {
	if !strings.ContainsFunc(s, unsafe) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1, r < 0x80 && unsafe(r):
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unsafe(r) && r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		case unsafe(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// unsafe also catches unicode.Cf: the marks that reverse text, and invisible joiners.
func unsafe(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
