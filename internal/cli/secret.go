package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"ykmfa/internal/account"
	"ykmfa/internal/source"
	"ykmfa/internal/term"
)

// resolver reads and writes secret references. typed are the references that this user gave here: they may run what
// they name, now and later; another one from the account file is asked about. done gives the terminal back.
func (a *app) resolver(ctx context.Context, typed ...source.Ref) (r *source.Resolver, done func()) {
	r = &source.Resolver{
		Stdin:   a.Stdin,
		Prompt:  a.askSecret,
		Getenv:  a.getenv,
		Environ: a.Environ,
		Memory:  &a.memory,
		Vault:   vaultStore{a},
		Allow: func(ref source.Ref) error {
			if slices.Contains(typed, ref) {
				return a.rememberAllowed(ref)
			}
			return a.allow(ctx, ref)
		},
		Warn: a.warnOnce(),
	}
	if a.config != nil {
		r.Sources = a.config.sources
	}
	t, err := term.Open()
	if err != nil {
		return r, func() {}
	}
	r.TTY = t.File()
	return r, t.Close
}

// warnOnce says each warning once: of many secrets in one place, it is about that place.
func (a *app) warnOnce() func(text string) {
	said := map[string]bool{}
	return func(text string) {
		if !said[text] {
			a.warn(text)
		}
		said[text] = true
	}
}

// warn says what may be wrong and stops nothing, under --json as an object of its own.
func (a *app) warn(text string) {
	switch {
	case a.quiet:
	case a.json:
		json.NewEncoder(a.Stderr).Encode(struct {
			Warning string `json:"warning"`
		}{term.Clean(text)})
	default:
		a.say("ykmfa: warning: %s", text)
	}
}

// allow asks once whether a reference from the account file may run its program, and remembers a yes.
func (a *app) allow(ctx context.Context, ref source.Ref) error {
	text := ref.String()
	if slices.Contains(a.loadState().Allowed, text) {
		return nil
	}
	runs := ref.Rest
	if ref.Scheme != "cmd" {
		runs = text
	}
	question := fmt.Sprintf("The account file says to run %q. Run it, now and from now on?", runs)
	if err := a.confirm(ctx, question, false); err != nil {
		return fmt.Errorf("it came from the account file and was never allowed; %w", err)
	}
	return a.rememberAllowed(ref)
}

// rememberAllowed lets a reference run its program from now on. Where that cannot be noted, it is asked about again.
func (a *app) rememberAllowed(ref source.Ref) error {
	text := ref.String()
	if slices.Contains(a.loadState().Allowed, text) {
		return nil
	}
	if err := a.updateState(func(s *account.State) { s.Allowed = append(s.Allowed, text) }); err != nil {
		a.detail("%v", err)
	}
	return nil
}
