package source

import (
	"bytes"
	"errors"
	"strings"
)

var passwordStore = manager{
	form:    "pass:PATH",
	program: "pass",
	install: "install pass, then: pass init YOUR-GPG-ID",
	folders: true,
	show:    []string{"show", "--", "{}"},
	insert:  []string{"insert", "--multiline", "--", "{}"},
	parse:   parsePass,
	faults: []fault{
		{"is not in the password store", KindNotFound, "pass ls"},
		{"you must run:", KindNotFound, "pass init YOUR-GPG-ID"},
		{"password store is empty", KindNotFound, "pass init YOUR-GPG-ID"},
		{"sneaky path", KindUsage, "name an entry inside the password store"},
		{"no secret key", KindLocked, "pass show {} (it asks for the passphrase of your key)"},
		{"no pinentry", KindLocked, "pass show {} (it asks for the passphrase of your key)"},
		{"inappropriate ioctl", KindLocked, "export GPG_TTY=$(tty)"},
		{"decryption failed", KindLocked, "pass show {} (it asks for the passphrase of your key)"},
		{"no public key", KindFailed, "pass init YOUR-GPG-ID"},
	},
}

// gopass keeps entries like pass, and shows them as they stand with -n; its setting safecontent would hide the secret
// without -u. With standard output that is no terminal it does not look for names that are alike.
var gopass = manager{
	form:    "gopass:PATH",
	program: "gopass",
	install: "install gopass (https://www.gopass.pw), then: gopass setup",
	folders: true,
	show:    []string{"show", "-n", "-u", "--", "{}"},
	insert:  []string{"insert", "-m", "--", "{}"},
	parse:   parseGopass,
	faults: []fault{
		// Debian has an unrelated program of this name, which does not know these flags.
		{"flag provided but not defined", KindNotInstalled, "install the gopass of https://www.gopass.pw: gopass version begins with its name"},
		{"not in the password store", KindNotFound, "gopass ls"},
		{"not initialized", KindNotFound, "gopass setup"},
		{"not overwriting", KindExists, "choose another name"},
		{"no secret key", KindLocked, "gopass show {} (it asks for the passphrase of your key)"},
		{"no pinentry", KindLocked, "gopass show {} (it asks for the passphrase of your key)"},
		{"inappropriate ioctl", KindLocked, "export GPG_TTY=$(tty)"},
		{"failed to decrypt", KindLocked, "gopass show {} (it asks for the passphrase of your key)"},
		{"decryption failed", KindLocked, "gopass show {} (it asks for the passphrase of your key)"},
	},
}

// parseGopass reads an entry like one of pass. The tree of a folder has a name of its own in the first line.
func parseGopass(printed []byte, at place) ([]entry, error) {
	first, rest, _ := bytes.Cut(printed, []byte("\n"))
	if isTree(rest) && len(first) < maxRef {
		return nil, folder("gopass", at)
	}
	return parsePass(printed, at)
}

func folder(program string, at place) error {
	return fail(KindSeveral, program+" ls "+QuoteArg(at.name), errors.New("a folder, not an entry"))
}

// parsePass reads an entry of the password store: the password in the first line, anything below it. The name of a
// folder prints its tree and succeeds.
func parsePass(printed []byte, at place) ([]entry, error) {
	if len(bytes.TrimSpace(printed)) == 0 {
		return nil, fail(KindNoSecret, "", errors.New("the entry is empty"))
	}
	first, rest, _ := bytes.Cut(printed, []byte("\n"))
	if string(first) == strings.TrimSuffix(at.name, "/") && isTree(rest) {
		return nil, folder("pass", at)
	}
	e := entry{name: at.name, fields: []field{
		{name: "password", role: rolePassword, value: bytes.Clone(first)},
		{name: "text", value: bytes.Clone(rest)},
	}}
	e.fields = append(e.fields, fieldsOfText(rest)...)
	return []entry{e}, nil
}

// isTree reports whether text begins with a branch as tree(1) draws it, in UTF-8 or ASCII. It has a no-break space in
// some versions.
func isTree(text []byte) bool {
	for _, branch := range []string{"├──", "└──", "|--", "`--"} {
		if bytes.HasPrefix(text, []byte(branch)) {
			return true
		}
	}
	return false
}
