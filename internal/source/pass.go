package source

import (
	"bytes"
	"errors"
	"strings"
)

// parsePass reads an entry of the password store: the password in the first line, anything below it. The name of a
// folder prints its tree and succeeds.
func parsePass(printed []byte, name string) ([]entry, error) {
	if len(bytes.TrimSpace(printed)) == 0 {
		return nil, fail(KindNoSecret, "", errors.New("the entry is empty"))
	}
	first, rest, _ := bytes.Cut(printed, []byte("\n"))
	if string(first) == strings.TrimSuffix(name, "/") && isTree(rest) {
		return nil, fail(KindSeveral, "pass ls "+quoteArg(name), errors.New("a folder, not an entry"))
	}
	e := entry{name: name, fields: []field{
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
