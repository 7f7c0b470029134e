package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ykmfa/internal/account"
	"ykmfa/internal/source"
	"ykmfa/oath"
)

// absent reports whether there is no key at all. One that is there and fails is another matter.
func absent(err error) bool {
	return slices.ContainsFunc([]error{ErrNoService, ErrNoReader, ErrNoCard, ErrUnsupported},
		func(reason error) bool { return errors.Is(err, reason) })
}

// fallBack computes from the backups, as far as the configuration file lets it. Where there is no backup to compute from,
// the missing key is the reason.
func (o *codeOptions) fallBack(ctx context.Context, accounts []account.Account, noKey error) ([]shown, error) {
	c, err := o.app.settings()
	if err != nil {
		return nil, err
	}
	chosen, err := o.meant(accounts)
	bare := slices.ContainsFunc(chosen, func(acc account.Account) bool { return acc.Backup == "" })
	if c.Fallback == account.FallbackNever || err != nil || len(chosen) == 0 || bare {
		return nil, noKey
	}
	if c.Fallback == account.FallbackAsk {
		question := fmt.Sprintf("No key is plugged in. Compute the code in software, from %s?", places(chosen))
		if err := o.app.confirm(ctx, question, false); err != nil {
			return nil, fmt.Errorf("%w; %w", noKey, err)
		}
	}
	codes, err := o.fromBackups(ctx, chosen)
	if err == nil {
		o.app.say("%v: computed in software, from %s", noKey, places(chosen))
	}
	return codes, err
}

// meant are the accounts that the names mean, in their order; without names, all that have a backup.
func (o *codeOptions) meant(accounts []account.Account) ([]account.Account, error) {
	if len(o.names) == 0 {
		return slices.DeleteFunc(slices.Clone(accounts), func(acc account.Account) bool { return acc.Backup == "" }), nil
	}
	var chosen []account.Account
	for _, name := range o.names {
		t, err := resolve(name, accounts, nil)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, *t.account)
	}
	return chosen, nil
}

func places(accounts []account.Account) string {
	if len(accounts) > 1 {
		return "the backups"
	}
	return accounts[0].Backup
}

// fromBackups reads the backups, once even when --fresh has to wait, and computes.
func (o *codeOptions) fromBackups(ctx context.Context, chosen []account.Account) ([]shown, error) {
	backups, err := o.app.readBackups(ctx, chosen)
	if err != nil {
		return nil, err
	}
	defer wipeBackups(backups)
	var codes []shown
	for _, b := range backups {
		if b.err != nil && len(o.names) == 0 {
			o.app.complain(fmt.Errorf("%s: %w", b.account.Name, b.err))
			continue
		}
		code, err := o.compute(ctx, b)
		if err != nil {
			return nil, err
		}
		codes = append(codes, code)
	}
	return codes, nil
}

// compute computes one code (RFC 6238, or Steam's).
func (o *codeOptions) compute(ctx context.Context, b *backup) (shown, error) {
	t := accountTarget(b.account)
	if b.err != nil {
		return shown{}, fmt.Errorf("%s: %w", t.name(), b.err)
	}
	s := shown{Name: t.name(), credentialID: jsonID(t.id), Type: t.typ.String(), From: "software"}
	if t.typ == oath.HOTP {
		if len(o.names) == 0 {
			return s, nil
		}
		return s, fail(exitNoKey, "plug in the key: ykmfa code "+source.QuoteArg(t.name()),
			"%s counts codes (HOTP), and only the key knows how far", t.name())
	}
	at, wait, err := o.due(t)
	for ; err == nil && !wait.IsZero(); at, wait, err = o.due(t) {
		if err := o.await(ctx, wait); err != nil {
			return s, err
		}
	}
	if err != nil {
		return s, err
	}
	s.Code = software(b, period(t), at)
	s.lives(t, at)
	return s, nil
}

func software(b *backup, period time.Duration, at time.Time) string {
	mac := b.params.Algorithm.HMAC(b.params.Secret, oath.TimeChallenge(at, period))
	r := oath.Response{HMAC: mac, Digits: b.params.Digits}
	if oath.ParseName(b.account.ID, oath.TOTP).Steam() {
		return r.Steam()
	}
	return r.Code().String()
}
