package cli

import (
	"cmp"
	"context"
	"slices"
)

// ontoKeys has restore write them: it plans, and before its first write it calls back for the backups.
func (o *importOptions) ontoKeys(ctx context.Context) error {
	taken := o.taken()
	if len(taken) == 0 {
		return nil
	}
	o.restore = &restoreOptions{app: o.app, allKeys: o.allKeys, counters: map[string]uint64{}, since: o.app.Now(), finished: map[string]bool{}}
	for _, i := range taken {
		o.restore.backups = append(o.restore.backups, &backup{account: i.account, params: i.params})
		if countsCodes(i.account) {
			o.restore.counters[i.account.Name] = i.params.Counter
		}
	}
	o.restore.before = func(ctx context.Context, items []*item) error { return o.beforeWriting(ctx, taken, items) }
	err := o.restore.onPresent(ctx)
	switch {
	case absent(err) && o.app.onlyLook:
		o.app.say("no key is plugged in: what it has already, and whether there is room, is not known")
		return nil
	case absent(err):
		return fail(exitNoKey, "plug in the key; or --no-key: only to the backup, for ykmfa restore later", "%w", err)
	case o.noBackup && !o.app.onlyLook: // only what is on the key now exists at all
		return cmp.Or(o.record(o.written(taken)), err)
	}
	return err
}

// withoutKey makes the backups only.
func (o *importOptions) withoutKey(ctx context.Context) error {
	if err := o.compareBackups(ctx, o.taken()); err != nil {
		return err
	}
	return o.store(ctx, o.taken())
}

// complain names what was left alone because there is another secret, where no key does.
func (o *importOptions) complain() {
	for _, i := range o.found {
		if code, _ := advise(i.why); i.why != nil && code == exitDiffer {
			o.app.complain(i.why)
		}
	}
}

// beforeWriting makes the backups, and records the accounts, of what the plan of a key lets in.
func (o *importOptions) beforeWriting(ctx context.Context, taken []*incoming, items []*item) error {
	if err := o.room(taken, items); err != nil {
		return err
	}
	var in, written []*incoming
	for n, it := range items {
		switch i := taken[n]; it.standing {
		case unfit, different, broken, unreachable:
			continue
		case unchecked:
			if it.write && !i.known { // it is not what an interrupted import left
				it.leave(fail(exitFailed, "to write it again, with the counter of its next code: ykmfa add NAME --hotp --counter N --force",
					"it is there already and counts codes (HOTP): comparing it would use one up, so it was left as it is"))
				continue
			}
		case missing:
			written = append(written, i)
		}
		in = append(in, taken[n])
	}
	if err := o.compareBackups(ctx, written); err != nil {
		return err
	}
	if !o.noBackup {
		in = slices.DeleteFunc(in, func(i *incoming) bool { return i.why != nil })
		if err := o.store(ctx, in); err != nil {
			return err
		}
	}
	for n, it := range items {
		if i := taken[n]; i.why != nil { // the backup keeps another secret
			it.leave(i.why)
		}
	}
	return nil
}

// leftAlone is how an account stands that import does not write, for another reason than what the key says.
const leftAlone standing = "left-alone"

// leave takes an account out of the plan, also if that is made again.
func (i *item) leave(why error) {
	i.write, i.standing, i.result, i.why, i.err = false, leftAlone, "", why, why
}

// room refuses before the first write when not everything fits on the key.
func (o *importOptions) room(taken []*incoming, items []*item) error {
	full, why := 0, error(nil)
	for _, it := range items {
		if it.standing == unfit {
			full, why = full+1, it.why
		}
	}
	if full == 0 || o.skipBad {
		return nil
	}
	where := "nothing was written"
	if o.allKeys {
		where += " to it"
	}
	return fail(exitFailed, "choose: --only, --select; or --skip-bad; or --no-key keeps them all in the backup",
		"%d of %s cannot go onto the key, and %s: %w", full, plural(len(taken), "account"), where, why)
}

// written are those that a key was proven to hold.
func (o *importOptions) written(taken []*incoming) (list []*incoming) {
	for _, i := range taken {
		for _, report := range o.restore.reports {
			for _, one := range report.Accounts {
				if one.Name == i.account.Name && one.Result != "" {
					list = append(list, i)
				}
			}
		}
	}
	return list
}
