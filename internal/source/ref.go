// Package source turns secret references such as lpass:MFA/aws into secrets, and writes secrets to the places that
// references name.
//
// A reference is SCHEME:REST[#FIELD]. It names a place, never a secret, and may stand in files that travel between
// people: reading one runs nothing that its reader did not choose (see Resolver.Allow), and its text never becomes
// an option of a program. What comes back from a place is trusted as little: it is bounded, parsed totally, and
// either is one secret or is refused by its shape.
package source

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The schemes that need no manager.
const (
	schemeFile   = "file"
	schemeStdin  = "-"
	schemePrompt = "prompt"
	schemeEnv    = "env"
	schemeCmd    = "cmd"
	schemeQR     = "qr"
)

// maxRef bounds a reference in bytes: longer than any path or entry name, short enough for one line of a message.
const maxRef = 1024

// Ref is a parsed reference. It is comparable, and safe to print.
type Ref struct {
	Scheme string // "lpass", "file", "-", ...
	Rest   string // name of the entry, path, variable or command line; empty for "-" and "prompt"
	Field  string // name of one field of the entry, or empty
}

// ParseRef reads a reference. A bare scheme of a manager stands for the entry that is named like account: lpass is
// lpass:aws for the account aws, lpass#totp is lpass:aws#totp.
//
// The field begins after the last #, so that a name with # in it is written with one more at its end (pass:a#b#).
// In keepassxc: the first # ends the path of the database, which alone stands for its entry that is named like account.
// In file:, qr:, cmd:, env:, keyring: and the sources that users define, a # is a character like any other, and there are no
// fields. own are the schemes of such sources.
//
// Errors are *Error of KindUsage. A secret pasted in the place of a reference is not repeated.
func ParseRef(s, account string, own ...string) (Ref, error) {
	scheme, rest, colon := strings.Cut(s, ":")
	var bareField string
	if !colon {
		scheme, bareField, _ = strings.Cut(s, "#")
	}
	custom := slices.Contains(own, scheme)
	if err := checkScheme(scheme, s, colon); err != nil && !custom {
		return Ref{}, err
	}
	ref := Ref{Scheme: scheme, Rest: rest}
	switch m := managers()[scheme]; {
	case !colon && (custom || m.whole) && s == scheme:
		ref.Rest = account
	case !colon && hasFields(scheme):
		ref.Rest, ref.Field = account, bareField
	case m.head != nil && m.head(rest) == 0:
		ref.Rest = rest + "#" + account
	case hasFields(scheme):
		ref.Rest, ref.Field = cutField(rest, ref.head())
	case !colon && s != scheme:
		return Ref{}, fail(KindUsage, "", fmt.Errorf("%s: has no fields", scheme))
	}
	err := ref.check()
	if strings.Contains(ref.Field, "#") { // only a bare scheme gets so far: it would not read back
		err = errors.New("a field cannot contain #")
	}
	if err != nil {
		return Ref{}, fail(KindUsage, usage(scheme), fmt.Errorf("%s: %w", scheme, err))
	}
	return ref, nil
}

// cutField splits at the last # behind head. An empty field only says that the # before it belong to the name.
func cutField(s string, head int) (name, field string) {
	i := strings.LastIndexByte(s[head:], '#')
	if i < 0 {
		return s, ""
	}
	return s[:head+i], s[head+i+1:]
}

// head is the length of the part of Rest in which a # begins no field.
func (r Ref) head() int {
	if m := managers()[r.Scheme]; m.head != nil {
		return m.head(r.Rest)
	}
	return 0
}

// String is the text that ParseRef reads back as the same reference.
func (r Ref) String() string {
	switch {
	case r.Scheme == schemeStdin, r.Scheme == schemePrompt:
		return r.Scheme
	case r.Field != "" || hasFields(r.Scheme) && strings.Contains(r.Rest[r.head():], "#"):
		return r.Scheme + ":" + r.Rest + "#" + r.Field
	}
	return r.Scheme + ":" + r.Rest
}

// Durable reports whether the place still has the secret tomorrow, as a backup must.
func (r Ref) Durable() bool {
	switch r.Scheme {
	case schemeStdin, schemePrompt, schemeEnv, schemeQR:
		return false
	}
	return true
}

// Absolute is the reference with a relative path made absolute, so that it is read from anywhere.
func (r Ref) Absolute() (Ref, error) {
	path := r.Rest
	if n := r.head(); n > 0 {
		path = r.Rest[:n-1]
	} else if r.Scheme != schemeFile && r.Scheme != schemeQR || r.Scheme == schemeQR && (path == "-" || path == qrClipboard) {
		return r, nil
	}
	if filepath.IsAbs(path) || strings.HasPrefix(path, "~") {
		return r, nil
	}
	abs, err := filepath.Abs(path)
	r.Rest = abs + r.Rest[len(path):]
	return r, err
}

