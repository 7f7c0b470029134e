package cli

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"fmt"

	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

var (
	errDiffer     = errors.New("key and backup differ")
	errUnprovable = errors.New("it cannot be compared without using up a code")
)

// write stores a credential and proves it: what is not proven is taken off again. replaced says that a credential of
// the same id is overwritten on the user's order.
func (a *app) write(ctx context.Context, k *key, c oath.NewCredential, p otpauth.Params, replaced bool) error {
	if err := put(k, c, replaced); err != nil {
		return err
	}
	name := oath.ParseName(c.ID, c.Type).String()
	var err error
	if c.Type == oath.HOTP {
		err = a.proveCounter(ctx, k, c, p)
	} else {
		err = a.prove(ctx, k, c, p)
	}
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrRemoved) {
		return err
	}
	if gone := k.Delete(c.ID); gone != nil {
		err = fmt.Errorf("%s was written, is not proven, and could not be taken off again (%w): %w", name, gone, err)
	} else {
		err = fmt.Errorf("%s was taken off again: %w", name, err)
	}
	if errors.Is(err, errDiffer) {
		err = fail(exitDiffer, "run it again; if that fails too, do not trust this key", "%w", err)
	}
	return err
}

// put stores a credential.
func put(k *key, c oath.NewCredential, replaced bool) error {
	err := k.Put(c)
	var refused *oath.Error
	if replaced && errors.Is(err, oath.ErrExists) && errors.As(err, &refused) { // cards other than YubiKeys do not overwrite
		if err := k.Delete(c.ID); err != nil {
			return err
		}
		err = k.Put(c)
	}
	if err != nil {
		return explainPut(k, err)
	}
	return nil
}

func explainPut(k *key, err error) error {
	if errors.Is(err, oath.ErrPolicy) && !errors.Is(err, oath.ErrExists) && !k.HasPassword() {
		return fail(exitLocked, "ykmfa password set", "%w: a FIPS key takes accounts only under a password", err)
	}
	return err
}

// prove compares the secret on the key with the one of the backup, by the whole HMAC of a random challenge.
func (a *app) prove(ctx context.Context, k *key, c oath.NewCredential, p otpauth.Params) error {
	challenge := make([]byte, 8)
	rand.Read(challenge)
	_, err := a.compare(ctx, k, c, p, challenge)
	return err
}

// compare returns which of the challenges the key answered with the secret of the backup.
func (a *app) compare(ctx context.Context, k *key, c oath.NewCredential, p otpauth.Params, challenges ...[]byte) (int, error) {
	got, err := a.calculate(ctx, k, c.ID, c.Type, c.Touch, challenges[0])
	if err != nil {
		return 0, err
	}
	for i, challenge := range challenges {
		if got.Digits == p.Digits && hmac.Equal(got.HMAC, p.Algorithm.HMAC(p.Secret, challenge)) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%s on %v: %w", oath.ParseName(c.ID, c.Type), k, errDiffer)
}

// calculate has the key compute the whole HMAC of a challenge, and asks for the touch that this may need.
func (a *app) calculate(ctx context.Context, k *key, id []byte, t oath.Type, touch bool, challenge []byte) (oath.Response, error) {
	var got oath.Response
	err := a.withTouch(ctx, k, oath.ParseName(id, t).String(), touch, func() (err error) {
		got, err = k.CalculateFull(id, challenge)
		return err
	})
	return got, err
}

// proveSecret proves that a credential that was on the key before this command has the secret of the backup, whatever the
// length of its codes, which it returns.
func (a *app) proveSecret(ctx context.Context, k *key, there oath.Credential, touch bool, p otpauth.Params) (digits int, err error) {
	name := oath.ParseName(there.ID, there.Type).String()
	switch {
	case there.Type != p.Type || there.Algorithm != p.Algorithm:
		return 0, fmt.Errorf("%s on %v is %v with %v, the backup %v with %v: %w",
			name, k, there.Type, there.Algorithm, p.Type, p.Algorithm, errDiffer)
	case there.Type == oath.HOTP:
		return 0, fmt.Errorf("%s on %v counts codes (HOTP): %w", name, k, errUnprovable)
	}
	challenge := make([]byte, 8)
	rand.Read(challenge)
	got, err := a.calculate(ctx, k, there.ID, there.Type, touch, challenge)
	if err == nil && !hmac.Equal(got.HMAC, p.Algorithm.HMAC(p.Secret, challenge)) {
		err = fmt.Errorf("%s on %v: %w", name, k, errDiffer)
	}
	return got.Digits, err
}

// proveThere is proveSecret, and compares the length of the codes, too.
func (a *app) proveThere(ctx context.Context, k *key, there oath.Credential, touch bool, p otpauth.Params) error {
	digits, err := a.proveSecret(ctx, k, there, touch, p)
	if err == nil && digits != p.Digits {
		err = fmt.Errorf("%s on %v has %d digits, the backup %d: %w", oath.ParseName(there.ID, there.Type), k, digits, p.Digits, errDiffer)
	}
	return err
}

// proveCounter proves a credential that counts, which uses up one code, and stores it again so that its next code is
// the one that was asked for. Some cards compute with a counter one ahead.
func (a *app) proveCounter(ctx context.Context, k *key, c oath.NewCredential, p otpauth.Params) error {
	n := uint64(c.Counter)
	first, second := oath.CounterChallenge(n), oath.CounterChallenge(n+1)
	ahead, err := a.compare(ctx, k, c, p, first, second)
	if err != nil {
		return err
	}
	if ahead == 1 && c.Counter > 0 {
		c.Counter--
	}
	return put(k, c, true)
}

// resumeCounter finishes what an interrupted write left: it proves a credential that counts, whose counter may have
// moved on by the code that proving it uses up, and stores it again at its counter.
func (a *app) resumeCounter(ctx context.Context, k *key, c oath.NewCredential, p otpauth.Params) error {
	n := uint64(c.Counter)
	_, err := a.compare(ctx, k, c, p, oath.CounterChallenge(n), oath.CounterChallenge(n+1), oath.CounterChallenge(n+2))
	if errors.Is(err, errDiffer) {
		return fail(exitDiffer, "is that the counter of the interrupted run? if not, give that one", "%w", err)
	}
	if err != nil {
		return err
	}
	return a.write(ctx, k, c, p, true)
}
