package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"ykmfa/internal/account"
	"ykmfa/internal/otpauth"
	"ykmfa/internal/source"
	"ykmfa/internal/term"
	"ykmfa/oath"
)

// edit is what is to become of an account, or of a credential that no account names.
type edit struct {
	t       target          // before
	want    account.Account // after; without an account, only its ID counts
	resumed bool            // the account file says it already: an interrupted run, or one on another key, got so far
	params  otpauth.Params  // the backup with the new terms; no Secret: not read yet
	others  []account.Account

	sameDigits bool            // as the account file has them
	says       string          // the terms in the backup, if there are any
	old        []byte          // the id that it was found under
	done       map[string]bool // devices on which it is done
}

func (e *edit) backup() string {
	if e.t.account == nil {
		return ""
	}
	return e.want.Backup
}

// credential is what PUT stores.
func (e *edit) credential() oath.NewCredential { return newCredential(e.want, e.params) }

// plan finds what is meant and what is to become of it. No key is open when it returns.
func (o *editOptions) plan(ctx context.Context) (*edit, error) {
	accounts, err := o.app.accounts()
	if err != nil {
		return nil, err
	}
	e := &edit{done: map[string]bool{}}
	if e.t, err = o.find(ctx, accounts); err != nil {
		return nil, err
	}
	if err := o.want(e); err != nil {
		return nil, err
	}
	for _, acc := range accounts {
		if e.t.account != nil && acc.Name == e.t.account.Name {
			continue
		}
		e.others = append(e.others, acc)
		if e.t.account != nil && acc.Name == o.rename {
			return nil, fail(exitFailed, "choose another name", "the account %s exists already", acc.Name)
		}
		if e.t.account != nil && bytes.Equal(acc.ID, e.want.ID) {
			return nil, fail(exitFailed, "choose another --issuer or --account", "the credential %q already is the account %s", acc.ID, acc.Name)
		}
	}
	if err := o.rehearse(e); err != nil {
		return nil, err
	}
	return e, o.checkKind(e)
}

// rehearse finds out, before a key is changed, whether the account file can follow: one that people have written in another
// way than we do may have to be changed by them first.
func (o *editOptions) rehearse(e *edit) error {
	if e.t.account == nil {
		return nil
	}
	file, err := account.Load(o.app.paths.Accounts)
	if err == nil {
		err = e.apply(file)
	}
	if err != nil {
		return fail(exitFailed, accountFileHint, "%s: nothing was changed: %w", o.name, err)
	}
	return nil
}

// find resolves the name. An account that has the new name already is taken for the one that is meant, if there is none of
// the old: which credential on the key was its old one, the proof will tell.
func (o *editOptions) find(ctx context.Context, accounts []account.Account) (target, error) {
	if t, ok := known(accounts, o.name); ok {
		return t, nil
	}
	_, none := resolve(o.name, accounts, nil)
	if acc := accountNamed(accounts, o.rename); none != nil && acc != nil && acc.Backup != "" && o.changed("rename") {
		return accountTarget(*acc), nil
	}
	var t target
	err := o.app.onKey(ctx, nil, true, func(k *key) error {
		list, err := k.List()
		if err == nil {
			t, err = resolve(o.name, accounts, list)
		}
		return err
	})
	return t, err
}

// want applies the flags.
func (o *editOptions) want(e *edit) error {
	e.want = account.Account{ID: e.t.id, Type: e.t.typ}
	if e.t.account != nil {
		e.want = *e.t.account
	}
	id, err := o.newID(e.t)
	if err != nil {
		return err
	}
	e.want.ID = id
	if o.changed("rename") {
		e.want.Name = o.rename
	}
	if o.changed("touch") || o.changed("no-touch") {
		e.want.Touch = o.touch || o.changed("no-touch") && !o.noTouch
	}
	before := e.want.Digits
	if o.changed("digits") {
		e.want.Digits = o.digits
	}
	e.sameDigits = e.want.Digits == before
	if o.changed("period") {
		e.want.Period = time.Duration(o.period) * time.Second
	}
	named := o.changed("rename") || o.changed("issuer") || o.changed("account") || o.changed("period")
	e.resumed = e.t.account != nil && named && bytes.Equal(e.want.ID, e.t.id) && !o.shortNameOnly(e.t)
	return nil
}

// shortNameOnly reports whether the only flag for a name is --rename, of an account whose old name is on record.
func (o *editOptions) shortNameOnly(t target) bool {
	return !o.changed("issuer") && !o.changed("account") && !o.changed("period") && t.account.Name != o.rename
}

