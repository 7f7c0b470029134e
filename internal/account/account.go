// Package account keeps what ykmfa knows about accounts: the account file, which people edit, too, and which holds no
// secrets; and the state directory, which holds what was last seen on which key.
package account

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ykmfa/oath"
)

// Account is an entry of the account file.
type Account struct {
	Name      string
	ID        []byte // credential id on the key
	Backup    string // secret reference; empty: there is none
	Touch     bool
	Type      oath.Type
	Algorithm oath.Algorithm
	Digits    int
	Period    time.Duration
	Counter   uint64 // HOTP: the counter that it was stored with
}

// ErrName is what ValidateName refuses.
var ErrName = errors.New("not a name for an account")

// ValidateName checks the short name of an account: something that a person types and a terminal shows, and that
// cannot be taken for a flag or a credential id.
func ValidateName(name string) error {
	const longest = 64
	var why string
	switch {
	case name == "":
		why = "it is empty"
	case len(name) > longest:
		why = fmt.Sprintf("it is longer than %d bytes", longest)
	case !utf8.ValidString(name):
		why = "it is not UTF-8"
	case strings.ContainsFunc(name, func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }):
		why = "it holds a space, a control character or a mark that turns text around"
	case strings.HasPrefix(name, "-"):
		why = "it begins like a flag"
	case strings.Contains(name, ":"):
		why = "it holds a colon, which separates the issuer in a credential id"
	default:
		return nil
	}
	return fmt.Errorf("%q is %w: %s", name, ErrName, why)
}

// Paths says where the files are.
type Paths struct {
	Accounts  string // the account file
	State     string // what was seen
	Vault     string // the directory of the built-in store
	ConfigDir string // the user's own: YKMFA_ACCOUNTS, which may be somebody else's file, does not move it
}

// FindPaths follows YKMFA_ACCOUNTS, YKMFA_VAULT, the XDG base directories, and elsewhere the system's own conventions.
func FindPaths(getenv func(string) string) (Paths, error) {
	config, err := directory(getenv, "XDG_CONFIG_HOME", ".config", "Library/Application Support", "APPDATA")
	if err != nil {
		return Paths{}, err
	}
	state, err := directory(getenv, "XDG_STATE_HOME", ".local/state", "Library/Application Support", "LOCALAPPDATA")
	if err != nil {
		return Paths{}, err
	}
	data, err := directory(getenv, "XDG_DATA_HOME", ".local/share", "Library/Application Support", "LOCALAPPDATA")
	if err != nil {
		return Paths{}, err
	}
	p := Paths{
		Accounts:  filepath.Join(config, "ykmfa", "accounts.toml"),
		ConfigDir: filepath.Join(config, "ykmfa"),
		State:     filepath.Join(state, "ykmfa", "state"),
		Vault:     filepath.Join(data, "ykmfa", "vault"),
	}
	if file := getenv("YKMFA_ACCOUNTS"); file != "" {
		p.Accounts = file
	}
	if dir := getenv("YKMFA_VAULT"); dir != "" {
		p.Vault = dir
	}
	return p, nil
}

func directory(getenv func(string) string, xdg, unix, mac, windows string) (string, error) {
	if dir := getenv(xdg); filepath.IsAbs(dir) {
		return dir, nil
	}
	if runtime.GOOS == "windows" {
		if dir := getenv(windows); dir != "" {
			return dir, nil
		}
		return "", fmt.Errorf("%%%s%% is not set", windows)
	}
	home := getenv("HOME")
	if home == "" {
		dir, err := os.UserHomeDir()
		if err != nil {
			return "", errors.New("no home directory: set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME")
		}
		home = dir
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, mac), nil
	}
	return filepath.Join(home, unix), nil
}
