package cli

import (
	"cmp"
	"errors"
	"strings"

	"ykmfa/oath"
)

// troubles are the accounts that a command leaves in a state that its user would not want.
type troubles []trouble

type trouble struct {
	name string
	err  error
}

// verdict is the error of the command: all of the troubles, with exit code and hint of the worst. A difference is worse
// than a backup that cannot be read, and that is worse than the rest.
func (t troubles) verdict(total int, what string) error {
	if len(t) == 0 {
		return nil
	}
	var texts, names []string
	code, hint := 0, ""
	for i, one := range t {
		if c, h := advise(one.err); code == 0 || badness(c) > badness(code) {
			code, hint = c, h
		}
		text := one.err.Error()
		names = append(names, one.name)
		if i+1 < len(t) && t[i+1].err.Error() == text {
			continue // a full key has one reason for many accounts
		}
		if len(names) > 1 || !strings.HasPrefix(text, one.name+" ") { // pass: is no account in "pass:mfa/aws: no such entry"
			text = strings.Join(names, ", ") + ": " + text
		}
		texts, names = append(texts, text), nil
	}
	return fail(code, hint, "%d of %s %s: %s", len(t), plural(total, "account"), what, strings.Join(texts, "; "))
}

func badness(code int) int {
	switch code {
	case exitDiffer:
		return 2
	case exitBackup:
		return 1
	}
	return 0
}

// worse is the error of two that counts: the worse one, of equals the first.
func worse(first, next error) error {
	if first == nil || next == nil {
		return cmp.Or(first, next)
	}
	was, _ := advise(first)
	is, _ := advise(next)
	if badness(is) > badness(was) {
		return next
	}
	return first
}

// onlyThis reports whether an error is about one credential, so that the others can go on: the key refused it, or holds
// something else. After any other the key is gone or locked, or the user is.
func onlyThis(err error) bool {
	for _, all := range []error{ErrRemoved, ErrReset, ErrBusy, oath.ErrLocked, oath.ErrNotTouched} {
		if errors.Is(err, all) {
			return false
		}
	}
	if errors.Is(err, oath.ErrPolicy) && !errors.Is(err, oath.ErrExists) { // a FIPS key without a password takes none
		return false
	}
	var refused *oath.Error
	for _, one := range []error{errDiffer, oath.ErrCorrupt, oath.ErrExists, oath.ErrInvalid, oath.ErrNotSupported} {
		if errors.Is(err, one) {
			return true
		}
	}
	return errors.As(err, &refused)
}
