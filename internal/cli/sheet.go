package cli

import (
	"context"
	"fmt"
	"path/filepath"
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
ykmfa vault recover. --accounts adds the accounts themselves: then the sheet alone is enough, and as secret as all of them.

It takes the passphrase. The file is new, and only this user can read it: print it, then remove it.`,
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
	ending := strings.ToLower(filepath.Ext(o.output))
	paper, known := map[string]sheet.Paper{"a4": sheet.A4, "letter": sheet.Letter}[strings.ToLower(o.paper)]
	switch {
	case ending != ".pdf" && ending != ".html":
		return usage("ykmfa sheet -o recovery.pdf", "-o names the file: a .pdf or .html")
	case !known:
		return usage("--paper A4 or --paper Letter", "%q is no paper", o.paper)
	}
	s, err := o.content(ctx)
	if err != nil {
		return err
	}
	defer o.wipe(s)
	var data []byte
	if ending == ".pdf" {
		data, err = s.PDF(paper)
	} else {
		data, err = s.HTML()
	}
	defer otpauth.Wipe(data)
	if err != nil {
		return err
	}
	return o.app.saveNew(o.output, data)
}

func (o *sheetOptions) wipe(s *sheet.Sheet) {
	clear(s.Identity)
	for _, acc := range s.Accounts {
		otpauth.Wipe(acc.Params.Secret)
	}
}

// content is what is printed.
func (o *sheetOptions) content(ctx context.Context) (*sheet.Sheet, error) {
	a, v := o.app, o.app.openVault()
	list, err := v.Recipients()
	if err != nil {
		return nil, vaultFailed(err)
	}
	s := &sheet.Sheet{Vault: v.Dir, Made: a.Now(), Program: "ykmfa " + a.Version(), QR: matrix}
	for _, r := range list {
		if r.Key != nil {
			s.Recipients = append(s.Recipients, r.Note)
		}
	}
	if s.Identity, err = o.identity(ctx, v); err != nil {
		return nil, vaultFailed(err)
	}
	if !o.accounts {
		return s, nil
	}
	accounts, err := a.chosen(nil)
	if err != nil {
		return nil, err
	}
	backups, err := a.readBackups(ctx, accounts)
	if err != nil {
		return nil, err
	}
	for _, b := range backups {
		if b.err != nil {
			wipeBackups(backups)
			return nil, fmt.Errorf("%s: %w", b.account.Name, b.err)
		}
		s.Accounts = append(s.Accounts, sheet.Account{Name: b.account.Name, Params: b.named(), Backup: b.account.Backup})
	}
	return s, nil
}

// identity reads the recovery identity of the vault.
func (o *sheetOptions) identity(ctx context.Context, v *vault.Vault) ([]byte, error) {
	encrypted, there := v.Encrypted()
	if !there {
		return nil, fail(exitLocked, "ykmfa vault recover brings it back", "the vault's recovery identity is not here")
	}
	var passphrase []byte
	if encrypted {
		var err error
		if passphrase, err = o.app.oldPassphrase(ctx, v); err != nil {
			return nil, err
		}
		defer clear(passphrase)
	}
	return v.RecoveryIdentity(passphrase)
}

func matrix(text []byte) (sheet.Matrix, error) {
	code, err := qr.Encode(text)
	if err != nil {
		return sheet.Matrix{}, err
	}
	return sheet.Matrix{Width: code.Width, Black: code.Black, Wipe: code.Wipe}, nil
}
