package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ykmfa/internal/otpauth"
	"ykmfa/internal/qr"
	"ykmfa/internal/term"
	"ykmfa/internal/transfer"
	"ykmfa/internal/vault"
)

type exportOptions struct {
	app     *app
	to      string
	output  string
	encrypt []string
	force   bool
	skipBad bool
}

func newExport(a *app) *cobra.Command {
	o := &exportOptions{app: a}
	c := &cobra.Command{
		Use:   "export --to FORMAT [NAME...]",
		Short: "All accounts, or some, from their backups, for another program",
		Long: `Write the secrets of all accounts, or of those named, for another program, from their backups. FORMAT is one of
  migration   QR codes that Google Authenticator imports, up to ten accounts in each: on the terminal, or as pictures
              with -o FILE.png (FILE-1.png ...), or as text with -o FILE
  uris        otpauth URIs, one on a line
  aegis, 2fas, bitwarden   a file that these programs import

The file is new, and only you can read it. --encrypt RECIPIENT encrypts it with age (age1...; repeatable), and "age -d"
opens it. What a format cannot hold is named and left out, and the exit status is 1; the rest is written. A backup that
cannot be read stops it, unless --skip-bad. Without -o it goes to standard output.`,
		Example: "  ykmfa export --to migration\n  ykmfa export --to aegis -o accounts.json\n  ykmfa export --to uris --encrypt age1... -o backup.age",
		RunE:    func(c *cobra.Command, names []string) error { return o.run(c.Context(), names) },
	}
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "which `FORMAT`: "+strings.Join(transfer.Writable(), ", "))
	f.StringVarP(&o.output, "output", "o", "", "to this new `FILE`")
	f.StringArrayVar(&o.encrypt, "encrypt", nil, "encrypt with age to this `RECIPIENT`; repeatable")
	f.BoolVar(&o.force, "force", false, "to standard output, where that is no terminal")
	f.BoolVar(&o.skipBad, "skip-bad", false, "pass over accounts whose backup cannot be read")
	return c
}

func (o *exportOptions) run(ctx context.Context, names []string) error {
	if err := o.check(); err != nil {
		return err
	}
	accounts, err := o.app.chosen(names)
	if err != nil {
		return err
	}
	backups, err := o.app.readBackups(ctx, accounts)
	if err != nil {
		return err
	}
	defer wipeBackups(backups)
	good, err := o.good(backups)
	if err != nil {
		return err
	}
	left, err := o.write(ctx, good)
	if err != nil {
		return err
	}
	o.app.warnCounters(good)
	return o.verdict(good, left)
}

// check finds out what cannot work before a backup is read, which may take a passphrase.
func (o *exportOptions) check() error {
	if o.output == "-" {
		o.output = ""
	}
	encrypted := len(o.encrypt) > 0
	switch {
	case o.to != "" && !slices.Contains(transfer.Writable(), o.to):
		return usage("--to "+strings.Join(transfer.Writable(), ", "), "no format %q can be written", o.to)
	case o.to == "":
		return usage("--to "+strings.Join(transfer.Writable(), ", "), "--to says which format")
	case isPicture(o.output) && o.to != "migration":
		return usage("--to migration draws them", "%s has no QR codes", o.to)
	case isPicture(o.output) && encrypted:
		return usage("leave out --encrypt, or the ending", "pictures are not encrypted")
	case o.output == "" && encrypted && term.IsTerminal(o.app.Stdout):
		return usage("-o FILE", "an encrypted file is nothing for a terminal")
	case o.output == "" && !encrypted:
		return o.app.mayShow(o.force)
	}
	if err := o.checkRecipients(); err != nil || o.output == "" || isPicture(o.output) {
		return err // pictures may be several, of other names
	}
	return mayCreate(o.output)
}

// checkRecipients does not repeat what is no recipient: it may be an identity.
func (o *exportOptions) checkRecipients() error {
	for i, text := range o.encrypt {
		_, err := vault.ParseRecipient(text)
		switch {
		case strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-"):
			return usage("age-keygen -y prints its recipient", "--encrypt got an identity, which is secret, in place of a recipient")
		case err != nil:
			return usage("a recipient begins with age1; ykmfa vault recipients prints those of the vault", "number %d of --encrypt: %w", i+1, err)
		}
	}
	if _, err := vault.Encrypt(nil, o.encrypt); len(o.encrypt) > 0 && err != nil {
		return usage("encrypt to one kind at a time", "--encrypt: %w", err)
	}
	return nil
}

