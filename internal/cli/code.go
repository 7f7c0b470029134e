package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
	"ykmfa/internal/source"
	"ykmfa/oath"
)

type codeOptions struct {
	app   *app
	names []string

	next, fresh, copy, watch bool
	software, hardware       bool
	at                       string

	moment time.Time // what at says
}

func newCode(a *app) *cobra.Command {
	o := &codeOptions{app: a}
	c := &cobra.Command{
		Use:   "code [NAME...]",
		Short: "Print the code; without a name, all accounts with their codes",
		Long: `Print the code of an account, and nothing else. With several names, or none, print a table: name and code,
separated by a tab when stdout is not a terminal.

NAME is an account, a credential id, the part of one after the issuer, or a part that only one has.

With no key plugged in, the code is computed from the backup, in software, and stderr says so. --hardware never does
that, --software always does; fallback = "auto", "ask" or "never" in config.toml says what happens without either. A key
that is plugged in and fails is an error.`,
		Example: "  ykmfa code aws\n  ykmfa code aws --fresh\n  ykmfa code --json",
		RunE: func(c *cobra.Command, names []string) error {
			o.names = names
			return o.run(c.Context())
		},
	}
	f := c.Flags()
	f.BoolVar(&o.next, "next", false, "the code of the next period")
	f.StringVar(&o.at, "at", "", "the code at a `TIME`: RFC 3339, Unix seconds, HH:MM[:SS], or +90s, -2m")
	f.BoolVar(&o.fresh, "fresh", false, "never a code that was handed out before: wait for the next period")
	f.BoolVar(&o.copy, "copy", false, "copy to the clipboard in place of printing")
	f.BoolVar(&o.software, "software", false, "from the backup, in software: no key is needed")
	f.BoolVar(&o.hardware, "hardware", false, "from the key, or not at all")
	f.BoolVar(&o.watch, "watch", false, "print again whenever the codes change, until interrupted")
	return c
}

func (o *codeOptions) run(ctx context.Context) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.watch {
		return o.runWatch(ctx)
	}
	codes, err := o.codes(ctx)
	if err != nil {
		return err
	}
	if o.copy {
		return o.toClipboard(ctx, codes[0])
	}
	return o.print(codes)
}

func (o *codeOptions) check() error {
	switch {
	case o.next && o.at != "":
		return usage("", "--next and --at exclude each other")
	case o.fresh && (o.next || o.at != "" || o.watch):
		return usage("", "--fresh goes with the current time only")
	case o.fresh && len(o.names) != 1, o.copy && len(o.names) != 1:
		return usage("ykmfa code NAME", "--fresh and --copy need one name")
	case o.software && o.hardware:
		return usage("", "--software and --hardware exclude each other")
	case o.copy && (o.watch || o.app.json):
		return usage("", "--copy prints nothing")
	case o.watch && (o.next || o.at != ""):
		return usage("", "--watch goes with the current time only")
	}
	if o.at == "" {
		return nil
	}
	at, err := parseTime(o.at, o.app.Now())
	o.moment = at
	return err
}

// when is the time that codes of a period are asked for.
func (o *codeOptions) when(period time.Duration) time.Time {
	switch {
	case o.next:
		return o.app.Now().Add(period)
	case o.at != "":
		return o.moment
	}
	return o.app.Now()
}

// codes computes what was asked for, on the key if there is one.
func (o *codeOptions) codes(ctx context.Context) ([]shown, error) {
	accounts, err := o.app.accounts()
	if err != nil {
		return nil, err
	}
	if o.software {
		chosen, err := o.meant(accounts)
		if err != nil {
			return nil, err
		}
		return o.fromBackups(ctx, chosen)
	}
	codes, err := o.fromKey(ctx, accounts)
	if absent(err) && !o.hardware {
		return o.fallBack(ctx, accounts, err)
	}
	return codes, err
}

// fromKey opens the key and computes there.
func (o *codeOptions) fromKey(ctx context.Context, accounts []account.Account) (codes []shown, err error) {
	if len(o.names) == 0 {
		err = o.app.onKey(ctx, nil, false, func(k *key) error {
			codes, err = o.all(ctx, k, accounts)
			return err
		})
		return codes, err
	}
	for {
		var busyUntil time.Time // with --fresh: when the next code can be handed out
		codes = codes[:0]
		err = o.app.onKey(ctx, o.holds(accounts), false, func(k *key) error {
			targets, err := o.targets(k, accounts)
			if err != nil {
				return err
			}
			for _, t := range targets {
				code, wait, err := o.one(ctx, k, t)
				if err != nil {
					return err
				}
				busyUntil = wait
				codes = append(codes, code)
			}
			return nil
		})
		if err != nil || busyUntil.IsZero() {
			return codes, err
		}
		if err := o.await(ctx, busyUntil); err != nil {
			return nil, err
		}
	}
}

