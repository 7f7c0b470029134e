package cli

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"ykmfa/internal/account"
	"ykmfa/internal/otpauth"
	"ykmfa/internal/source"
	"ykmfa/internal/term"
	"ykmfa/oath"
)

// plan is all that add needs to know before it touches a key.
type plan struct {
	account account.Account
	params  otpauth.Params
	from    source.Ref // the secret was read from
	writeTo *source.Ref
	typed   []source.Ref // given on this command line
	adopted bool         // no account of this name was on record

	given    otpauth.Params    // terms that flags or source say; the others are defaults
	stranger bool              // the id is that of a credential that another program made
	accounts []account.Account // on record
}

// credential is what PUT stores.
func (p *plan) credential() oath.NewCredential { return newCredential(p.account, p.params) }

// plan reads flags, account file and secret. No key is open meanwhile. The caller wipes the secret.
func (o *addOptions) plan(ctx context.Context) (p *plan, err error) {
	if err := account.ValidateName(o.name); err != nil {
		return nil, usage("choose another name; --issuer and --account say what the key shows", "%w", err)
	}
	accounts, err := o.app.accounts()
	if err != nil {
		return nil, err
	}
	recorded := accountNamed(accounts, o.name)
	p = &plan{adopted: recorded == nil, accounts: accounts}
	defer func() {
		if err != nil {
			otpauth.Wipe(p.params.Secret)
		}
	}()
	if err := o.references(ctx, p, recorded); err != nil {
		return p, err
	}
	resolver, done := o.app.resolver(ctx, p.typed...)
	defer done()
	if p.params, err = resolver.Get(ctx, p.from); err != nil {
		return p, fmt.Errorf("%s: %w", o.name, err)
	}
	if err := o.terms(p, recorded); err != nil {
		return p, err
	}
	if err := o.describe(p, recorded); err != nil {
		return p, err
	}
	o.touchSet = o.changed("touch")
	if err := o.touchPolicy(p); err != nil {
		return p, err
	}
	return p, o.checkAccounts(p, accounts)
}

// references decides where the secret comes from and which backup is recorded. An account that has a backup on record
// needs no --secret-from.
func (o *addOptions) references(ctx context.Context, p *plan, recorded *account.Account) error {
	text := o.secretFrom
	if text == "" && recorded != nil {
		text = recorded.Backup
	}
	if text == "" {
		return usage("for example: ykmfa add "+source.QuoteArg(o.name)+" --secret-from lpass", "where is the secret of %s? --secret-from is missing", o.name)
	}
	var err error
	if p.from, err = o.app.parseRef(text, o.name); err != nil {
		return err
	}
	if o.secretFrom != "" {
		p.typed = append(p.typed, p.from)
	}
	switch {
	case o.noBackup && o.backupTo != "":
		return usage("", "--no-backup and --backup-to exclude each other")
	case o.backupTo != "":
		to, err := o.app.writable(o.backupTo, o.name)
		if err != nil {
			return err
		}
		p.writeTo, p.account.Backup, p.typed = &to, to.String(), append(p.typed, to)
	case o.noBackup && recorded != nil:
		p.account.Backup = recorded.Backup
	case o.noBackup:
	case p.from.Durable():
		p.account.Backup = p.from.String()
	case o.app.openVault().Exists():
		return o.intoVault(p)
	default:
		return o.offerVault(ctx, p)
	}
	return nil
}

// intoVault makes the vault the place for a secret that has no other.
func (o *addOptions) intoVault(p *plan) error {
	to, err := o.app.writable("vault:"+o.name, o.name)
	p.writeTo, p.account.Backup = &to, to.String()
	return err
}

// offerVault makes a vault for a secret that has no other place, if the user wants that: once, because then there is one.
func (o *addOptions) offerVault(ctx context.Context, p *plan) error {
	lost := fmt.Sprintf("%s keeps no backup: if the key breaks, %s is lost", p.from, o.name)
	const hint = "--backup-to REF writes it to a password manager first; ykmfa vault init makes a store of ykmfa's own; --no-backup goes without"
	t, err := term.Open()
	if err != nil || o.app.onlyLook {
		return usage(hint, "%s", lost)
	}
	t.Close()
	question := fmt.Sprintf("%s. Make an encrypted vault for backups like this, in %s?", lost, o.app.openVault().Dir)
	if err := o.app.confirm(ctx, question, false); err != nil {
		return usage(hint, "%s", lost)
	}
	if err := o.app.vaultInit(ctx); err != nil {
		return err
	}
	return o.intoVault(p)
}

