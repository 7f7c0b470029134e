package cli

import (
	"bytes"
	"context"
	"fmt"

	"ykmfa/internal/account"
	"ykmfa/internal/source"
)

// place is the backup of an account.
func (o *importOptions) place(name string) (source.Ref, error) {
	return o.app.writable(fillName(o.backupTo, name), name)
}

// store writes the backups, proves them, and records the accounts.
func (o *importOptions) store(ctx context.Context, in []*incoming) error {
	if o.app.onlyLook {
		return nil
	}
	p := o.app.progress()
	defer p.clear()
	var done []*incoming
	var failed error
	for n, i := range in {
		p.show("%d of %d: the backup of %s ... ", n+1, len(in), i.account.Name)
		failed = o.backUp(ctx, i)
		if source.KindOf(failed) == source.KindExists { // it stays, and this account goes nowhere
			i.why, failed = fail(exitDiffer, "look at the entry; --backup-to takes another place", "%w", failed), nil
			continue
		}
		if failed != nil {
			break
		}
		done = append(done, i)
	}
	p.clear()
	if err := o.record(done); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("%w; %d of %d have their backup now: run it again", failed, len(done), len(in))
	}
	if o.noKey {
		o.complain()
		o.app.tell("%s in the backup, and proven; next, onto a key: ykmfa restore", plural(len(done), "account"))
	}
	return nil
}

// backUp makes the backup of an account that has none on record.
func (o *importOptions) backUp(ctx context.Context, i *incoming) error {
	if i.kept || i.settled {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	to, err := o.place(i.account.Name)
	if err != nil {
		return err
	}
	if err := o.app.backUp(ctx, i.account.Name, i.account.ID, i.params, to); err != nil {
		return err
	}
	i.account.Backup, i.settled = to.String(), true
	return nil
}

// compareBackups compares with the backups that are on record, before the secret goes anywhere.
func (o *importOptions) compareBackups(ctx context.Context, list []*incoming) error {
	var kept []*incoming
	var accounts []account.Account
	for _, i := range list {
		if i.kept && !i.settled && !o.app.onlyLook {
			kept, accounts = append(kept, i), append(accounts, i.account)
		}
	}
	if kept == nil {
		return nil
	}
	backups, err := o.app.readBackups(ctx, accounts)
	if err != nil {
		return err
	}
	defer wipeBackups(backups)
	for n, b := range backups {
		i := kept[n]
		if b.err != nil {
			return fmt.Errorf("%s: %w", i.account.Name, b.err)
		}
		if i.settled = bytes.Equal(b.params.Secret, i.params.Secret); !i.settled {
			i.why = fail(exitDiffer, "which one is right? it was left as it is", "%s has another secret in %s", i.account.Name, i.account.Backup)
		}
	}
	return nil
}

// record puts them into the account file, all in one go.
func (o *importOptions) record(list []*incoming) error {
	var accounts []account.Account
	for _, i := range list {
		accounts = append(accounts, i.account)
	}
	err := account.Update(o.app.paths.Accounts, func(f *account.File) error { return f.PutAll(accounts) })
	if err != nil {
		return fail(exitFailed, recordHint, "%d accounts could not be recorded: %w", len(list), err)
	}
	return nil
}