// draws reports whether QR codes are wanted rather than what is in them.
func (o *exportOptions) draws() bool {
	return isPicture(o.output) || o.to == "migration" && o.output == "" && len(o.encrypt) == 0 && term.IsTerminal(o.app.Stdout)
}

// good are the backups that can be read; the others stop it, unless they are to be passed over.
func (o *exportOptions) good(backups []*backup) (good []*backup, err error) {
	var bad troubles
	for _, b := range backups {
		if b.err == nil {
			good = append(good, b)
		} else {
			bad = append(bad, trouble{b.account.Name, b.err})
		}
	}
	if err = bad.verdict(len(backups), "cannot be exported"); err == nil {
		return good, nil
	}
	if o.skipBad && len(good) > 0 {
		o.app.complain(err)
		return good, nil
	}
	code, hint := advise(err)
	if len(good) > 0 {
		hint = strings.TrimPrefix(hint+"; or --skip-bad passes over them", "; or ")
	}
	return nil, fail(code, hint, "%w", err)
}

// write writes the accounts, and returns what the format cannot hold.
func (o *exportOptions) write(ctx context.Context, good []*backup) (*transfer.LeftOut, error) {
	entries := make([]transfer.Entry, len(good))
	for i, b := range good {
		entries[i] = transfer.Entry{Title: b.account.Name, Params: b.named()}
	}
	if o.draws() {
		return o.writeCodes(ctx, entries)
	}
	data, err := transfer.Write(o.to, entries)
	defer otpauth.Wipe(data)
	var left *transfer.LeftOut
	if err != nil && !errors.As(err, &left) {
		return nil, err
	}
	if left != nil && len(left.Entries) == len(good) {
		return left, nil
	}
	out := data
	if len(o.encrypt) > 0 {
		if out, err = vault.Encrypt(data, o.encrypt); err != nil {
			return nil, err
		}
	}
	if o.output == "" {
		_, err = o.app.Stdout.Write(out)
		return left, err
	}
	if err = saveNew(o.output, out); err == nil {
		o.app.saved(o.output)
	}
	return left, err
}

// writeCodes draws the codes of a migration: one after the other on the terminal, or into files.
func (o *exportOptions) writeCodes(ctx context.Context, entries []transfer.Entry) (*transfer.LeftOut, error) {
	uris, err := transfer.Migration(entries)
	defer func() {
		for _, uri := range uris {
			otpauth.Wipe(uri)
		}
	}()
	var left *transfer.LeftOut
	if err != nil && !errors.As(err, &left) {
		return nil, err
	}
	if o.output != "" {
		return left, o.savePictures(uris)
	}
	for n, uri := range uris {
		if err := o.showCode(ctx, uri, n+1, len(uris)); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// savePictures makes a file of each code. When one cannot be written, those before it go: a part alone is of no use.
func (o *exportOptions) savePictures(uris [][]byte) error {
	var made []string
	for n, uri := range uris {
		file := o.output
		if ending := filepath.Ext(file); len(uris) > 1 {
			file = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(file, ending), n+1, ending)
		}
		if err := savePicture(uri, file); err != nil {
			for _, file := range made {
				_ = os.Remove(file)
			}
			return err
		}
		made = append(made, file)
	}
	for _, file := range made {
		o.app.saved(file)
	}
	return nil
}

func savePicture(uri []byte, file string) error {
	code, err := qr.Encode(uri)
	if err != nil {
		return err
	}
	defer code.Wipe()
	return saveQR(code, file)
}

func (o *exportOptions) showCode(ctx context.Context, uri []byte, n, total int) error {
	code, err := qr.Encode(uri)
	if err != nil {
		return err
	}
	defer code.Wipe()
	if err := o.app.drawQR(ctx, code, "-o FILE.png"); err != nil || n == total {
		return err
	}
	t, err := term.Open()
	if err != nil {
		return err
	}
	defer t.Close()
	_, err = t.Ask(ctx, fmt.Sprintf("Part %d of %d. Scan it, then press Enter for the next:", n, total))
	return err
}

// verdict names what was left out.
func (o *exportOptions) verdict(good []*backup, left *transfer.LeftOut) error {
	if left == nil {
		o.app.tell("%s exported", plural(len(good), "account"))
		return nil
	}
	var texts []string
	for _, e := range left.Entries {
		texts = append(texts, fmt.Sprintf("%s: %v", good[e.Index].account.Name, e.Err))
	}
	hint := "--to uris holds them"
	if o.to == "uris" {
		hint = "ykmfa show NAME --secret prints the secret alone"
	}
	return fail(exitFailed, hint, "%d of %s left out: %s", len(texts), plural(len(good), "account"), strings.Join(texts, "; "))
}
