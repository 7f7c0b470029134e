package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

type addOptions struct {
	app  *app
	name string

	secretFrom, backupTo string
	noBackup             bool

	issuer, account, algorithm string
	digits, period             int
	counter                    uint64
	hotp, touch                bool
	allKeys, force, dryRun     bool

	changed func(flag string) bool // whether a flag was given
}

func newAdd(a *app) *cobra.Command {
	o := &addOptions{app: a}
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Put an account on the key, from its backup",
		Long: `Put an account on the key, from where its secret is backed up, and prove that both hold the same secret.
Only what is proven is recorded. Run again, it changes nothing.

A secret reference is one of
  lpass:ENTRY, pass:PATH      a password manager; ENTRY#FIELD names a field, "lpass" alone is lpass:NAME
  file:PATH                   a file with the secret or an otpauth URI
  cmd:PROGRAM ARG...          a program that prints it
  -, prompt, env:VAR          stdin, a question, the environment: no backup, so say --backup-to REF or --no-backup`,
		Example: "  ykmfa add aws --secret-from lpass\n  ykmfa add github --secret-from prompt --backup-to pass:mfa/github --touch",
		Args:    exactArgs("NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			o.name, o.changed = args[0], c.Flags().Changed
			return o.run(c.Context())
		},
	}
	f := c.Flags()
	f.StringVar(&o.secretFrom, "secret-from", "", "where the secret is: a secret reference `REF`")
	f.StringVar(&o.backupTo, "backup-to", "", "write the secret to `REF` first, and read it back")
	f.BoolVar(&o.noBackup, "no-backup", false, "the secret is kept nowhere but on the key")
	f.StringVar(&o.issuer, "issuer", "", "issuer part of the credential id")
	f.StringVar(&o.account, "account", "", "account part of the credential id (NAME unless the source says)")
	f.BoolVar(&o.touch, "touch", false, "each code needs a touch")
	f.IntVar(&o.digits, "digits", 6, "length of the code: 6, 7 or 8")
	f.IntVar(&o.period, "period", 30, "how long a code lives, in `SECONDS`")
	f.StringVar(&o.algorithm, "algorithm", "SHA1", "SHA1, SHA256 or SHA512")
	f.BoolVar(&o.hotp, "hotp", false, "codes by counter (HOTP) instead of by time")
	f.Uint64Var(&o.counter, "counter", 0, "HOTP: the counter of the next code")
	f.BoolVar(&o.allKeys, "all-keys", false, "on every key that is plugged in")
	f.BoolVar(&o.force, "force", false, "overwrite what is on the key under this id")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be done, and do nothing")
	return c
}

func (o *addOptions) run(ctx context.Context) error {
	p, err := o.plan(ctx)
	if err != nil {
		return err
	}
	defer otpauth.Wipe(p.params.Secret)
	if p.writeTo != nil && !o.dryRun {
		if err := o.backUp(ctx, p); err != nil {
			return err
		}
	}
	if o.allKeys {
		return o.app.onEachKey(ctx, func(k *key) error { return o.onOne(ctx, k, p) })
	}
	return o.app.onKey(ctx, p.account.ID, true, func(k *key) error { return o.onOne(ctx, k, p) })
}

// backUp writes the secret to where --backup-to says, and reads it back, before any key sees it.
func (o *addOptions) backUp(ctx context.Context, p *plan) error {
	named := p.params
	name := oath.ParseName(p.account.ID, p.params.Type)
	named.Issuer, named.Account = name.Issuer, name.Account
	uri := named.URI()
	defer otpauth.Wipe(uri)
	r, done := o.app.resolver(ctx, p.typed...)
	defer done()
	if err := r.Put(ctx, *p.writeTo, uri); err != nil {
		return fmt.Errorf("%s: %w", o.name, err)
	}
	back, err := r.Get(ctx, *p.writeTo)
	if err != nil {
		return fmt.Errorf("%s: written, but not readable: %w", o.name, err)
	}
	defer otpauth.Wipe(back.Secret)
	if !bytes.Equal(back.Secret, p.params.Secret) {
		return fail(exitDiffer, "look at the entry, and repeat with another --backup-to", "%s: %s holds another secret than was written",
			o.name, p.writeTo)
	}
	return nil
}

