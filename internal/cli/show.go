package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"ykmfa/internal/otpauth"
	"ykmfa/internal/qr"
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
		Use:   "show NAME --qr[=FILE] | --uri | --secret",
		Short: "The secret again, from its backup, for a phone or another program",
		Long: `Show the secret of an account, from its backup: a key never gives it back, and is not asked. Whoever sees it has the
account.

--qr draws the QR code that authenticator apps scan, on the terminal, or in a new file that only you can read:
--qr=FILE.png or --qr=FILE.svg. A code that takes the whole terminal stays there until Enter. --uri prints the otpauth
URI, --secret the secret alone, in base32. Where standard output is no terminal, --force says that this is meant.`,
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
	if err := o.check(); err != nil {
		return err
	}
	b, err := o.app.oneBackup(ctx, name)
	if err != nil {
		return err
	}
	defer otpauth.Wipe(b.params.Secret)
	o.app.warnCounters([]*backup{b})
	return o.show(ctx, b)
}

// check finds out what cannot work before a backup is read, which may take a passphrase.
func (o *showOptions) check() error {
	n := 0
	for _, chosen := range []bool{o.qr != "", o.uri, o.secret} {
		if chosen {
			n++
		}
	}
	switch {
	case n != 1:
		return usage("ykmfa show NAME --qr", "say which: --qr, --uri or --secret")
	case o.qr == "" || o.qr == onTerminalQR:
		return o.app.mayShow(o.force)
	case !isPicture(o.qr):
		return usage("--qr=FILE.png or --qr=FILE.svg", "%q: the name of the file must say which kind of picture", o.qr)
	}
	return mayCreate(o.qr)
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
		return fail(exitFailed, "--uri prints it", "%s: %w", b.account.Name, err)
	}
	defer code.Wipe()
	if o.qr == onTerminalQR {
		return o.app.drawQR(ctx, code, "--qr=FILE.png")
	}
	if err := saveQR(code, o.qr); err != nil {
		return err
	}
	o.app.saved(o.qr)
	return nil
}