// holds is a credential id that the right one of several keys must be known to hold.
func (o *codeOptions) holds(accounts []account.Account) []byte {
	for _, name := range o.names {
		if t, ok := known(accounts, name); ok {
			return t.id
		}
	}
	return nil
}

// targets resolves the names, with a LIST only when one of them is no account's own name or id.
func (o *codeOptions) targets(k *key, accounts []account.Account) ([]target, error) {
	var list []oath.Credential
	var targets []target
	for _, name := range o.names {
		t, ok := known(accounts, name)
		if !ok {
			var err error
			if list == nil {
				if list, err = k.List(); err != nil {
					return nil, err
				}
			}
			if t, err = resolve(name, accounts, list); err != nil {
				return nil, err
			}
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// one computes the code of one credential, or returns when to come back for a fresh one.
func (o *codeOptions) one(ctx context.Context, k *key, t target) (shown, time.Time, error) {
	var none time.Time
	if t.typ == oath.HOTP && (o.next || o.at != "" || o.watch) {
		return shown{}, none, usage("ykmfa code "+source.QuoteArg(t.name()), "%s counts codes (HOTP): it has no other times, and is not watched", t.name())
	}
	at, wait, err := o.due(t)
	if err != nil || !wait.IsZero() {
		return shown{}, wait, err
	}
	var code string
	err = o.app.withTouch(ctx, k, t.name(), touches(k, t), func() (err error) {
		code, err = k.Code(t.id, t.typ, at)
		return err
	})
	if errors.Is(err, oath.ErrNotFound) {
		return shown{}, none, notOnKey(k, t)
	}
	if err != nil {
		return shown{}, none, fmt.Errorf("%s: %w", t.name(), err)
	}
	return o.show(k, t, code, at), none, nil
}

// due is the time for which a code is asked, and notes that it is handed out; or when to come back for a fresh one.
func (o *codeOptions) due(t target) (at, wait time.Time, err error) {
	period := period(t)
	at = o.when(period)
	latest := step(o.app.Now(), period) + 1
	if t.typ != oath.TOTP || step(at, period) > latest { // a far time is a question, not a login
		return at, wait, nil
	}
	last, before, err := o.app.spend(t.id, step(at, period), latest)
	switch {
	case err != nil && o.fresh:
		return at, wait, fmt.Errorf("cannot note which codes were handed out: %w", err)
	case before && o.fresh:
		return at, time.Unix(int64(last+1)*int64(period/time.Second), 0), nil
	}
	return at, wait, nil
}

// all computes every code that the key gives without a touch and without moving a counter.
func (o *codeOptions) all(ctx context.Context, k *key, accounts []account.Account) ([]shown, error) {
	at := o.when(oath.DefaultPeriod)
	answers, err := k.CalculateAll(oath.TimeChallenge(at, oath.DefaultPeriod), false)
	if err != nil {
		return nil, err
	}
	codes := make([]shown, 0, len(answers))
	for _, answer := range answers {
		t := target{id: answer.ID, typ: answer.Type, account: accountOf(accounts, answer.ID)}
		name := oath.ParseName(t.id, t.typ)
		if name.Hidden() {
			continue
		}
		at := o.when(period(t))
		s := o.show(k, t, "", at)
		s.Touch = s.Touch || answer.Touch
		if answer.Code != nil {
			s.Code = answer.Code.String()
			if name.Steam() || period(t) != oath.DefaultPeriod {
				if s.Code, err = k.Code(t.id, t.typ, at); err != nil {
					return nil, fmt.Errorf("%s: %w", t.name(), err)
				}
			}
		}
		codes = append(codes, s)
	}
	return codes, nil
}

func (o *codeOptions) await(ctx context.Context, until time.Time) error {
	o.app.say("the current code was handed out before: waiting %d s for the next", int(until.Sub(o.app.Now()).Seconds())+1)
	return o.sleepUntil(ctx, until)
}

func (o *codeOptions) sleepUntil(ctx context.Context, until time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(until.Sub(o.app.Now())):
		return nil
	}
}
