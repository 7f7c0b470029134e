package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"ykmfa/internal/otpauth"
	"ykmfa/internal/sheet"
	"ykmfa/internal/term"
)

func newVaultRecover(a *app) *cobra.Command {
	var from string
	c := &cobra.Command{
		Use: "recover", Short: "Take the recovery identity back, from the recovery sheet", Args: exactArgs(),
		Long: `Take the recovery identity of the vault back, from the recovery sheet, and put it under a new passphrase: when the
passphrase is forgotten, or the vault comes from a copy without its file identities. The lines of the sheet are asked for
one by one, and a typing error is found in its line; or --from qr:IMAGE reads the QR code (qr:clipboard, too), --from FILE
or --from - the text. The identity is proven to open the vault before anything changes. Without any files of the vault, an empty
one is made for it.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.vaultRecover(c.Context(), from) },
	}
	c.Flags().StringVar(&from, "from", "", "read it from a picture, a file or standard input: qr:`IMAGE`, FILE or -")
	return c
}

func (a *app) vaultRecover(ctx context.Context, from string) error {
	identity, err := a.sheetIdentity(ctx, from)
	if err != nil {
		return err
	}
	defer clear(identity)
	v := a.openVault()
	if err := v.Opens(identity); err != nil {
		return vaultFailed(fmt.Errorf("this identity does not open the vault in %s: %w", v.Dir, err))
	}
	passphrase, err := a.newPassphrase(ctx)
	if err != nil {
		return err
	}
	defer clear(passphrase)
	if err := v.Recover(identity, passphrase); err != nil {
		return vaultFailed(err)
	}
	a.say("the vault in %s opens again, with the new passphrase", v.Dir)
	return nil
}

// sheetIdentity reads what is on the sheet.
func (a *app) sheetIdentity(ctx context.Context, from string) ([]byte, error) {
	if from == "" {
		return a.typedIdentity(ctx)
	}
	text, err := a.readText(ctx, from)
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(text)
	identity, err := sheet.ParseTyped(text)
	if err != nil {
		return nil, fail(exitFailed, "compare that line with the sheet", "%w", err)
	}
	return identity, nil
}

// readText reads a small text, or what the QR code in a picture holds.
func (a *app) readText(ctx context.Context, from string) ([]byte, error) {
	r, done := a.resolver(ctx)
	defer done()
	text, err := r.Text(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	return text, nil
}

// typedIdentity asks for the lines of the sheet one by one, each until it is right.
func (a *app) typedIdentity(ctx context.Context) ([]byte, error) {
	t, err := term.Open()
	if err != nil {
		return nil, fail(exitFailed, "run it on a terminal, or --from qr:IMAGE", "the recovery sheet is asked for line by line: %w", err)
	}
	defer t.Close()
	t.Printf("Type the lines of the recovery sheet, without the prefix above them. Blanks and capitals do not matter.\n")
	var text []byte
	defer func() { clear(text) }()
	for n := 1; n <= sheet.Lines; {
		line, err := t.ReadLine(ctx, fmt.Sprintf("Line %d:", n))
		if err != nil {
			return nil, err
		}
		if whole, err := sheet.ParseTyped(line); n == 1 && err == nil { // pasted in one go
			clear(line)
			return whole, nil
		}
		if err := sheet.CheckLine(n, line); err != nil {
			t.Printf("%v\n", err)
			clear(line)
			continue
		}
		text = append(append(text, line...), '\n')
		clear(line)
		n++
	}
	identity, err := sheet.ParseTyped(text)
	if err != nil {
		return nil, fail(exitFailed, "compare the lines with the sheet", "%w", err)
	}
	return identity, nil
}
