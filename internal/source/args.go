package source

import (
	"errors"
	"strings"
)

// splitArgs splits a command line into words at blanks, with the quotes of the shell: '...' as it stands, "..." with
// \" and \\, and a backslash before any character outside quotes. Nothing is expanded and nothing else is special.
func splitArgs(s string) ([]string, error) {
	var args []string
	for s = strings.TrimLeft(s, " "); s != ""; s = strings.TrimLeft(s, " ") {
		word, rest, err := cutWord(s)
		if err != nil {
			return nil, err
		}
		args, s = append(args, word), rest
	}
	if len(args) == 0 || args[0] == "" {
		return nil, errors.New("names no program")
	}
	return args, nil
}

// cutWord takes the first word off s, which does not begin with a blank.
func cutWord(s string) (word, rest string, err error) {
	var b strings.Builder
	var quote byte // ', ", or 0 outside quotes
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote == 0 && c == ' ':
			return b.String(), s[i:], nil
		case c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == '\\' && quote != '\'':
			i++
			if i == len(s) {
				return "", "", errors.New("ends in a backslash")
			}
			if quote == '"' && s[i] != '"' && s[i] != '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	if quote != 0 {
		return "", "", errors.New("has a quote that is not closed")
	}
	return b.String(), "", nil
}

// QuoteArg writes one word of a command for a person who copies it into a shell.
func QuoteArg(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func quoteArgs(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = QuoteArg(a)
	}
	return strings.Join(quoted, " ")
}
