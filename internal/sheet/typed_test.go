package sheet

import (
	"bytes"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
)

func newIdentity(t testing.TB) []byte {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return []byte(id.String())
}

func typed(t testing.TB, identity []byte) []string {
	t.Helper()
	form, err := Typed(identity)
	if err != nil || len(form) != lines {
		t.Fatalf("%d lines, %v", len(form), err)
	}
	var all []string
	for _, line := range form {
		all = append(all, string(line))
	}
	return all
}

// known is the identity of 32 bytes 42.
const known = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"

func TestValidIdentityAsAge(t *testing.T) {
	if _, err := age.ParseX25519Identity(known); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		good := newIdentity(t)
		for i := len(prefix); i < len(good); i++ {
			bad := bytes.Clone(good)
			for _, c := range []byte(alphabet + "1BIO ") {
				bad[i] = c
				_, err := age.ParseX25519Identity(string(bad))
				if got := validIdentity(bad[len(prefix):]); got != (err == nil) {
					t.Fatalf("character %d as %q: valid %v, age says %v", i, c, got, err)
				}
			}
		}
	}
}

// The checksum of bech32 says nothing about the four bits too many: here it is right and they are not zero.
func TestValidIdentityPadding(t *testing.T) {
	data := newIdentity(t)[len(prefix):]
	data[51] = alphabet[value(data[51])^1]
	copy(data[dataLength-checksumLength:], checksum(data[:dataLength-checksumLength]))
	if polymodOf(data) != 1 || validIdentity(data) {
		t.Errorf("checksum %d, taken for valid %v", polymodOf(data), validIdentity(data))
	}
	if _, err := age.ParseX25519Identity(prefix + string(data)); err == nil {
		t.Error("age takes it")
	}
}

// polymodOf and checksum are BIP 173's reference code, once more.
func polymodOf(data []byte) uint32 {
	sum := uint32(1)
	hrp := "age-secret-key-"
	var values []uint32
	for _, c := range []byte(hrp) {
		values = append(values, uint32(c)>>5)
	}
	values = append(values, 0)
	for _, c := range []byte(hrp) {
		values = append(values, uint32(c)&31)
	}
	for _, c := range data {
		values = append(values, value(c))
	}
	for _, v := range values {
		sum = polymod(sum, v)
	}
	return sum
}

func checksum(data []byte) []byte {
	mod := polymodOf(append(bytes.Clone(data), "QQQQQQ"...)) ^ 1
	sum := make([]byte, checksumLength)
	for i := range sum {
		sum[i] = alphabet[mod>>(5*(5-i))&31]
	}
	return sum
}

// TestTypedSentence reckons as the sentence on the sheet says, with big numbers.
func TestTypedSentence(t *testing.T) {
	for range 100 {
		for n, line := range typed(t, newIdentity(t)) {
			number := new(big.Int)
			for _, c := range strings.Join(strings.Fields(line)[1:], "") {
				number.Mul(number, big.NewInt(32)).Add(number, big.NewInt(int64(strings.IndexRune(alphabet, c))))
			}
			number.Add(number, big.NewInt(int64(n+1)))
			if number.Mod(number, big.NewInt(1021)).Sign() != 0 {
				t.Fatalf("%q", line)
			}
		}
	}
	want := []string{"1  GFPY YSJZ GFPY  ZX", "5  GFPQ 4EGA EX  ZT"} // reckoned with Python's int and divmod
	if got := typed(t, []byte(known)); got[0] != want[0] || got[4] != want[1] {
		t.Errorf("%q", got)
	}
}

func TestTypedRefuses(t *testing.T) {
	for _, s := range []string{"", "AGE-SECRET-KEY-1", strings.ToLower(known), known[:70], known + "Q", known[:40] + "Z" + known[41:], "age1" + known} {
		if form, err := Typed([]byte(s)); err == nil || form != nil {
			t.Errorf("%q: %q", s, form)
		}
	}
}

// Whatever one wrong character there is in a line, and whichever two neighbours are exchanged, that line is named.
func TestParseTypedFindsEverySlip(t *testing.T) {
	for range 4 {
		identity := newIdentity(t)
		form := typed(t, identity)
		for n, line := range form {
			for i := range line {
				for c := byte(' '); c <= '~'; c++ {
					slip(t, identity, form, n, line[:i]+string(c)+line[i+1:])
				}
				slip(t, identity, form, n, line[:i]+line[i+1:])
				if i > 0 {
					slip(t, identity, form, n, line[:i-1]+string(line[i])+string(line[i-1])+line[i+1:])
				}
				if i > 1 {
					slip(t, identity, form, n, line[:i-2]+string(line[i])+string(line[i-1])+string(line[i-2])+line[i+1:])
				}
			}
		}
	}
}

