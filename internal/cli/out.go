package cli

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"ykmfa/internal/disk"
	"ykmfa/internal/otpauth"
	"ykmfa/internal/qr"
	"ykmfa/internal/term"
)

// Ways out for secrets: standard output, QR codes on the terminal, and new files that only this user can read.

func (a *app) printSecret(text []byte) error {
	if _, err := a.Stdout.Write(text); err != nil {
		return err
	}
	_, err := a.Stdout.Write([]byte("\n"))
	return err
}

// drawQR draws a code on the terminal, if it fits there; toFile is the flag that writes it to a file instead. One that takes
// all lines stays until somebody has scanned it: the shell's prompt would push it up.
func (a *app) drawQR(ctx context.Context, code *qr.Code, toFile string) error {
	columns, lines, ok := term.Size(a.Stdout)
	if !ok {
		return a.draw(code, qr.QuietZone, "\n")
	}
	if quiet, fits := code.Fit(columns, lines-1); fits {
		return a.draw(code, quiet, "\n")
	}
	quiet, fits := code.Fit(columns, lines)
	if !fits {
		wide, high := code.Size(1)
		return fail(exitFailed, "make the window larger or its letters smaller; or "+toFile,
			"the QR code needs %d columns and %d lines, and the terminal has %d and %d", wide, high, columns, lines)
	}
	if err := a.draw(code, quiet, ""); err != nil {
		return err
	}
	t, err := term.Open()
	if err != nil {
		return nil
	}
	defer t.Close()
	_, err = t.ReadSecret(ctx, "") // until Enter, without an echo
	return err
}

func (a *app) draw(code *qr.Code, quiet int, end string) error {
	text := code.Terminal(quiet)
	defer otpauth.Wipe(text)
	_, err := a.Stdout.Write(append(bytes.TrimSuffix(text, []byte("\n")), end...))
	return err
}

// isPicture reports whether a file is called like the pictures that saveQR writes.
func isPicture(file string) bool { return hasEnding(file, ".png") || hasEnding(file, ".svg") }

func hasEnding(file, ending string) bool { return strings.EqualFold(filepath.Ext(file), ending) }

func saveQR(code *qr.Code, file string) error {
	var data []byte
	var err error
	if hasEnding(file, ".svg") {
		data = code.SVG()
	} else if data, err = code.PNG(8); err != nil {
		return err
	}
	defer otpauth.Wipe(data)
	return saveNew(file, data)
}

// saveNew writes a new file of mode 0600, whole or not at all. One that is there stays.
func saveNew(file string, data []byte) error {
	if err := disk.Create(file, data); err != nil {
		return notSaved(file, err)
	}
	return nil
}

func (a *app) saved(file string) { a.tell("%s is written, for nobody else to read", file) }

// mayCreate refuses what saveNew would refuse, before anybody is asked for a passphrase.
func mayCreate(file string) error {
	if _, err := os.Lstat(file); err == nil {
		return notSaved(file, fs.ErrExist)
	}
	if _, err := os.Stat(filepath.Dir(file)); err != nil {
		return notSaved(file, err)
	}
	return nil
}

// notSaved says why, without the name of the temporary file.
func notSaved(file string, err error) error {
	var reason syscall.Errno
	switch {
	case errors.Is(err, fs.ErrExist):
		return fail(exitFailed, "choose another name, or remove it", "%s is there already, and stays as it is", file)
	case errors.Is(err, fs.ErrNotExist):
		return fail(exitFailed, "make the directory first", "%s: no such directory", file)
	case errors.As(err, &reason):
		err = reason
	}
	return fail(exitFailed, "choose another place for it", "%s: not written: %w", file, err)
}

// warnCounters says that only the key knows how far an account has counted.
func (a *app) warnCounters(backups []*backup) {
	for _, b := range backups {
		if b.err == nil && countsCodes(b.account) {
			a.warn(b.account.Name + " counts its codes (HOTP), and the backup has the counter of the day it was made")
		}
	}
}
