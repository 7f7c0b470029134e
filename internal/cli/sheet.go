package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"ykmfa/internal/otpauth"
	"ykmfa/internal/qr"
	"ykmfa/internal/sheet"
	"ykmfa/internal/vault"
)

type sheetOptions struct {
	app      *app
	output   string
	paper    string
	accounts bool
}

func newSheet(a *app) *cobra.Command {
	o := &sheetOptions{app: a}
	c := &cobra.Command{
		Use:   "sheet -o FILE.pdf | FILE.html",
		Short: "A printable recovery sheet",
		Long: `Make the recovery sheet of the vault, to print and put in a safe: its recovery identity, as a QR code and in a form to
type, and what to do with it. With it and the files of the vault, everything can be read again, by age alone, or by
ykmfa vault recover. --accounts adds the accounts themselves: then the sheet alone is enough, and as secret as all of
them.

It takes the passphrase. The file is new, and only you can read it: print it, then remove it.`,
		Example: "  ykmfa sheet -o recovery.pdf\n  ykmfa sheet -o recovery.html --accounts",
		Args:    exactArgs(),
		RunE:    func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	f := c.Flags()
	f.StringVarP(&o.output, "output", "o", "", "to this new `FILE`, a .pdf or .html")
	f.StringVar(&o.paper, "paper", "A4", "of the PDF: A4 or Letter")
	f.BoolVar(&o.accounts, "accounts", false, "with the secrets of all accounts")
	return c
}

func (o *sheetOptions) run(ctx context.Context) error {
	paper, known := map[string]sheet.Paper{"a4": sheet.A4, "letter": sheet.Letter}[strings.ToLower(o.paper)]
	switch {
	case !hasEnding(o.output, ".pdf") && !hasEnding(o.output, ".html"):
		return usage("ykmfa sheet -o recovery.pdf", "-o names the file: a .pdf or .html")
	case !known:
		return usage("--paper A4 or --paper Letter", "%q is no paper", o.paper)
	}
	if err := mayCreate(o.output); err != nil {
		return err
	}
	s := &sheet.Sheet{Vault: o.app.openVault().Dir, Made: o.app.Now(), Program: "ykmfa " + o.app.Version(), QR: matrix}
	defer wipeSheet(s)
	if err := o.fill(ctx, s); err != nil {
		return err
	}
	var data []byte
	var err error
	if hasEnding(o.output, ".pdf") {
		data, err = s.PDF(paper)
	} else {
		data, err = s.HTML()
	}
	defer otpauth.Wipe(data)
	if err != nil {
		return err
	}
	if err := saveNew(o.output, data); err != nil {
		return err
	}
	o.app.saved(o.output)
	return nil
}

func wipeSheet(s *sheet.Sheet) {
	clear(s.Identity)
	for _, acc := range s.Accounts {
		otpauth.Wipe(acc.Params.Secret)
	}
}

// fill gets what is printed.
func (o *sheetOptions) fill(ctx context.Context, s *sheet.Sheet) (err error) {
	a, v := o.app, o.app.openVault()
	if s.Identity, err = o.identity(ctx, v); err != nil {
		return vaultFailed(err)
	}
	if s.Recipients, err = v.OthersThan(s.Identity); err != nil || !o.accounts {
		return vaultFailed(err)
	}
	accounts, err := a.chosen(nil)
	if err != nil {
		return err
	}
	backups, err := a.readBackups(ctx, accounts)
	if err != nil {
		return err
	}
	var bad troubles
	for _, b := range backups {
		if b.err != nil {
			bad = append(bad, trouble{b.account.Name, b.err})
			continue
		}
		s.Accounts = append(s.Accounts, sheet.Account{Name: b.account.Name, Params: b.named(), Backup: b.account.Backup})
	}
	a.warnCounters(backups)
	return bad.verdict(len(backups), "cannot be printed")
}

// identity reads the recovery identity of the vault.
func (o *sheetOptions) identity(ctx context.Context, v *vault.Vault) (identity []byte, err error) {
	if _, err := v.Recipients(); err != nil { // there is no vault
		return nil, err
	}
	encrypted, there := v.Encrypted()
	if !there {
		return nil, fail(exitLocked, "ykmfa vault recover brings it back, from an older sheet", "the vault has no file identities")
	}
	for wrong := 0; ; wrong++ {
		var passphrase []byte
		if encrypted {
			if passphrase, err = o.app.passphrase(ctx, wrong); err != nil {
				return nil, err
			}
		}
		identity, err = v.RecoveryIdentity(passphrase)
		clear(passphrase)
		switch {
		case errors.Is(err, vault.ErrPassphrase):
			continue
		case errors.Is(err, vault.ErrNoMatch):
			err = fail(exitFailed, "ykmfa vault recipients lists the recipients; a sheet can show an identity of age's own kind alone", "%w", err)
		}
		return identity, err
	}
}

func matrix(text []byte) (sheet.Matrix, error) {
	code, err := qr.Encode(text)
	if err != nil {
		return sheet.Matrix{}, err
	}
	return sheet.Matrix{Width: code.Width, Black: code.Black, Wipe: code.Wipe}, nil
}
