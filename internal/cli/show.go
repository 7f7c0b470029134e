package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"ykmfa/internal/disk"
	"ykmfa/internal/otpauth"
	"ykmfa/internal/qr"
	"ykmfa/internal/term"
	"ykmfa/oath"
)

// onTerminalQR is what --qr without a file means.
const onTerminalQR = "terminal"

type showOptions struct {
	app         *app
	qr          string
	uri, secret bool
	force       bool
}

func newShow(a *app) *cobra.Command {
	o := &showOptions{app: a}
	c := &cobra.Command{
		Use:   "show NAME --qr | --uri | --secret",
		Short: "The secret again, from its backup, for a phone or another program",
		Long: `Show the secret of an account, from its backup: a key never gives it back. Whoever sees it has the account.

--qr draws the QR code that authenticator apps scan, on the terminal, or in a new file: --qr=FILE.png or FILE.svg. --uri
prints the otpauth URI, --secret the secret alone, in base32. Where standard output is no terminal, --force says that this
is meant.`,
		Example: "  ykmfa show aws --qr\n  ykmfa show aws --qr=aws.png\n  ykmfa show aws --uri --force | other-program",
		Args:    exactArgs("NAME"),
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), args[0]) },
	}
	f := c.Flags()
	f.StringVar(&o.qr, "qr", "", "a QR code, on the terminal or in a new `FILE`")
	f.Lookup("qr").NoOptDefVal = onTerminalQR
	f.BoolVar(&o.uri, "uri", false, "the otpauth URI")
	f.BoolVar(&o.secret, "secret", false, "the secret alone, in base32")
	f.BoolVar(&o.force, "force", false, "also where standard output is no terminal")
	return c
}

func (o *showOptions) run(ctx context.Context, name string) error {
	n := 0
	for _, chosen := range []bool{o.qr != "", o.uri, o.secret} {
		if chosen {
			n++
		}
	}
	if n != 1 {
		return usage("ykmfa show NAME --qr", "say which: --qr, --uri or --secret")
	}
	if o.qr == "" || o.qr == onTerminalQR {
		if err := o.app.mayShow(o.force); err != nil {
			return err
		}
	} else if !strings.HasSuffix(o.qr, ".png") && !strings.HasSuffix(o.qr, ".svg") {
		return usage("--qr=FILE.png or --qr=FILE.svg", "%q: the name of the file must say which kind of picture", o.qr)
	}
	b, err := o.app.oneBackup(ctx, name)
	if err != nil {
		return err
	}
	defer otpauth.Wipe(b.params.Secret)
	return o.show(ctx, b)
}

// oneBackup reads the backup of the account that a name means.
func (a *app) oneBackup(ctx context.Context, name string) (*backup, error) {
	accounts, err := a.chosen([]string{name})
	if err != nil {
		return nil, err
	}
	backups, err := a.readBackups(ctx, accounts)
	if err != nil {
		return nil, err
	}
	if err := backups[0].err; err != nil {
		return nil, fmt.Errorf("%s: %w", backups[0].account.Name, err)
	}
	return backups[0], nil
}

// named are the terms of an account under the names that its credential has.
func (b *backup) named() otpauth.Params {
	p := b.params
	shown := oath.ParseName(b.account.ID, p.Type)
	p.Issuer, p.Account = shown.Issuer, shown.Account
	return p
}

func (o *showOptions) show(ctx context.Context, b *backup) error {
	uri := b.named().URI()
	defer otpauth.Wipe(uri)
	switch {
	case o.uri:
		return o.app.printSecret(uri)
	case o.secret:
		text := otpauth.EncodeSecret(b.params.Secret)
		defer otpauth.Wipe(text)
		return o.app.printSecret(text)
	}
	code, err := qr.Encode(uri)
	if err != nil {
		return fmt.Errorf("%s: %w", b.account.Name, err)
	}
	defer code.Wipe()
	if o.qr == onTerminalQR {
		return o.app.drawQR(ctx, code)
	}
	return o.app.saveQR(code, o.qr)
}

func (a *app) printSecret(text []byte) error {
	if _, err := a.Stdout.Write(text); err != nil {
		return err
	}
	_, err := a.Stdout.Write([]byte("\n"))
	return err
}

// drawQR draws a code on the terminal, if it fits there. One that takes all of its lines stays until somebody has scanned it:
// the shell's prompt would push it up.
func (a *app) drawQR(ctx context.Context, code *qr.Code) error {
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
		return fail(exitFailed, "make the window larger or its letters smaller; or --qr=FILE.png",
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

// saveQR writes a code to a new file that only this user can read.
func (a *app) saveQR(code *qr.Code, file string) error {
	data := []byte(nil)
	var err error
	if strings.HasSuffix(file, ".svg") {
		data = code.SVG()
	} else if data, err = code.PNG(8); err != nil {
		return err
	}
	defer otpauth.Wipe(data)
	return a.saveNew(file, data)
}

// saveNew writes a new file of mode 0600: one that is there stays.
func (a *app) saveNew(file string, data []byte) error {
	err := disk.Create(file, data)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fail(exitFailed, "choose another name, or remove it", "%s is there already, and stays as it is", file)
	case errors.Is(err, fs.ErrNotExist):
		return fail(exitFailed, "make the directory first", "%s: no such directory", file)
	case err != nil:
		return fmt.Errorf("%s: %w", file, errors.Unwrap(err))
	}
	a.say("%s is written: whoever has it has what is in it", file)
	return nil
}
