package sheet

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The fonts that every PDF reader has, hold the characters of WinAnsiEncoding, which is Windows code page 1252 (ISO
// 32000-1 annex D). For what else is in a name there are two ways: Latin letters lose their marks, and the rest is
// written as its numbers, like [U+65E5 U+672C].

// cp1252 is what the code page has at 80 to 9f, with U+FFFD for nothing.
const cp1252 = "€\uFFFD‚ƒ„…†‡ˆ‰Š‹Œ\uFFFDŽ\uFFFD\uFFFD‘’“”•–—˜™š›œ\uFFFDžŸ"

// bare is Latin Extended-A, U+0100 to U+017F, without marks; what does not come down to one letter is a blank.
const bare = "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi  JjKk LlLlLlLlLlNnNnNn   OoOoOo  " +
	"RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs"

// winAnsi returns a text in WinAnsiEncoding; exact is false when it is not all there as it was.
func winAnsi(s string) (text []byte, exact bool) {
	text, exact = make([]byte, 0, len(s)), true
	numbers := false // inside [U+...
	for len(s) > 0 {
		r, n := firstRune(s)
		c, same := winAnsiByte(r)
		switch {
		case c != 0 && numbers:
			text, numbers = append(text, ']', c), false
		case c != 0:
			text = append(text, c)
		case numbers:
			text = fmt.Appendf(text, " U+%04X", r)
		default:
			text, numbers = fmt.Appendf(text, "[U+%04X", r), true
		}
		exact = exact && same
		s = s[n:]
	}
	if numbers {
		text = append(text, ']')
	}
	return text, exact
}

// firstRune puts a letter and the mark behind it together: macOS has file names so.
func firstRune(s string) (r rune, n int) {
	r, n = utf8.DecodeRuneInString(s)
	mark, m := utf8.DecodeRuneInString(s[n:])
	if whole := compose(r, mark); whole != 0 {
		return whole, n + m
	}
	return r, n
}

// compose returns the letter of Latin-1 that is a letter and a mark, or 0.
func compose(letter, mark rune) rune {
	var from, to string
	switch mark {
	case '\u0300':
		from, to = "AEIOUaeiou", "ÀÈÌÒÙàèìòù"
	case '\u0301':
		from, to = "AEIOUYaeiouy", "ÁÉÍÓÚÝáéíóúý"
	case '\u0302':
		from, to = "AEIOUaeiou", "ÂÊÎÔÛâêîôû"
	case '\u0303':
		from, to = "ANOano", "ÃÑÕãñõ"
	case '\u0308':
		from, to = "AEIOUaeiouy", "ÄËÏÖÜäëïöüÿ"
	case '\u030a':
		from, to = "Aa", "Åå"
	case '\u0327':
		from, to = "Cc", "Çç"
	}
	if i := strings.IndexRune(from, letter); i >= 0 {
		return []rune(to)[i]
	}
	return 0
}

// winAnsiByte returns 0 for what has no place in the encoding, and what would not show.
func winAnsiByte(r rune) (c byte, same bool) {
	switch {
	case r == '\u00ad' || r == utf8.RuneError: // a soft hyphen is seen as a hyphen, or not at all
		return 0, false
	case ' ' <= r && r <= '~', '\u00a0' <= r && r <= 'ÿ':
		return byte(r), true
	case 0x100 <= r && r < 0x180 && !strings.ContainsRune(cp1252, r):
		if letter := bare[r-0x100]; letter != ' ' {
			return letter, false
		}
		return 0, false
	}
	for i, c := range []rune(cp1252) {
		if c == r {
			return byte(0x80 + i), true
		}
	}
	return 0, false
}

// visible is a text for HTML, where every character shows but for those that turn text around or are not seen. The
// joiners are left: emoji and some scripts are written with them.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r != utf8.RuneError && (unicode.IsPrint(r) || r == '\u00a0' || r == '\u200c' || r == '\u200d') {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}
