package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ykmfa/internal/otpauth"
	"ykmfa/internal/sheet"
	"ykmfa/internal/term"
	"ykmfa/internal/vault"
)

func newVaultRecover(a *app) *cobra.Command {
	var from string
	c := &cobra.Command{
		Use: "recover", Short: "Take the recovery identity back, from the recovery sheet", Args: exactArgs(),
		Long: `Take the recovery identity of the vault back, from the recovery sheet, and put it under a new passphrase: when the
passphrase is forgotten, or the vault comes from a copy without its file identities. The lines of the sheet are asked
for one by one, and a typing error is found in its line; or --from qr:IMAGE reads the QR code (qr:clipboard, too),
--from FILE or --from - the text.

The identity is proven before anything changes: it opens an entry of the vault, or is one of its recipients. Entries
that it does not open, as they are damaged or encrypted to others only, are named, and stay. Old identities are kept in
the file identities.before. Where there is no vault at all, an empty one is made, to copy the entries into.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.vaultRecover(c.Context(), from) },
	}
	c.Flags().StringVar(&from, "from", "", "read it from `SOURCE`: qr:IMAGE (a picture), FILE or - (standard input)")
	return c
}

func (a *app) vaultRecover(ctx context.Context, from string) error {
	identity, err := a.sheetIdentity(ctx, from)
	if err != nil {
		return err
	}
	defer clear(identity)
	v := a.openVault()
	there := v.Exists()
	if err := a.proveIdentity(v, identity); err != nil {
		return err
	}
	passphrase, err := a.newPassphrase(ctx)
	if err != nil {
		return err
	}
	defer clear(passphrase)
	kept, err := v.Recover(identity, passphrase)
	if err != nil {
		return vaultFailed(err)
	}
	if kept != "" {
		a.say("the identities as they were are kept in %s", kept)
	}
	if !there {
		a.say("made an empty vault in %s: copy the files of the old one into its directory store", v.Dir)
		return nil
	}
	a.say("the vault in %s opens again, with the new passphrase", v.Dir)
	return nil
}

// proveIdentity names the entries that an identity does not open, and refuses one that is of another vault.
func (a *app) proveIdentity(v *vault.Vault, identity []byte) error {
	closed, err := v.Opens(identity)
	if errors.Is(err, vault.ErrNoMatch) {
		return fail(exitLocked, "is the sheet of another vault? the sheet names its directory: YKMFA_VAULT=DIR",
			"this identity opens nothing in %s and is no recipient there: nothing was changed", v.Dir)
	}
	if err != nil {
		return vaultFailed(err)
	}
	for _, err := range closed {
		a.warn(err.Error())
	}
	return nil
}

// sheetIdentity reads what is on the sheet.
func (a *app) sheetIdentity(ctx context.Context, from string) ([]byte, error) {
	if from == "" {
		return a.typedIdentity(ctx)
	}
	texts, err := a.sheetTexts(ctx, from)
	if err != nil {
		return nil, fail(exitFailed, "--from qr:IMAGE, --from FILE or --from -", "%w", err)
	}
	var identity []byte
	for _, text := range texts { // a page may have several QR codes
		one, bad := sheet.ParseTyped(text)
		otpauth.Wipe(text)
		if identity == nil {
			identity, err = one, bad
		} else {
			clear(one)
		}
	}
	if err != nil {
		return nil, fail(exitFailed, "compare it with the sheet; a picture is read with --from qr:IMAGE", "%w", err)
	}
	return identity, nil
}

// sheetTexts reads a small text, or what the QR codes in a picture hold.
func (a *app) sheetTexts(ctx context.Context, from string) ([][]byte, error) {
	r, done := a.resolver(ctx)
	defer done()
	if picture, is := strings.CutPrefix(from, "qr:"); is {
		codes, err := r.QRCodes(ctx, picture)
		if err != nil {
			err = fmt.Errorf("%s: %w", from, err)
		}
		return codes, err
	}
	text, err := r.Text(ctx, from)
	return [][]byte{text}, err
}

// typedIdentity asks for the lines of the sheet one by one, each until it is right.
func (a *app) typedIdentity(ctx context.Context) ([]byte, error) {
	t, err := term.Open()
	if err != nil {
		return nil, fail(exitFailed, "run it on a terminal, or --from qr:IMAGE", "the lines of the recovery sheet are asked for: %w", err)
	}
	defer t.Close()
	t.Printf("Type the lines of the recovery sheet, without the prefix above them. Blanks and capitals do not matter.\n")
	text := make([]byte, 0, 1<<10) // so that growing leaves no copy behind
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
