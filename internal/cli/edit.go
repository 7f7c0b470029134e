package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
	"ykmfa/internal/otpauth"
	"ykmfa/internal/source"
)

type editOptions struct {
	app  *app
	name string

	rename, issuer, account string
	touch, noTouch          bool
	period, digits          int
	backupTo                string
	allKeys                 bool

	changed func(flag string) bool // whether a flag was given
	command string                 // the command line, to be repeated for another key
}

// editFlags say what changes.
var editFlags = []string{"rename", "issuer", "account", "touch", "no-touch", "period", "digits", "backup-to"}

func newEdit(a *app) *cobra.Command {
	o := &editOptions{app: a}
	c := &cobra.Command{
		Use:   "edit NAME",
		Short: "Change touch, issuer, name, period... by rewriting from the backup",
		Long: `Change an account. What can only be changed by writing anew is written from the backup, after that was proven to
hold the same secret as the key, and proven again; only then is the old credential removed. A key that can rename does
so where only the name changes. On the key the account part follows the short name when it was the same.

--backup-to copies the backup to another place, which becomes the one on record; the old one is left as it is.

One key is changed at a time, or with --all-keys each that is plugged in. On another one, run the same command again with
its --key. Also run it again after an interruption: what is done is kept.`,
		Example: `  ykmfa edit aws --touch
  ykmfa edit aws --issuer Amazon --account alice@123456789012
  ykmfa edit aws --rename aws-old
  ykmfa edit aws --backup-to pass:mfa/aws`,
		Args: exactArgs("NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			o.name, o.changed, o.command = args[0], c.Flags().Changed, commandLine(c, args[0])
			return o.run(c.Context())
		},
	}
	f := c.Flags()
	f.StringVar(&o.rename, "rename", "", "new short name `NEW`")
	f.StringVar(&o.issuer, "issuer", "", "issuer part of the credential id")
	f.StringVar(&o.account, "account", "", "account part of the credential id")
	f.BoolVar(&o.touch, "touch", false, "each code needs a touch")
	f.BoolVar(&o.noTouch, "no-touch", false, "no code needs a touch")
	f.IntVar(&o.period, "period", 0, "how long a code lives, in `SECONDS`")
	f.IntVar(&o.digits, "digits", 0, "length of the code: 6, 7 or 8")
	f.StringVar(&o.backupTo, "backup-to", "", "copy the backup to `REF`, read it back, and go by that from now on")
	f.BoolVar(&o.allKeys, "all-keys", false, "on every key that is plugged in")
	return c
}

func (o *editOptions) run(ctx context.Context) error {
	if err := o.check(); err != nil {
		return err
	}
	if err := o.touchPolicy(); err != nil {
		return err
	}
	e, err := o.plan(ctx)
	if err != nil {
		return err
	}
	defer func() { otpauth.Wipe(e.params.Secret) }()
	if o.backupTo != "" {
		if err := o.copyBackup(ctx, e); err != nil {
			return err
		}
	}
	if o.leavesKeys(e) {
		if err := o.record(e); err != nil {
			return err
		}
		if o.changed("rename") {
			o.app.say("%s: now %s, on the key still %q", o.name, e.want.Name, e.want.ID)
		}
		return nil
	}
	return o.onKeys(ctx, e)
}

// check refuses flags that mean nothing, before anything is read.
func (o *editOptions) check() error {
	some := false
	for _, flag := range editFlags {
		some = some || o.changed(flag)
	}
	switch {
	case !some:
		return usage("ykmfa edit --help", "nothing to change")
	case o.changed("touch") && o.changed("no-touch"):
		return usage("", "--touch and --no-touch exclude each other")
	case o.changed("digits") && (o.digits < 6 || o.digits > 8):
		return usage("", "--digits is 6, 7 or 8")
	case o.changed("period") && (o.period < 1 || o.period > 86400):
		return usage("", "--period is a number of seconds from 1 to 86400")
	case o.changed("backup-to") && o.backupTo == "":
		return usage("for example --backup-to pass:mfa/"+o.name, "--backup-to is empty")
	case !o.changed("rename"):
		return nil
	}
	if err := account.ValidateName(o.rename); err != nil {
		return usage("--issuer and --account change what the key shows", "%w", err)
	}
	return nil
}

// touchPolicy applies what the configuration file says about touch.
func (o *editOptions) touchPolicy() error {
	if !o.noTouch {
		return nil
	}
	c, err := o.app.settings()
	if err == nil && c.Touch == account.TouchRequired {
		err = usage("leave it out, or change touch in config.toml", "--no-touch: the configuration file requires touch")
	}
	return err
}

// rewrites reports whether the change is more than a name: then the credential is written anew.
func (o *editOptions) rewrites() bool {
	return o.changed("touch") || o.changed("no-touch") || o.changed("period") || o.changed("digits")
}

