package source

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Custom is a source that the user has defined: programs and their arguments, in which {} is the rest of the
// reference. There is no shell. Get prints the secret, and says "not found" on standard error when there is none; Put
// gets it on standard input, and may be empty.
type Custom struct {
	Get, Put []string
}

// CheckCustom says what is wrong with a source that a user has defined, or nil.
func CheckCustom(scheme string, c Custom) error {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	switch {
	case scheme == "" || len(scheme) > 32 || strings.Trim(scheme[:1], letters) != "" || strings.Trim(scheme, letters+"0123456789-") != "":
		return errors.New("its name must be small letters, digits and hyphens, a letter first")
	case builtIn(scheme):
		return fmt.Errorf("%s: is built in: choose another name", scheme)
	case len(c.Get) == 0 || c.Get[0] == "":
		return errors.New("get must name a program")
	case c.Put != nil && (len(c.Put) == 0 || c.Put[0] == ""):
		return errors.New("put must name a program")
	}
	for _, args := range [][]string{c.Get, c.Put} {
		switch {
		case len(args) == 0:
		case strings.Contains(args[0], "{}"):
			return errors.New("the program itself cannot be {}")
		case strings.ContainsRune(args[0], filepath.Separator) && !filepath.IsAbs(args[0]):
			return errors.New("a program is a name on PATH, or a path from /")
		}
	}
	return nil
}

// manager makes a row of it.
func (c Custom) manager(scheme string) manager {
	m := manager{
		form: scheme + ":NAME", whole: true, asks: true,
		program: c.Get[0], show: c.Get[1:],
		install: "it is the program of [sources." + scheme + "] in config.toml",
		faults:  customFaults,
	}
	if len(c.Put) > 0 {
		m.insertWith, m.insert = c.Put[0], append([]string{}, c.Put[1:]...)
	}
	return m
}

// customFaults tell a missing entry from everything else that can go wrong: nothing is written before it is known that
// nothing is there.
var customFaults = []fault{
	{"[exit status 126]", KindFailed, ""},
	{"[exit status 127]", KindFailed, ""},
	{"locked", KindLocked, "unlock it, then try again"},
	{"not logged in", KindNotLoggedIn, "log in to it, then try again"},
	{"resolve host", KindOffline, ""},
	{"connection refused", KindOffline, ""},
	{"no such host", KindOffline, ""},
	{"no such file or directory", KindNotFound, ""},
	{"not found", KindNotFound, ""},
	{"could not find", KindNotFound, ""},
	{"does not exist", KindNotFound, ""},
	{"no such", KindNotFound, ""},
}