// onOne puts the account on one key, or finds that it is there, proves it and records it.
func (o *addOptions) onOne(ctx context.Context, k *key, p *plan) error {
	written, err := o.put(ctx, k, p)
	if err != nil {
		return err
	}
	if o.dryRun {
		return o.result(k, p, written, "would be put on", "is on")
	}
	if err := o.record(k, p); err != nil {
		return fmt.Errorf("%s is on %v and proven, but could not be recorded: %w", o.name, k, err)
	}
	return o.result(k, p, written, "on", "already on")
}

// put returns whether it wrote.
func (o *addOptions) put(ctx context.Context, k *key, p *plan) (bool, error) {
	list, err := k.List()
	if err != nil {
		return false, err
	}
	there, found := find(list, p.account.ID)
	if found {
		same, err := o.alreadyThere(ctx, k, p, there)
		if same || err != nil {
			return false, err
		}
	} else if n := k.Capacity(); n > 0 && len(list) >= n {
		return false, fmt.Errorf("%w: it holds %d of %d accounts", oath.ErrFull, len(list), n)
	}
	if o.dryRun {
		return true, nil
	}
	return true, o.app.write(ctx, k, p.credential(), p.params, found)
}

// alreadyThere proves that the credential on the key has the secret of the backup. A different one is only passed
// over with --force.
func (o *addOptions) alreadyThere(ctx context.Context, k *key, p *plan, there oath.Credential) (same bool, err error) {
	err = o.app.proveThere(ctx, k, p.credential(), p.params, there)
	if err == nil {
		err = o.touchThere(k, p)
	}
	if err == nil {
		return true, nil
	}
	if o.force && (errors.Is(err, errDiffer) || errors.Is(err, errUnprovable)) {
		return false, nil
	}
	return false, err
}

// touchThere compares the touch flag, which only the key knows, and records what it says of an account that is new here.
func (o *addOptions) touchThere(k *key, p *plan) error {
	if p.account.Type != oath.TOTP || !p.adopted && !o.changed("touch") {
		return nil
	}
	answers, err := k.CalculateAll(make([]byte, 8), false)
	if err != nil {
		return err
	}
	for _, answer := range answers {
		if !bytes.Equal(answer.ID, p.account.ID) {
			continue
		}
		if o.changed("touch") && answer.Touch != o.touch {
			return fail(exitDiffer, "--force writes it again, with --touch="+strconv.FormatBool(o.touch),
				"%s is on %v with the same secret, but touch is %v there: %w", o.name, k, answer.Touch, errDiffer)
		}
		p.account.Touch = answer.Touch
	}
	return nil
}

// record writes the account file and what was seen on the key.
func (o *addOptions) record(k *key, p *plan) error {
	err := account.Update(o.app.paths.Accounts, func(f *account.File) error { return f.Put(p.account) })
	if err != nil {
		return err
	}
	o.app.updateKey(k, func(known *account.Key) { verified(known, p.account, p.account.Touch, o.app.Now()) })
	return nil
}

func (o *addOptions) result(k *key, p *plan, written bool, done, before string) error {
	how := done
	if !written {
		how = before
	}
	proof := "proven equal to " + p.from.String()
	if p.writeTo != nil {
		proof = "proven equal to " + p.writeTo.String()
	}
	if o.dryRun && written {
		proof = "from " + p.from.String()
	}
	if p.account.Backup == "" {
		proof += "; it has no backup"
	}
	if o.app.json {
		return o.app.printJSON(struct {
			Name   string `json:"name"`
			ID     string `json:"id"`
			Serial uint32 `json:"serial,omitempty"`
			Device string `json:"device"`
			Backup string `json:"backup,omitempty"`
			Wrote  bool   `json:"wrote"`
			DryRun bool   `json:"dry_run,omitempty"`
		}{o.name, string(p.account.ID), k.serial(), k.DeviceID(), p.account.Backup, written, o.dryRun})
	}
	o.app.say("%s: %s %v, %s", o.name, how, k, proof)
	return nil
}