// slip expects line n to be named, unless what matters in it is the same; with numbers, prefix and without.
func slip(t *testing.T, identity []byte, form []string, n int, wrong string) {
	t.Helper()
	lines := slices.Clone(form)
	lines[n] = wrong
	same := eye(wrong) == eye(form[n])
	unnumbered := eye(wrong) == eye(form[n][1:]) // right, or wrong when the number was meant for the first character
	for _, text := range []string{strings.Join(lines, "\n"), prefix + "\n" + strings.Join(lines, "\r\n") + "\n"} {
		got, err := ParseTyped([]byte(text))
		var at *LineError
		switch {
		case (same || unnumbered) && err == nil && bytes.Equal(got, identity):
		case !same && got == nil && errors.As(err, &at) && at.Line == n+1 && !strings.Contains(err.Error(), ";"):
		default:
			t.Fatalf("%q for %q: %q, %v", wrong, form[n], got, err)
		}
	}
	if !same && !unnumbered && CheckLine(n+1, []byte(wrong)) == nil {
		t.Fatalf("CheckLine(%d, %q) finds nothing", n+1, wrong)
	}
}

// eye leaves out what does not matter: blanks, marks, case.
func eye(line string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.:)", r) {
			return -1
		}
		return r
	}, strings.ToUpper(line))
}

