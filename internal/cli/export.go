package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
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

The file is new, and only this user can read it. --encrypt RECIPIENT encrypts it with age (age1...; repeatable); "age -d"
opens it. What a format cannot hold is named and left out.`,
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
	return o.verdict(good, left)
}

func (o *exportOptions) check() error {
	known := false
	for _, name := range transfer.Writable() {
		known = known || name == o.to
	}
	switch {
	case !known:
		return usage("--to "+strings.Join(transfer.Writable(), ", "), "--to says which format")
	case o.pictures() && o.to != "migration":
		return usage("--to migration draws them", "%s has no QR codes", o.to)
	case o.pictures() && len(o.encrypt) > 0:
		return usage("leave out --encrypt, or the ending", "pictures are not encrypted")
	case o.output == "" && len(o.encrypt) > 0 && term.IsTerminal(o.app.Stdout):
		return usage("-o FILE", "an encrypted file is nothing for a terminal")
	case o.output == "" && len(o.encrypt) == 0:
		return o.app.mayShow(o.force)
	}
	return nil
}

// pictures reports whether the file is to be one.
func (o *exportOptions) pictures() bool {
	ending := filepath.Ext(o.output)
	return ending == ".png" || ending == ".svg"
}

// draws reports whether QR codes are wanted rather than what is in them.
func (o *exportOptions) draws() bool {
	return o.to == "migration" && len(o.encrypt) == 0 && (o.pictures() || o.output == "" && term.IsTerminal(o.app.Stdout))
}

// good are the backups that can be read; the others stop it, unless they are to be passed over.
func (o *exportOptions) good(backups []*backup) (good []*backup, err error) {
	for _, b := range backups {
		if b.err == nil {
			good = append(good, b)
			continue
		}
		err := fmt.Errorf("%s: %w", b.account.Name, b.err)
		if !o.skipBad {
			code, hint := advise(err)
			return nil, fail(code, strings.TrimPrefix(hint+"; or --skip-bad passes over it", "; or "), "%w", err)
		}
		o.app.complain(err)
	}
	return good, nil
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
			return nil, usage("--encrypt takes age1...", "%w", err)
		}
	}
	if o.output != "" {
		return left, o.app.saveNew(o.output, out)
	}
	_, err = o.app.Stdout.Write(out)
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
	for n, uri := range uris {
		if err := o.writeCode(ctx, uri, n+1, len(uris)); err != nil {
			return nil, err
		}
	}
	return left, nil
}

func (o *exportOptions) writeCode(ctx context.Context, uri []byte, n, total int) error {
	code, err := qr.Encode(uri)
	if err != nil {
		return err
	}
	defer code.Wipe()
	if o.output != "" {
		file := o.output
		if total > 1 {
			ending := filepath.Ext(file)
			file = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(file, ending), n, ending)
		}
		return o.app.saveQR(code, file)
	}
	if err := o.app.drawQR(ctx, code); err != nil || n == total {
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
	var texts bytes.Buffer
	for i, e := range left.Entries {
		if i > 0 {
			texts.WriteString("; ")
		}
		fmt.Fprintf(&texts, "%s: %v", good[e.Index].account.Name, e.Err)
	}
	return fail(exitFailed, "another format may hold it: --to uris holds all", "%d of %s left out: %s", len(left.Entries), plural(len(good), "account"), texts.String())
}
