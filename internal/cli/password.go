package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ykmfa/internal/keyring"
	"ykmfa/internal/term"
	"ykmfa/oath"
)

func newPassword(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "password",
		Short: "Set, clear, remember or forget the password of the OATH applet",
		Long: `The password locks the OATH applet of a key. Where it is needed, it comes from the keyring of the operating system
(after "password remember"), from the program that YKMFA_PASSWORD_COMMAND names, from the file descriptor that
YKMFA_PASSWORD_FD names, or from a prompt. A new one comes from YKMFA_NEW_PASSWORD_COMMAND, YKMFA_NEW_PASSWORD_FD, or
a prompt.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usage("ykmfa password --help", "unknown command %q", args[0])
		},
		RunE: func(*cobra.Command, []string) error {
			return usage("ykmfa password --help", "say what: set, clear, remember or forget")
		},
	}
	verb := func(name, short string, run func(context.Context, bool) error) *cobra.Command {
		var flag bool
		v := &cobra.Command{
			Use: name, Short: short, Args: exactArgs(),
			RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), flag) },
		}
		switch name {
		case "set":
			v.Flags().BoolVar(&flag, "remember", false, "remember it in the keyring, too")
		case "forget":
			v.Flags().BoolVar(&flag, "all", false, "of all keys that were ever seen: no key is needed")
		}
		return v
	}
	c.AddCommand(
		verb("set", "Set or change the password", a.passwordSet),
		verb("clear", "Remove the password", a.passwordClear),
		verb("remember", "Remember the password in the keyring", a.passwordRemember),
		verb("forget", "Forget a remembered password", a.passwordForget))
	return c
}

func (a *app) passwordSet(ctx context.Context, remember bool) error {
	return a.onKey(ctx, nil, true, func(k *key) error {
		access, err := a.newAccessKey(ctx, k)
		if err != nil {
			return err
		}
		defer clear(access)
		if err := a.unlock(ctx, k); err != nil { // the key may have been left to others while the user typed
			return err
		}
		k.opened = true
		if err := k.SetKey(access); err != nil {
			return err
		}
		a.say("%v: the password is set", k)
		return a.updateKeyring(k, access, remember)
	})
}

// newAccessKey asks for the new password: twice, when a person types it.
func (a *app) newAccessKey(ctx context.Context, k *key) ([]byte, error) {
	ways := a.passwordWays("YKMFA_NEW_PASSWORD", 0)
	if len(ways) == 0 {
		ways = []accessKey{{name: "the terminal", human: true, get: a.askNew}}
	}
	access, err := a.whileFree(ctx, k, ways[0])
	if errors.Is(err, term.ErrNone) {
		return nil, fail(exitFailed, "run it on a terminal, or set YKMFA_NEW_PASSWORD_COMMAND", "new password: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("new password: %w", err)
	}
	if access == nil {
		return nil, fail(exitFailed, "to remove the password: ykmfa password clear", "the new password is empty: nothing was changed")
	}
	return access, nil
}

func (a *app) askNew(ctx context.Context, k *key) ([]byte, error) {
	first, err := a.askSecret(ctx, fmt.Sprintf("New password for %v:", k))
	if err != nil {
		return nil, err
	}
	again, err := a.askSecret(ctx, "Again:")
	if err != nil {
		return nil, err
	}
	defer clear(again)
	if !bytes.Equal(first, again) {
		clear(first)
		return nil, fail(exitFailed, "try again", "the two are not the same: nothing was changed")
	}
	return derive(first, k), nil
}

// updateKeyring remembers a new access key when asked to, or when the old one was remembered.
func (a *app) updateKeyring(k *key, access []byte, remember bool) error {
	if !remember {
		old, err := a.keyring.Get(k.DeviceID())
		if err != nil || old == nil {
			return nil
		}
	}
	if err := a.keyring.Set(k.DeviceID(), access); err != nil {
		return fail(exitFailed, "start the keyring, then: ykmfa password remember", "the password is set, but not remembered: %w", err)
	}
	a.say("%v: the password is remembered", k)
	return nil
}

func (a *app) passwordClear(ctx context.Context, _ bool) error {
	return a.onKey(ctx, nil, true, func(k *key) error {
		if !k.HasPassword() {
			a.say("%v has no password", k)
			return nil
		}
		err := k.ClearKey()
		if errors.Is(err, oath.ErrPolicy) {
			return fail(exitFailed, "set another one: ykmfa password set", "%w: a FIPS key keeps its password", err)
		}
		if err != nil {
			return err
		}
		k.opened = false
		if _, err := a.keyring.Delete(k.DeviceID()); err != nil {
			a.detail("%v", err)
		}
		a.say("%v: the password is removed", k)
		return nil
	})
}

// passwordRemember asks for the password even when one is remembered: that one may be wrong.
func (a *app) passwordRemember(ctx context.Context, _ bool) error {
	k, err := a.choose(ctx, nil)
	if err != nil {
		return err
	}
	defer k.close()
	if err := a.identify(k); err != nil {
		return err
	}
	if !k.HasPassword() {
		return fail(exitFailed, "ykmfa password set", "%v has no password", k)
	}
	for _, way := range a.passwordWays("YKMFA_PASSWORD", 1) {
		access, err := a.whileFree(ctx, k, way)
		if err != nil {
			return fmt.Errorf("password from %s: %w", way.name, err)
		}
		if access == nil {
			continue
		}
		defer clear(access)
		if err := a.validate(k, access); err != nil {
			return onKeyError(k, err)
		}
		if err := a.keyring.Set(k.DeviceID(), access); err != nil {
			return fail(exitFailed, "start a keyring (Secret Service), or set YKMFA_PASSWORD_COMMAND", "cannot remember: %w", err)
		}
		a.say("%v: the password is remembered", k)
		return nil
	}
	return fail(exitLocked, "", "no password was given")
}

func (a *app) passwordForget(ctx context.Context, all bool) error {
	var ids []string
	if all {
		for id := range a.loadState().Keys {
			ids = append(ids, id)
		}
	} else {
		k, err := a.choose(ctx, nil)
		if err != nil {
			return err
		}
		k.close()
		ids = append(ids, k.DeviceID())
	}
	n := 0
	for _, id := range ids {
		had, err := a.keyring.Delete(id)
		if errors.Is(err, keyring.ErrUnavailable) {
			return fail(exitFailed, "ykmfa remembers passwords only in a keyring", "%w", err)
		}
		if err != nil {
			return err
		}
		if had {
			n++
		}
	}
	a.say("%d forgotten", n)
	return nil
}
