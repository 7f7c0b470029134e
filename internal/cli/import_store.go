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

// store writes the backups, proves them, and records the accounts. Of those that are on record already, the backup is on
// record, too.
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
		if failed = o.backUp(ctx, i); failed != nil {
			break
		}
		if i.why == nil {
			done = append(done, i)
		}
	}
	p.clear()
	if err := o.record(done); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("%w; %d of %d have their backup now: run it again", failed, len(done), len(in))
	}
	if o.noKey {
		o.app.tell("%s in the backup, and proven; ykmfa restore writes them to a key", plural(len(done), "account"))
	}
	return nil
}

func (o *importOptions) backUp(ctx context.Context, i *incoming) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if i.kept {
		return o.compareBackup(ctx, i)
	}
	to, err := o.place(i.account.Name)
	if err != nil {
		return err
	}
	if err := o.app.backUp(ctx, i.account.Name, i.account.ID, i.params, to); err != nil {
		return err
	}
	i.account.Backup = to.String()
	return nil
}

// compareBackup compares with the backup that is on record, where no key does.
func (o *importOptions) compareBackup(ctx context.Context, i *incoming) error {
	if !o.noKey {
		return nil
	}
	backups, err := o.app.readBackups(ctx, []account.Account{i.account})
	if err != nil {
		return err
	}
	defer wipeBackups(backups)
	if err := backups[0].err; err != nil {
		return fmt.Errorf("%s: %w", i.account.Name, err)
	}
	if !bytes.Equal(backups[0].params.Secret, i.params.Secret) {
		i.why = fail(exitDiffer, "which one is right? it was left as it is", "%s has another secret in %s", i.account.Name, i.account.Backup)
		o.app.complain(i.why)
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