// leavesKeys reports whether nothing changes that a key knows of.
func (o *editOptions) leavesKeys(e *edit) bool {
	return e.t.account != nil && !e.resumed && !o.rewrites() && !o.changed("issuer") && !o.changed("account") &&
		string(e.want.ID) == string(e.t.id)
}

// onKeys reads the backup first where it is certain to be needed; else a key that turns out to need it is left to others
// meanwhile.
func (o *editOptions) onKeys(ctx context.Context, e *edit) error {
	if o.rewrites() || e.resumed || o.allKeys && e.backup() != "" {
		if err := o.read(ctx, e); err != nil {
			return err
		}
	}
	work := func(k *key) error { return o.onOne(ctx, k, e) }
	err := o.app.onKeys(ctx, o.allKeys, e.t.id, work)
	if errors.Is(err, errNeedsBackup) {
		if err := o.read(ctx, e); err != nil {
			return err
		}
		err = o.app.onKeys(ctx, o.allKeys, e.t.id, work)
	}
	if err == nil && len(e.done) == 0 {
		return fail(exitNoAccount, "ykmfa list shows where it is", "%s is on none of these keys", e.t.name())
	}
	o.sayOthers(e)
	if err == nil && o.rewrites() && o.backupTo == "" && e.says != "" && e.says != terms(e.params) {
		o.app.say("%s: its backup still says %s; the account file goes before it, and --backup-to writes another", o.name, e.says)
	}
	return err
}

// onOne changes the account on one key, and then in the account file.
func (o *editOptions) onOne(ctx context.Context, k *key, e *edit) error {
	old, proven, err := o.change(ctx, k, e)
	var missing *Error
	if o.allKeys && errors.As(err, &missing) && missing.Code == exitNoAccount {
		o.app.say("%v: left as it is", err)
		return nil
	}
	if err != nil {
		return err
	}
	o.app.updateKey(k, func(known *account.Key) {
		known.Rename(old, e.want.ID)
		c := known.SetCredential(e.want.ID)
		c.Type = e.t.typ
		if proven {
			c.Touch, c.Verified = &e.want.Touch, o.app.Now()
		}
	})
	e.done[k.DeviceID()], e.old = true, old
	if err := o.record(e); err != nil {
		return fail(exitFailed, recordHint, "%s is changed on %v, but that could not be recorded: %w", o.name, k, err)
	}
	o.result(k, e, proven)
	return nil
}

// record writes the account file. A credential without an account has no place there.
func (o *editOptions) record(e *edit) error {
	if e.t.account == nil {
		return nil
	}
	return account.Update(o.app.paths.Accounts, e.apply)
}

// apply makes the change in an account file.
func (e *edit) apply(f *account.File) error {
	_, before := f.Get(e.t.account.Name)
	if before && e.t.account.Name != e.want.Name {
		if err := f.Rename(e.t.account.Name, e.want.Name); err != nil {
			return err
		}
	}
	return f.Put(e.want)
}

func (o *editOptions) result(k *key, e *edit, proven bool) {
	text := "now"
	if e.resumed && string(e.old) == string(e.want.ID) {
		text = "already"
	}
	if e.t.account != nil && e.want.Name != o.name {
		text += " " + e.want.Name + ","
	}
	text += fmt.Sprintf(" on %v as %q", k, e.want.ID)
	if proven {
		text += fmt.Sprintf(", %d digits, %s touch, proven equal to %s", e.want.Digits, without(e.want.Touch), e.t.account.Backup)
	}
	o.app.say("%s: %s", o.name, text)
}

func without(touch bool) string {
	if touch {
		return "with"
	}
	return "without"
}

// sayOthers names the keys that are known to hold the account on its old terms, and the command that goes on there.
func (o *editOptions) sayOthers(e *edit) {
	if len(e.done) == 0 {
		return
	}
	for _, known := range o.app.loadState().KeysHolding(e.old) {
		c := known.Credential(e.old)
		same := string(e.old) == string(e.want.ID) && c.Touch != nil && *c.Touch == e.want.Touch && e.sameDigits
		if e.done[known.DeviceID] || same {
			continue
		}
		command := o.command
		if e.t.account == nil || e.t.account.Backup == "" { // only the name on the key tells there what is meant
			command = strings.Replace(command, source.QuoteArg(o.name), source.QuoteArg(string(e.old)), 1)
		}
		o.app.say("%s still has it as it was; with that key: ykmfa --key %s %s", keyNames([]*account.Key{known}), idOf(known).label(), command)
	}
}

// commandLine is the command as it was typed, but for the choice of the key.
func commandLine(c *cobra.Command, name string) string {
	words := []string{c.Name(), source.QuoteArg(name)}
	for _, flag := range editFlags {
		f := c.Flags().Lookup(flag)
		switch {
		case !f.Changed:
		case f.Value.Type() == "bool":
			words = append(words, strings.TrimSuffix("--"+flag+"="+f.Value.String(), "=true"))
		default:
			words = append(words, "--"+flag, source.QuoteArg(f.Value.String()))
		}
	}
	return strings.Join(words, " ")
}
