package cli

import (
	"context"
	"errors"
	"time"

	"ykmfa/internal/account"
	"ykmfa/internal/otpauth"
	"ykmfa/internal/source"
	"ykmfa/oath"
)

var errNoBackup = errors.New("no backup of it is on record")

// backup is an account with the secret that its backup gives today.
type backup struct {
	account account.Account
	params  otpauth.Params // on the terms of the account file
	err     error          // why there is no secret; errNoBackup is one reason
	took    time.Duration
}

func (b *backup) credential() oath.NewCredential { return newCredential(b.account, b.params) }

// place names the backup for people.
func (b *backup) place() string {
	if b.account.Backup == "" {
		return "-"
	}
	return b.account.Backup
}

// unreadable tells a backup that is missing from one that cannot be read.
func (b *backup) unreadable() standing {
	if errors.Is(b.err, errNoBackup) {
		return bare
	}
	return unreachable
}

// chosen are the accounts that names mean, or without a name all of them, in the order of the file.
func (a *app) chosen(names []string) ([]account.Account, error) {
	all, err := a.accounts()
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fail(exitNoAccount, "ykmfa add NAME puts the first one there", "the account file %s has no accounts", a.paths.Accounts)
	}
	wanted := map[string]bool{}
	for _, name := range names {
		t, err := resolve(name, all, nil)
		if err != nil {
			return nil, err
		}
		wanted[t.account.Name] = true
	}
	var list []account.Account
	for _, acc := range all {
		if len(names) == 0 || wanted[acc.Name] {
			list = append(list, acc)
		}
	}
	return list, a.distinct(list)
}

// distinct refuses two accounts for one credential: a key would hold the secret of only one of them.
func (a *app) distinct(accounts []account.Account) error {
	for i, acc := range accounts {
		if first := accountOf(accounts[:i], acc.ID); first != nil {
			return fail(exitFailed, "correct the account file "+a.paths.Accounts,
				"the accounts %s and %s are the same credential %q", first.Name, acc.Name, acc.ID)
		}
	}
	return nil
}

// readBackups reads the backup of every account, once. One that cannot be read does not stop the others. No key is open
// meanwhile: password managers are slow, and ask. The caller wipes.
func (a *app) readBackups(ctx context.Context, accounts []account.Account) ([]*backup, error) {
	if _, err := a.settings(); err != nil { // it may define sources
		return nil, err
	}
	resolver, done := a.resolver(ctx)
	defer done()
	backups := make([]*backup, 0, len(accounts))
	p := a.progress()
	defer p.clear()
	for i, acc := range accounts {
		p.show("reading the backup of %s, %d of %d ... ", acc.Name, i+1, len(accounts))
		b := a.readBackup(ctx, resolver, acc)
		backups = append(backups, b)
		if ctx.Err() != nil {
			wipeBackups(backups)
			return nil, ctx.Err()
		}
	}
	return backups, nil
}

func (a *app) readBackup(ctx context.Context, r *source.Resolver, acc account.Account) *backup {
	b := &backup{account: acc}
	if acc.Backup == "" {
		b.err = fail(exitBackup, "give it one: ykmfa add "+source.QuoteArg(acc.Name)+" --secret-from REF", "%w", errNoBackup)
		return b
	}
	ref, err := a.parseRef(acc.Backup, acc.Name)
	if err != nil { // it is not this command line that is wrong
		_, hint := advise(err)
		b.err = fail(exitBackup, hint, "%w", err)
		return b
	}
	start := a.Now()
	p, err := r.Get(ctx, ref)
	b.params, b.err, b.took = recordedTerms(p, acc), err, a.Now().Sub(start)
	return b
}

func wipeBackups(backups []*backup) {
	for _, b := range backups {
		otpauth.Wipe(b.params.Secret)
	}
}