// newID is the credential id after the change.
func (o *editOptions) newID(t target) ([]byte, error) {
	name := oath.ParseName(t.id, t.typ)
	before := name
	if o.changed("rename") && (t.account == nil || name.Account == t.account.Name) {
		name.Account = o.rename
	}
	if o.changed("issuer") {
		name.Issuer = o.issuer
	}
	if o.changed("account") {
		name.Account = o.account
	}
	if o.changed("period") && t.typ == oath.TOTP {
		name.Period = time.Duration(o.period) * time.Second
	}
	if name == before {
		return t.id, nil
	}
	if err := validateIDText(name.String()); err != nil {
		return nil, usage("", "%w", err)
	}
	id, err := name.ID(t.typ)
	if err != nil {
		return nil, usage("", "%w", err)
	}
	return id, nil
}

// was reports whether a credential may be the account's from before this edit: it differs in nothing but what the flags
// change, and no account names it.
func (o *editOptions) was(c oath.Credential, e *edit) bool {
	then, now := oath.ParseName(c.ID, c.Type), oath.ParseName(e.want.ID, e.want.Type)
	return c.Type == e.want.Type && c.Algorithm == e.want.Algorithm && !bytes.Equal(c.ID, e.want.ID) &&
		accountOf(e.others, c.ID) == nil &&
		(o.changed("issuer") || then.Issuer == now.Issuer) &&
		(o.changed("period") || then.Period == now.Period) &&
		(o.changed("account") || then.Account == now.Account || o.changed("rename") && then.Account == o.name)
}

// checkKind refuses what cannot be done to this account on any key.
func (o *editOptions) checkKind(e *edit) error {
	name := e.t.name()
	switch {
	case e.t.account == nil && (o.rewrites() || o.backupTo != ""):
		return fail(exitNoAccount, "make it one, after proving it equal to its backup: ykmfa add NAME --secret-from REF",
			"%s is no account: what it is to be written from is not known", name)
	case e.t.typ == oath.HOTP && o.rewrites():
		return fail(exitFailed, fmt.Sprintf("write it anew, at the counter of its next code: ykmfa add %s --force --counter N", source.QuoteArg(name)),
			"%s counts codes (HOTP): written anew it would count from the start, and proving it would use up a code", name)
	case e.backup() == "" && (o.rewrites() || o.backupTo != ""):
		return noBackup(e.t)
	case e.backup() == "" && e.resumed:
		return fail(exitFailed, "say its name on the key, as ykmfa list shows it: ykmfa edit ID ...",
			"the account file has that for %s already, and without a backup nothing proves which credential on a key is meant", name)
	}
	return nil
}

// noBackup is the error for what needs a secret that is kept nowhere but on the key.
func noBackup(t target) error {
	return fail(exitFailed, fmt.Sprintf("if it is backed up, say where: ykmfa add %s --secret-from REF", source.QuoteArg(t.name())),
		"%s has no backup on record, and a key never gives its secret back", t.name())
}

// read reads the backup.
func (o *editOptions) read(ctx context.Context, e *edit) error {
	if e.params.Secret != nil {
		return nil
	}
	if e.t.account == nil || e.t.account.Backup == "" {
		return noBackup(e.t)
	}
	ref, err := o.app.parseRef(e.t.account.Backup, e.t.account.Name)
	if err != nil {
		return err
	}
	r, done := o.app.resolver(ctx)
	defer done()
	p, err := r.Get(ctx, ref)
	if err != nil {
		return fmt.Errorf("%s: nothing was changed: %w", o.name, err)
	}
	if p.Type != 0 { // it is a URI
		e.says = terms(p)
	}
	e.params = recordedTerms(p, e.want)
	return nil
}

// copyBackup copies the backup to where --backup-to says.
func (o *editOptions) copyBackup(ctx context.Context, e *edit) error {
	to, err := o.app.writable(o.backupTo, e.want.Name)
	if err != nil {
		return err
	}
	if err := o.read(ctx, e); err != nil {
		return err
	}
	if err := o.app.backUp(ctx, o.name, e.want.ID, e.params, to); err != nil {
		return err
	}
	from := e.t.account.Backup
	e.want.Backup = to.String()
	if from == e.want.Backup {
		o.app.say("%s: its backup is in %s already", o.name, to)
		return nil
	}
	o.app.say("%s: backup copied to %s and read back equal; the one in %s is left as it is", o.name, to, from)
	return nil
}

// validateIDText refuses what could not be shown as it is.
func validateIDText(s string) error {
	if clean := term.Clean(s); clean != s {
		return usage("", "issuer and account may not hold control characters or marks that turn text around: %s", clean)
	}
	if strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ") {
		return usage("", "issuer and account may not begin or end with a space")
	}
	return nil
}