// terms settles type, algorithm, digits, period and counter: by flag, else as recorded, else as the source's URI says.
func (o *addOptions) terms(plan *plan, recorded *account.Account) error {
	p := &plan.params
	if recorded != nil {
		*p = recordedTerms(*p, *recorded)
	}
	if o.changed("algorithm") {
		algorithm, err := oath.ParseAlgorithm(o.algorithm)
		if err != nil {
			return usage("", "%w", err)
		}
		p.Algorithm = algorithm
	}
	if o.changed("digits") {
		p.Digits = o.digits
	}
	if o.changed("period") {
		if o.period < 1 || o.period > 86400 {
			return usage("", "--period is a number of seconds from 1 to 86400")
		}
		p.Period = time.Duration(o.period) * time.Second
	}
	if o.hotp {
		p.Type = oath.HOTP
	}
	if o.changed("counter") {
		p.Counter = o.counter
	}
	plan.given = *p
	plan.given.Secret = nil
	*p = p.WithDefaults()
	switch {
	case p.Digits < 6 || p.Digits > 8:
		return usage("", "--digits is 6, 7 or 8")
	case o.changed("counter") && p.Type != oath.HOTP:
		return usage("add --hotp", "--counter is for codes by counter")
	case o.changed("period") && p.Type == oath.HOTP:
		return usage("", "--period is for codes by time")
	case p.Counter > 0xffffffff:
		return usage("", "a key counts to 4294967295 at most")
	}
	return nil
}

// describe builds the credential id and the entry of the account file.
func (o *addOptions) describe(p *plan, recorded *account.Account) error {
	p.account.Name = o.name
	p.account.Touch = o.touch
	p.account.Type, p.account.Algorithm, p.account.Digits = p.params.Type, p.params.Algorithm, p.params.Digits
	p.account.Period, p.account.Counter = p.params.Period, p.params.Counter
	if recorded != nil {
		p.account.ID = recorded.ID
		p.account.Touch = o.touch || recorded.Touch && !o.changed("touch")
		if !o.changed("issuer") && !o.changed("account") && !o.changed("period") && !o.changed("hotp") {
			return nil
		}
	}
	name := oath.Name{Issuer: p.params.Issuer, Account: p.params.Account, Period: p.params.Period}
	if o.changed("issuer") {
		name.Issuer = o.issuer
	}
	if o.changed("account") {
		name.Account = o.account
	}
	if name.Account == "" {
		name.Account = o.name
	}
	if err := validateIDText(name.String()); err != nil {
		return usage("set --issuer and --account", "%w", err)
	}
	id, err := name.ID(p.params.Type)
	if err != nil {
		return usage("shorten it with --issuer and --account", "%w", err)
	}
	if recorded != nil && !bytes.Equal(recorded.ID, id) {
		return fail(exitFailed, "choose another name, or: ykmfa remove "+source.QuoteArg(o.name),
			"%s is recorded as %q, not %q", o.name, recorded.ID, id)
	}
	p.account.ID = id
	return nil
}

// touchPolicy applies what the configuration file says about touch.
func (o *addOptions) touchPolicy(p *plan) error {
	c, err := o.app.settings()
	if err != nil || c.Touch != account.TouchRequired {
		return err
	}
	if o.changed("touch") && !o.touch {
		return usage("leave it out, or change touch in config.toml", "--touch=false: the configuration file requires touch")
	}
	if p.params.Type == oath.TOTP {
		o.touch, o.touchSet, p.account.Touch = true, true, true
	}
	return nil
}

// checkAccounts refuses a second name for one credential.
func (o *addOptions) checkAccounts(p *plan, accounts []account.Account) error {
	for _, acc := range accounts {
		if acc.Name != o.name && bytes.Equal(acc.ID, p.account.ID) {
			return fail(exitFailed, "another --issuer or --account makes it another credential",
				"the credential %q already is the account %s", acc.ID, acc.Name)
		}
	}
	return nil
}
