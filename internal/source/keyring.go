package source

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"ykmfa/internal/keyring"
	"ykmfa/internal/otpauth"
)

// osKeyring is the keyring of the desktop, reached without a program.
var osKeyring = manager{
	form:  "keyring:NAME",
	whole: true,
	get:   getKeyring,
	put:   putKeyring,
}

func getKeyring(ctx context.Context, r *Resolver, at place) ([]byte, error) {
	return r.library(ctx, func() ([]byte, error) { return keyring.Keyring{Getenv: r.getenv}.Entry(at.name) })
}

func putKeyring(ctx context.Context, r *Resolver, at place, value []byte) error {
	_, err := r.library(ctx, func() ([]byte, error) { return nil, keyring.Keyring{Getenv: r.getenv}.SetEntry(at.name, value) })
	return err
}

// library runs a call that may wait for a person, or for ever, and leaves it behind when its time is over.
func (r *Resolver) library(ctx context.Context, call func() ([]byte, error)) ([]byte, error) {
	inner, cancel := context.WithTimeout(ctx, r.timeout())
	defer cancel()
	type result struct {
		value []byte
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := call()
		done <- result{value, err}
	}()
	select {
	case res := <-done:
		return res.value, keyringError(res.err)
	case <-inner.Done():
	}
	if ctx.Err() != nil {
		return nil, fail(KindFailed, "", ctx.Err())
	}
	return nil, fail(KindTimeout, "unlock the keyring: does a window ask for its password?", errors.New("the keyring did not answer in time"))
}

func keyringError(err error) error {
	var several *keyring.SeveralError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return fail(KindNotFound, "on Linux it would be put there by: secret-tool store --label=NAME service ykmfa username NAME", errors.New("no such entry"))
	case errors.Is(err, keyring.ErrLocked):
		return fail(KindLocked, "unlock the keyring of your desktop", errors.New("the keyring is "+reasons[KindLocked]))
	case errors.Is(err, keyring.ErrUnavailable):
		return fail(KindNotInstalled, "log in to a desktop, or start gnome-keyring-daemon in a D-Bus session", err)
	case errors.As(err, &several):
		return fail(KindSeveral, "remove all but one", several)
	}
	return fail(KindFailed, "", fmt.Errorf("the keyring: %w", err))
}

// keychain is the row of keyring on macOS. An entry that is locked where no window can ask is exit status 36, without
// a word. A line that begins a session of security -i is a command, so that the secret is in no argument; without -U
// it replaces nothing.
var keychain = manager{
	form:    "keyring:NAME",
	program: "security",
	install: "security is a part of macOS",
	whole:   true,
	show:    []string{"find-generic-password", "-s", "ykmfa", "-a", "{}", "-w"},
	insert:  []string{"-i"},
	encode:  encodeKeychain,
	parse:   parseKeychain,
	faults: []fault{
		{"[exit status 44]", KindNotFound, "security find-generic-password -s ykmfa"},
		{"[exit status 36]", KindLocked, "security unlock-keychain"},
		{"[exit status 51]", KindLocked, "security unlock-keychain"},
		{"[exit status 128]", KindLocked, "run it again, and allow it in the window that asks"},
		{"already exists", KindExists, "choose another name"},
		{"[exit status 45]", KindExists, "choose another name"},
	},
}

// Prefixes of encodings, which other users of the same library put before their secrets too.
const (
	keychainBase64 = "go-keyring-base64:"
	keychainHex    = "go-keyring-encoded:"
)

func encodeKeychain(at place, value []byte) []byte {
	command := "add-generic-password -s ykmfa -a " + QuoteArg(at.name) + " -w " + keychainBase64
	text := make([]byte, 0, len(command)+base64.StdEncoding.EncodedLen(len(value))+1)
	text = base64.StdEncoding.AppendEncode(append(text, command...), value)
	return append(text, '\n')
}

// parseKeychain decodes what security find-generic-password -w prints: one line, or the hexadecimal digits of what is
// not ASCII or has several lines.
func parseKeychain(printed []byte, at place) ([]entry, error) {
	text := bytes.TrimSpace(printed)
	var value []byte
	switch {
	case len(text) == 0:
		return nil, fail(KindLocked, "security unlock-keychain", errors.New("security said that it succeeded, and printed nothing"))
	case bytes.HasPrefix(text, []byte(keychainBase64)):
		value, _ = base64.StdEncoding.AppendDecode(nil, text[len(keychainBase64):])
	case bytes.HasPrefix(text, []byte(keychainHex)):
		value, _ = hex.AppendDecode(nil, text[len(keychainHex):])
	default:
		value = unhex(text)
	}
	return []entry{{name: at.name, fields: []field{{name: "password", role: roleOTP, value: value}}}}, nil
}

// unhex undoes the hexadecimal form, which only text has that would not have been printed as it is.
func unhex(text []byte) []byte {
	plain, err := hex.AppendDecode(nil, text)
	odd := func(c rune) bool { return c > unicode.MaxASCII || c < ' ' }
	if err != nil || !utf8.Valid(plain) || !bytes.ContainsFunc(plain, odd) {
		otpauth.Wipe(plain)
		return bytes.Clone(text)
	}
	return plain
}
