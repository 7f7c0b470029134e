package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
	"ykmfa/oath"
)

type verifyOptions struct {
	app   *app
	names []string

	onlyBackups, onlyKeys, allKeys, touch bool

	backups []*backup // read once, for all keys
	keys    []verifiedKey
	start   time.Time
	since   time.Time // when the work for the current key began
}

func newVerify(a *app) *cobra.Command {
	o := &verifyOptions{app: a}
	c := &cobra.Command{
		Use:   "verify [NAME...]",
		Short: "Prove that keys and backups hold the same secrets",
		Long: `Prove that the key that is plugged in and the backups hold the same secrets, of all accounts or those named: both
answer a random challenge, and the answers are compared. No secret leaves the key, and nothing is changed.

For each account it prints name, key, backup, result and why. The result is
  same         proven equal
  different    the key holds another secret than the backup, or other terms than the account file
  missing      not on this key
  only-on-key  on the key, but no account names it (without NAME only)
  unreachable  the backup cannot be read, or what is there is not a secret
  no-backup    no backup is on record
  not-checked  comparing would take a touch (--touch asks for it), or use up a code (HOTP)
  broken       the key cannot compute with it

--backups is the fire drill, and needs no key: can every secret be read today, is it one, and how long does it take?
It prints what is wrong; with -v, every account.
--keys compares the keys that are plugged in with each other, without any backup.
--json prints {keys: [{serial, device, firmware, accounts: [{name, id, backup, result, why}]}], seconds}, with --backups
{accounts: [{name, id, backup, result, why, seconds}], readable, total, seconds}, with --keys {keys: [{serial, device}],
credentials: [{name, id, result, why, on}], seconds}.

Exit codes: 0 everything was proven, but for what is only-on-key or not-checked; 7 something is different; 8 a backup
is unreachable or missing; 5 a touch did not come; 6 an account is missing on the key; 1 one is broken.`,
		Example: "  ykmfa verify\n  ykmfa verify --backups\n  ykmfa verify --all-keys --touch",
		RunE: func(c *cobra.Command, names []string) error {
			o.names, o.start, o.since = names, a.Now(), a.Now()
			return o.run(c.Context())
		},
	}
	f := c.Flags()
	f.BoolVar(&o.onlyBackups, "backups", false, "read every backup, and no key")
	f.BoolVar(&o.onlyKeys, "keys", false, "compare the keys that are plugged in with each other, and read no backup")
	f.BoolVar(&o.allKeys, "all-keys", false, "every key that is plugged in, one after the other")
	f.BoolVar(&o.touch, "touch", false, "also what needs a touch, asked for in one go")
	return c
}

func (o *verifyOptions) run(ctx context.Context) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.onlyKeys {
		return o.runKeys(ctx)
	}
	accounts, err := o.app.chosen(o.names)
	if err != nil {
		return err
	}
	if !o.onlyBackups {
		if err := o.app.ready(ctx, o.allKeys); err != nil {
			return err
		}
	}
	if o.backups, err = o.app.readBackups(ctx, accounts); err != nil {
		return err
	}
	defer wipeBackups(o.backups)
	if o.onlyBackups {
		return o.reportBackups()
	}
	err = o.app.onKeys(ctx, o.allKeys, nil, func(k *key) error { return o.onOne(ctx, k) })
	if ctx.Err() != nil || o.keys == nil {
		return err
	}
	if printed := o.print(); printed != nil {
		return printed
	}
	return err
}

func (o *verifyOptions) check() error {
	switch {
	case o.onlyBackups && (o.onlyKeys || o.allKeys || o.touch):
		return usage("", "--backups looks at no key")
	case o.onlyKeys && (o.allKeys || len(o.names) > 0):
		return usage("ykmfa verify --keys", "--keys compares all that is on all keys")
	}
	return nil
}

// onOne compares one key with the backups.
func (o *verifyOptions) onOne(ctx context.Context, k *key) error {
	there, err := k.contents()
	if err != nil {
		return err
	}
	lines, late := o.compare(ctx, k, there)
	if len(o.names) == 0 {
		lines = append(lines, o.strangers(there)...)
	}
	o.remember(k, there, lines)
	o.keys = append(o.keys, verifiedKey{k.id(), k.known().Firmware, lines})
	err = o.verdict(k, lines)
	if code, _ := advise(err); late != nil && (err == nil || code != exitDiffer) {
		return late
	}
	if late != nil { // a difference is what matters more
		o.app.complain(late)
	}
	return err
}

// compare returns a line for each account, and the error that stopped it before the last one.
func (o *verifyOptions) compare(ctx context.Context, k *key, there contents) (lines []verifiedAccount, late error) {
	touches := 0
	for _, b := range o.backups {
		var line verifiedAccount
		if late == nil {
			line, late = o.one(ctx, k, b, there, false)
		} else {
			line = verifiedLine(b, unchecked, errStopped)
		}
		if errors.Is(line.err, errNeedsTouch) {
			touches++
		}
		lines = append(lines, line)
	}
	if !o.touch || touches == 0 {
		return lines, late
	}
	o.app.say("%s a touch, asked for one after the other: touch the key whenever it blinks", need(touches))
	for i, b := range o.backups {
		if errors.Is(lines[i].err, errNeedsTouch) && late == nil {
			lines[i], late = o.one(ctx, k, b, there, true)
		}
	}
	return lines, late
}

var errStopped = errors.New("it stopped before that")

// one compares one account. The error is one that stops all others, too.
func (o *verifyOptions) one(ctx context.Context, k *key, b *backup, there contents, touching bool) (verifiedAccount, error) {
	result, why := o.app.stand(ctx, k, b, there, touching)
	if result != broken || onlyThis(why) {
		line := verifiedLine(b, result, why)
		if result == same {
			line.Why = there.touchNote(b.account)
		}
		return line, nil
	}
	stop := fmt.Errorf("%s: %w", b.account.Name, why)
	return verifiedLine(b, unchecked, why), stop
}

// strangers are the credentials on the key that no account names.
func (o *verifyOptions) strangers(there contents) []verifiedAccount {
	var lines []verifiedAccount
	for _, c := range there.list {
		named := false
		for _, b := range o.backups {
			named = named || string(b.account.ID) == string(c.ID)
		}
		name := oath.ParseName(c.ID, c.Type)
		if !named && !name.Hidden() {
			lines = append(lines, verifiedAccount{Name: name.String(), credentialID: jsonID(c.ID), Result: onlyOnKey})
		}
	}
	return lines
}

// remember notes what is on the key, and what of it was proven now.
func (o *verifyOptions) remember(k *key, there contents, lines []verifiedAccount) {
	o.app.updateKey(k, func(known *account.Key) {
		there.note(known)
		for i, b := range o.backups {
			if lines[i].Result == same {
				verified(known, b.account, there.touches(b.account.ID), o.app.Now())
			}
		}
	})
}

func (o *verifyOptions) verdict(k *key, lines []verifiedAccount) error {
	var t troubles
	proven := 0
	for _, l := range lines {
		switch l.Result {
		case same:
			proven++
		case unchecked, onlyOnKey:
		default:
			t = append(t, trouble{l.Name, l.err})
		}
	}
	o.app.tell("%v: %d of %s proven equal to their backups, in %s", k, proven, plural(len(o.backups), "account"), took(o.app.Now().Sub(o.since)))
	o.since = o.app.Now()
	return t.verdict(len(o.backups), "not proven on "+k.String())
}
