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
)

// later lists the schemes that have a meaning but no code in this version.
const later = "op bw gopass keepassxc keyring vault hcvault aws-sm aws-ssm qr"

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
// In file:, cmd: and env: a # is a character like any other, and there are no fields.
//
// Errors are *Error of KindUsage or KindUnsupported. A secret pasted in the place of a reference is not repeated.
func ParseRef(s, account string) (Ref, error) {
	scheme, rest, colon := strings.Cut(s, ":")
	var bareField string
	if !colon {
		scheme, bareField, _ = strings.Cut(s, "#")
	}
	if err := checkScheme(scheme, s, colon); err != nil {
		return Ref{}, err
	}
	ref := Ref{Scheme: scheme, Rest: rest}
	if hasFields(scheme) {
		ref.Rest, ref.Field = cutField(rest)
		if !colon {
			ref.Rest, ref.Field = account, bareField
		}
	} else if !colon && s != scheme {
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

// cutField splits at the last #. An empty field only says that the # before it belong to the name.
func cutField(s string) (name, field string) {
	i := strings.LastIndexByte(s, '#')
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}

// String is the text that ParseRef reads back as the same reference.
func (r Ref) String() string {
	switch {
	case r.Scheme == schemeStdin, r.Scheme == schemePrompt:
		return r.Scheme
	case r.Field != "" || hasFields(r.Scheme) && strings.Contains(r.Rest, "#"):
		return r.Scheme + ":" + r.Rest + "#" + r.Field
	}
	return r.Scheme + ":" + r.Rest
}

// Durable reports whether the place still has the secret tomorrow, as a backup must.
func (r Ref) Durable() bool {
	return r.Scheme == schemeFile || r.Scheme == schemeCmd || hasFields(r.Scheme)
}

// hasFields reports whether the scheme is a manager's, whose entries have fields.
func hasFields(scheme string) bool {
	_, ok := managers[scheme]
	return ok
}

// checkScheme refuses what is not a scheme of this version. s is the whole text, which may be a secret: of it only a
// short word before a colon is ever repeated.
func checkScheme(scheme, s string, colon bool) error {
	switch {
	case hasFields(scheme), scheme == schemeStdin, scheme == schemePrompt,
		scheme == schemeEnv, scheme == schemeFile, scheme == schemeCmd:
		return nil
	case isWord(scheme) && strings.Contains(" "+later+" ", " "+scheme+" "):
		return fail(KindUnsupported, "use "+schemes(), fmt.Errorf("%s: not supported by this version", scheme))
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
	return "lpass:NAME, pass:PATH, file:PATH, cmd:PROGRAM ARG..., env:VARIABLE, prompt or -"
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
		if hasFields(r.Scheme) && strings.HasPrefix(s, "-") {
			return errors.New("a name cannot begin with -")
		}
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
	case schemeCmd:
		return "write 'cmd:PROGRAM ARG...'"
	case schemeEnv:
		return "write env:VARIABLE"
	case schemeStdin, schemePrompt:
		return "write " + scheme + " alone"
	}
	return "write " + scheme + ":NAME or " + scheme + ":NAME#FIELD"
}
