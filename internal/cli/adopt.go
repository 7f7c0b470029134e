package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ykmfa/internal/account"
	"ykmfa/internal/otpauth"
	"ykmfa/internal/source"
	"ykmfa/oath"
)

// adopt takes a credential that another program made for the one that a new account means: when nothing on the command
// line says how the key calls it, the key holds nothing under the id that the source gives, and NAME means exactly one
// credential that no account names. It is proven equal to the source first, and the terms that neither flags nor source
// give are taken from it. It reports whether it did.
func (o *addOptions) adopt(ctx context.Context, k *key, p *plan, list []oath.Credential) (bool, error) {
	if _, found := find(list, p.account.ID); found || !p.adopted || p.stranger || o.changed("issuer") || o.changed("account") {
		return false, nil
	}
	there, ok := o.stranger(p, list)
	if !ok {
		return false, nil
	}
	touched, err := k.touchFlags()
	if err != nil {
		return false, err
	}
	params, err := o.proveStranger(ctx, k, p, there, touched[string(there.ID)])
	if errors.Is(err, errDiffer) || errors.Is(err, errUnprovable) {
		return false, fail(exitDiffer, fmt.Sprintf("correct the source; or, for a new one beside it: --account %s", source.QuoteArg(o.name)),
			"%s means %q on %v, which was not adopted: %w", o.name, there.ID, k, err)
	}
	if err != nil {
		return false, err
	}
	p.params, p.stranger = params, true
	acc := &p.account
	acc.ID, acc.Type, acc.Algorithm, acc.Digits, acc.Period = there.ID, params.Type, params.Algorithm, params.Digits, params.Period
	acc.Touch = touched[string(there.ID)]
	return true, nil
}

// stranger resolves NAME among the credentials that no account names.
func (o *addOptions) stranger(p *plan, list []oath.Credential) (oath.Credential, bool) {
	var candidates []account.Candidate
	for _, c := range list {
		if accountOf(p.accounts, c.ID) == nil {
			candidates = append(candidates, account.Candidate{ID: c.ID, Type: c.Type})
		}
	}
	hits := account.Resolve(o.name, candidates)
	if len(hits) != 1 {
		return oath.Credential{}, false
	}
	return find(list, hits[0].ID)
}

// proveStranger proves secret and terms, and returns those under which it is on the key.
func (o *addOptions) proveStranger(ctx context.Context, k *key, p *plan, there oath.Credential, touch bool) (otpauth.Params, error) {
	params := p.params
	if p.given.Type == 0 {
		params.Type = there.Type
	}
	if p.given.Algorithm == 0 {
		params.Algorithm = there.Algorithm
	}
	digits, err := o.app.proveSecret(ctx, k, there, touch, params)
	if err != nil {
		return params, err
	}
	if p.given.Digits == 0 {
		params.Digits = digits
	}
	period := oath.ParseName(there.ID, there.Type).Period
	if p.given.Period == 0 {
		params.Period = period
	}
	if params.Digits != digits || params.Period != period || o.touchSet && o.touch != touch {
		return params, fmt.Errorf("the secret is the same, but there it has %d digits, %d s, %s touch: %w",
			digits, period/time.Second, without(touch), errDiffer)
	}
	return params, nil
}

// adoptFirst is adopt before the backup is written, which has the terms of what is adopted.
func (o *addOptions) adoptFirst(ctx context.Context, p *plan) error {
	if !p.adopted || o.changed("issuer") || o.changed("account") {
		return nil
	}
	return o.app.onKeys(ctx, o.allKeys, p.account.ID, func(k *key) error {
		list, err := k.List()
		if err == nil {
			_, err = o.adopt(ctx, k, p, list)
		}
		return err
	})
}
