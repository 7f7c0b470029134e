package cli

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
)

type restoreOptions struct {
	app   *app
	names []string

	allKeys, spare bool
	force, yes     bool
	counterFlags   []string

	counters map[string]uint64 // of the next code, by account: what was given or answered
	backups  []*backup         // read once, for all keys
	since    time.Time         // when the work for the current key began
	reports  []restored
	finished map[string]bool // device ids that --spare passes over

	before func(ctx context.Context, items []*item) error // what import does between plan and work; nil: nothing
}

func newRestore(a *app) *cobra.Command {
	o := &restoreOptions{app: a}
	c := &cobra.Command{
		Use:   "restore [NAME...]",
		Short: "Write every account onto the key that is plugged in (a replacement, a spare)",
		Long: `Write every account of the account file, or those named, onto the key that is plugged in, each from its backup, and
prove that both hold the same secret.

Every backup is read once, before the key is opened. Then the key is looked at, and for each account it is said whether
it is missing there, there already with the same secret, there with another one, or cannot be written and why. What is
missing is written. What differs stays as it is, unless --force and a confirmation say otherwise. What cannot be
written does not stop the others. --dry-run stops before the first write.

Interrupted at any point, run it again: it finishes, and what was stored is proven, not written again.

Accounts that need a touch come last, one touch each, so that it is done in one go. An account that counts codes (HOTP)
needs the counter of its next code, one more than that of the last code used: it is asked for, or --counter gives it. If
it is too low, the codes are refused; if it is far too high, the service gives up. Such an account that is on the key is
left alone: comparing it would use up a code.

A password that is set on the key stays. A FIPS key needs one before it takes accounts: ykmfa password set.

What is done is said on stderr. --json prints, in place of that, a list with for each key
  {serial, device, firmware, free, password, accounts, written, proven, seconds}
with for each account {name, id, backup, plan, result, error}: plan is missing, same, different, not-checked,
does-not-fit, no-counter, unreachable, no-backup or broken; result is written, proven or empty.

Exit codes: 0 everything is on the key and proven (HOTP: there); 7 something differs and was left alone; 8 a backup
could not be read, or there is none; 5 a touch did not come; 1 something does not fit, or its counter is not known.`,
		Example: "  ykmfa restore --dry-run\n  ykmfa restore\n  ykmfa restore aws github --all-keys\n  ykmfa restore --spare",
		RunE: func(c *cobra.Command, names []string) error {
			o.names, o.since, o.finished = names, a.Now(), map[string]bool{}
			return o.run(c.Context())
		},
	}
	f := c.Flags()
	f.BoolVar(&o.allKeys, "all-keys", false, "every key that is plugged in, one after the other")
	f.BoolVar(&o.spare, "spare", false, "then ask for the next key, until you stop")
	f.BoolVar(&o.force, "force", false, "overwrite what differs from its backup, after a confirmation")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask for the confirmation")
	f.BoolVar(&a.onlyLook, "dry-run", false, "say what would be done, and do nothing")
	f.StringArrayVar(&o.counterFlags, "counter", nil, "HOTP: the counter of the next code of an account, `NAME=N`; repeatable")
	return c
}

func (o *restoreOptions) run(ctx context.Context) error {
	accounts, err := o.app.chosen(o.names)
	if err != nil {
		return err
	}
	if err := o.readCounters(accounts); err != nil {
		return err
	}
	if err := o.ready(ctx); err != nil {
		return err
	}
	if o.backups, err = o.app.readBackups(ctx, accounts); err != nil {
		return err
	}
	defer wipeBackups(o.backups)
	if err := o.touchPolicy(); err != nil {
		return err
	}
	err = o.onKeys(ctx)
	if o.app.json && ctx.Err() == nil && o.reports != nil {
		if err := o.app.printJSON(o.reports); err != nil {
			return err
		}
	}
	return err
}

// touchPolicy applies what the configuration file says about touch.
func (o *restoreOptions) touchPolicy() error {
	c, err := o.app.settings()
	if err != nil || c.Touch != account.TouchRequired {
		return err
	}
	for _, b := range o.backups {
		b.account.Touch = b.account.Touch || !countsCodes(b.account)
	}
	return nil
}

// ready fails before the first backup is read when there is nothing to write to, or nobody to ask for the next key.
func (o *restoreOptions) ready(ctx context.Context) error {
	if o.spare {
		return o.canAskForSpares()
	}
	return o.app.ready(ctx, o.allKeys)
}

func (o *restoreOptions) onKeys(ctx context.Context) error {
	if o.spare {
		return o.withSpares(ctx)
	}
	return o.onPresent(ctx)
}

// onPresent restores the key that is meant, or all.
func (o *restoreOptions) onPresent(ctx context.Context) error {
	return o.app.onKeys(ctx, o.allKeys, nil, func(k *key) error { return o.onOne(ctx, k) })
}

// onOne restores one key, and notes whether that is finished.
func (o *restoreOptions) onOne(ctx context.Context, k *key) error {
	err := o.restoreKey(ctx, k)
	o.finished[k.DeviceID()] = err == nil
	return err
}

// restoreKey tells the story: plan, ask what must be asked, do it, say it.
func (o *restoreOptions) restoreKey(ctx context.Context, k *key) error {
	if err := k.closed(); err != nil {
		return err
	}
	r := &refill{restoreOptions: o, k: k, confirmed: map[string]bool{}}
	if err := r.plan(ctx); err != nil {
		return err
	}
	r.announce()
	defer r.finish()
	if o.app.onlyLook {
		return r.verdict()
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if overwrite, counters := r.questions(); overwrite != nil || counters != nil {
		err := r.ask(ctx, overwrite, counters)
		if err == nil {
			err = r.plan(ctx) // another program may have been there: what was not asked about is not overwritten
		}
		if err != nil {
			return err
		}
	}
	if err := r.work(ctx, r.items); err != nil {
		return err
	}
	if err := r.workOnDifferent(ctx); err != nil {
		return err
	}
	r.summary()
	return r.verdict()
}

// prepare lets import make its backups, and leaves the key to others meanwhile: password managers are slow.
func (r *refill) prepare(ctx context.Context) error {
	if r.before == nil {
		return nil
	}
	if err := r.app.away(ctx, r.k, func() error { return r.before(ctx, r.items) }); err != nil {
		return err
	}
	return r.app.unlock(ctx, r.k)
}

// readCounters reads --counter NAME=N.
func (o *restoreOptions) readCounters(accounts []account.Account) error {
	o.counters = map[string]uint64{}
	for _, text := range o.counterFlags {
		at := strings.LastIndex(text, "=")
		if at < 0 {
			return usage("for example --counter bank=42", "--counter %q: NAME=N is meant", text)
		}
		name := text[:at]
		acc := accountNamed(accounts, name)
		if acc == nil || !countsCodes(*acc) {
			return usage("ykmfa list --json shows the type", "--counter %s: that is no account that counts codes (HOTP) among those to restore", name)
		}
		n, err := parseCounter(text[at+1:])
		if err != nil {
			return err
		}
		o.counters[name] = n
	}
	return nil
}

func parseCounter(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, usage("", "a counter is a number from 0 to 4294967295, not %q", text)
	}
	return n, nil
}
