package cli

import (
	"context"
	"fmt"
	"time"

	"ykmfa/internal/otpauth"
	"ykmfa/internal/source"
	"ykmfa/oath"
)

// writable is parseRef for --backup-to.
func (a *app) writable(text, name string) (source.Ref, error) {
	ref, err := a.parseRef(text, name)
	if err != nil {
		return ref, err
	}
	r := &source.Resolver{Sources: a.config.sources}
	if !r.CanWrite(ref) {
		return ref, usage(r.WriteHint(), "--backup-to cannot write to %s", ref)
	}
	return ref, nil
}

// backUp writes the secret of a credential and its terms to a place that has nothing else, and reads them back.
func (a *app) backUp(ctx context.Context, name string, id []byte, p otpauth.Params, to source.Ref) error {
	shown := oath.ParseName(id, p.Type)
	p.Issuer, p.Account = shown.Issuer, shown.Account
	uri := p.URI()
	defer otpauth.Wipe(uri)
	r, done := a.resolver(ctx, to)
	defer done()
	back, err := r.Put(ctx, to, uri)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer otpauth.Wipe(back.Secret)
	const hint = "look at the entry, and repeat with another --backup-to"
	if !sameTerms(back, p) {
		return fail(exitDiffer, hint, "%s: %s holds this secret under other terms (%s, not %s)", name, to, terms(back), terms(p))
	}
	return nil
}

// sameTerms compares all that a code depends on beside secret and counter.
func sameTerms(x, y otpauth.Params) bool { return terms(x) == terms(y) }

// terms are those of a backup in words.
func terms(p otpauth.Params) string {
	p = p.WithDefaults()
	text := fmt.Sprintf("%v, %v, %d digits", p.Type, p.Algorithm, p.Digits)
	if p.Type == oath.TOTP {
		text += fmt.Sprintf(", %d s", p.Period/time.Second)
	}
	return text
}