// hasFields reports whether the scheme is a manager's, whose entries have fields.
func hasFields(scheme string) bool {
	m, ok := managers()[scheme]
	return ok && !m.whole
}

// builtIn reports whether a scheme has a meaning here.
func builtIn(scheme string) bool {
	_, ok := managers()[scheme]
	return ok || slices.Contains([]string{schemeFile, schemePrompt, schemeEnv, schemeCmd, schemeQR}, scheme)
}

// checkScheme refuses what is not a scheme of this version. s is the whole text, which may be a secret: of it only a
// short word before a colon is ever repeated.
func checkScheme(scheme, s string, colon bool) error {
	switch {
	case builtIn(scheme), scheme == schemeStdin:
		return nil
	case looksSecret(s):
		return fail(KindUsage, "give the place: "+schemes()+"; or - and the secret on standard input",
			errors.New("this is a secret, not a reference to one: "+
				"arguments are seen by every program and kept in the shell's history"))
	case colon && isWord(scheme):
		return fail(KindUsage, "use "+schemes(), fmt.Errorf("no source is called %q", scheme))
	}
	return fail(KindUsage, "use "+schemes(), errors.New("not a secret reference"))
}

// schemes lists what may be written, for a hint.
func schemes() string {
	return strings.Join(forms(func(manager) bool { return true }), ", ") + ", file:PATH, qr:IMAGE, cmd:PROGRAM ARG..., env:VARIABLE, prompt or -"
}

// writable lists the places to which secrets can be written, for a hint.
func writable() string {
	return strings.Join(forms(func(m manager) bool { return m.insert != nil || m.put != nil }), ", ") + " or file:PATH"
}

// forms lists how references to managers are written.
func forms(which func(manager) bool) (all []string) {
	for _, scheme := range slices.Sorted(maps.Keys(managers())) {
		if m := managers()[scheme]; which(m) {
			all = append(all, m.form)
		}
	}
	return all
}

// looksSecret recognises what people paste in the place of a reference: a URI with a secret in it, or base32.
func looksSecret(s string) bool {
	low := strings.ToLower(strings.TrimSpace(s))
	for _, p := range []string{"otpauth:", "otpauth-migration:", "steam://", "motp://"} {
		if strings.HasPrefix(low, p) {
			return true
		}
	}
	low = strings.NewReplacer(" ", "", "-", "", "=", "").Replace(low)
	return len(low) >= 8 && strings.Trim(low, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// isWord reports whether s is spelled like the name of a scheme, and too short for a secret.
func isWord(s string) bool {
	return s != "" && len(s) <= 12 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") == ""
}

// check refuses a reference that could do harm or name nothing. Its errors do not repeat the text.
func (r Ref) check() error {
	for _, s := range []string{r.Rest, r.Field} {
		if len(s) > maxRef {
			return fmt.Errorf("longer than %d bytes", maxRef)
		}
		if !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsGraphic(c) }) {
			return errors.New("has a character that cannot be shown")
		}
	}
	if m, ok := managers()[r.Scheme]; ok {
		_, err := m.place(r)
		return err
	}
	return r.checkRest()
}

// checkRest applies what the scheme asks of Rest.
func (r Ref) checkRest() error {
	switch {
	case r.Scheme == schemeStdin, r.Scheme == schemePrompt:
		if r.Rest != "" {
			return errors.New("takes nothing after it")
		}
	case r.Scheme == schemeCmd:
		_, err := splitArgs(r.Rest)
		return err
	case r.Scheme == schemeEnv && !isVariable(r.Rest):
		return errors.New("needs the name of a variable")
	case strings.TrimSpace(r.Rest) == "":
		return errors.New("names nothing")
	case !builtIn(r.Scheme) && strings.HasPrefix(r.Rest, "-"):
		return errors.New("a name cannot begin with -")
	}
	return nil
}

// isVariable reports whether s is a portable name of an environment variable (POSIX.1 section 8.1, in any case).
func isVariable(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') &&
		strings.Trim(strings.ToUpper(s), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// usage is the hint for a scheme whose rest is refused.
func usage(scheme string) string {
	switch scheme {
	case schemeFile:
		return "write file:PATH"
	case schemeQR:
		return "write qr:IMAGE, qr:- or qr:clipboard"
	case schemeCmd:
		return "write 'cmd:PROGRAM ARG...'"
	case schemeEnv:
		return "write env:VARIABLE"
	case schemeStdin, schemePrompt:
		return "write " + scheme + " alone"
	}
	if m, ok := managers()[scheme]; ok && (m.whole || strings.Contains(m.form, "FIELD")) {
		return "write " + m.form
	} else if ok {
		return "write " + m.form + " or " + m.form + "#FIELD"
	}
	return "write " + scheme + ":NAME"
}