func TestParseTypedForms(t *testing.T) {
	identity := newIdentity(t)
	form := typed(t, identity)
	text := strings.Join(form, "\n")
	bare := ""
	for _, line := range form {
		bare += line[3:] + "\n"
	}
	unchecked := ""
	for _, line := range form {
		unchecked += line[:len(line)-4] + "\n"
	}
	data := string(identity[len(prefix):])
	for name, s := range map[string]string{
		"typed":             text,
		"with the prefix":   prefix + "\n\n" + text + "\n\n",
		"small letters":     strings.ToLower(prefix + "\n" + text),
		"Windows":           strings.ReplaceAll(text, "\n", "\r\n"),
		"without numbers":   bare,
		"without blanks":    strings.ReplaceAll(text, " ", ""),
		"bare":              strings.ReplaceAll(bare, " ", ""),
		"hyphens":           strings.ReplaceAll(bare, " ", "-"),
		"numbers with dots": strings.NewReplacer("1  ", "1. ", "2  ", "2) ", "3  ", "3: ").Replace(text),
		"from a web page":   strings.ReplaceAll(text, " ", "\u00a0"),
		"in one line":       strings.ReplaceAll(text, "\n", " "),
		"bare in one line":  strings.ReplaceAll(bare, "\n", " "),
		"no check":          unchecked,
		"no check, prefix":  prefix + "\n" + unchecked,
		"as scanned":        string(identity),
		"small, newline":    strings.ToLower(string(identity)) + "\n",
		"without prefix":    data,
		"torn":              string(identity[:30]) + "\n" + string(identity[30:]),
		"identity file":     "# created: 2026-11-25T18:00:00Z\n# public key: age1xyz\n" + string(identity) + "\n",
		"prefix in line 1":  prefix + " " + text,
	} {
		got, err := ParseTyped([]byte(s))
		if err != nil || !bytes.Equal(got, identity) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// Two lines at a time, lines in another order, lines of two sheets.
func TestParseTypedErrors(t *testing.T) {
	form, other := typed(t, []byte(known)), typed(t, newIdentity(t))
	edit := func(f func(l []string) []string) string { return strings.Join(f(slices.Clone(form)), "\n") }
	bare := func(l []string) []string {
		for i := range l {
			l[i] = l[i][3:]
		}
		return l
	}
	for name, c := range map[string]struct{ text, want string }{
		"two lines": {edit(func(l []string) []string {
			l[1], l[3] = strings.Replace(l[1], "Y", "X", 1), strings.Replace(l[3], "Y", "X", 1)
			return l
		}), "line 2 has a typing error; line 4 has a typing error"},
		"letter O":            {edit(func(l []string) []string { l[2] = strings.Replace(l[2], "G", "o", 1); return l }), "line 3 has a 1, B, I or O"},
		"digit 1":             {edit(func(l []string) []string { l[2] = strings.Replace(l[2], "G", "1", 1); return l }), "line 3 has a 1, B, I or O"},
		"not a letter":        {edit(func(l []string) []string { l[2] = strings.Replace(l[2], "G", "é", 1); return l }), "line 3 has"},
		"order":               {edit(func(l []string) []string { l[0], l[1] = l[1], l[0]; return l }), "line 1 has another number"},
		"order, no numbers":   {edit(func(l []string) []string { l[0], l[1] = l[1], l[0]; return bare(l) }), "line 1 has a typing error; line 2 has a typing error"},
		"missing":             {edit(func(l []string) []string { return slices.Delete(l, 1, 2) }), "line 2 has another number"},
		"missing, no numbers": {edit(func(l []string) []string { return bare(slices.Delete(l, 1, 2)) }), "line 2 has a typing error"},
		"last missing":        {edit(func(l []string) []string { return l[:4] }), "line 5 is missing"},
		"twice":               {edit(func(l []string) []string { return slices.Insert(l, 1, l[0]) }), "there are 6 lines"},
		"seven":               {prefix + "\n" + edit(func(l []string) []string { return append(l, l...) }), "there are 10 lines"},
		"no check in one":     {edit(func(l []string) []string { l[0] = l[0][:17]; return l }), "line 1 has 12 characters, where 14"},
		"two sheets":          {strings.Join(append(slices.Clone(other[:4]), form[4]), "\n"), "two sheets"},
		"wrong prefix":        {"AGE-SECERT-KEY-1\n" + strings.Join(form, "\n"), "the first is not AGE-SECRET-KEY-1"},
		"short":               {known[:73], "57 characters behind AGE-SECRET-KEY-1, where 58"},
		"whole with O":        {known[:30] + "O" + known[31:], "it has a 1, B, I or O"},
		"whole with a slip":   {known[:30] + "L" + known[31:], "a typing error in it"},
		"recipient":           {"age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg", "not AGE-SECRET-KEY-1"},
		"nothing":             {" \n\n# a comment\n", "no identity"},
		"prefix alone":        {prefix, "no identity"},
		"a book":              {strings.Repeat("A", 1<<20), "too many"},
	} {
		got, err := ParseTyped([]byte(c.text))
		if got != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

// FuzzParseTyped: nothing panics, what is returned is an identity, and an error repeats nothing of the text.
func FuzzParseTyped(f *testing.F) {
	form := strings.Join(typed(f, []byte(known)), "\n")
	for _, s := range []string{form, strings.ToLower(form), strings.ReplaceAll(form, "\n", " "), known, prefix + "\n" + form, "#\n", "1  GFPY\n2 ", form[:90]} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		got, err := ParseTyped(text)
		if !bytes.Equal(text, before) {
			t.Fatal("the text was changed")
		}
		if err != nil {
			repeatsNothing(t, err, text)
			if got != nil {
				t.Fatalf("%q with %v", got, err)
			}
			return
		}
		if _, err := age.ParseX25519Identity(string(got)); err != nil {
			t.Fatalf("%q is no identity: %v", got, err)
		}
		again, err := ParseTyped([]byte(strings.Join(typed(t, got), "\n")))
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%q, %v", again, err)
		}
	})
}

// repeatsNothing fails when an error has a word of the text that is as long as a group, and not the package's own.
func repeatsNothing(t *testing.T, err error, text []byte) {
	t.Helper()
	own := strings.ToUpper(prefix + foreignProblem + "there are lines, and the first is not no identity in it has characters behind where are expected line bytes too many " +
		"is missing a typing error in it; with the check characters at the end of each line, the line could be named has another number in front of it another's place " +
		"every line is right by itself, but together they are no identity: lines of two sheets, or errors that hide each other something neither letter nor digit and for one")
	message := strings.ToUpper(err.Error())
	for _, word := range strings.FieldsFunc(message, func(r rune) bool { return r < '0' || r > 'Z' }) {
		if len(word) >= group && !strings.Contains(own, word) && bytes.Contains(bytes.ToUpper(text), []byte(word)) {
			t.Fatalf("%q repeats %q", err, word)
		}
	}
}
