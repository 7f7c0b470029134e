package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
	"ykmfa/internal/term"
)

type removeOptions struct {
	app         *app
	name        string
	forget, yes bool
}

func newRemove(a *app) *cobra.Command {
	o := &removeOptions{app: a}
	c := &cobra.Command{
		Use:   "remove NAME",
		Short: "From the key, and from the account file",
		Long: `Remove an account from the key that is plugged in, and from the account file unless another key is known to hold
it. The backup is never touched.`,
		Args: exactArgs("NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			o.name = args[0]
			return o.run(c.Context())
		},
	}
	c.Flags().BoolVar(&o.forget, "forget", false, "only from the account file: no key is needed")
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func (o *removeOptions) run(ctx context.Context) error {
	accounts, err := o.app.accounts()
	if err != nil {
		return err
	}
	if o.forget {
		return o.runForget(ctx, accounts)
	}
	t, err := o.find(ctx, accounts)
	if err != nil {
		return err
	}
	return o.app.onKey(ctx, t.id, true, func(k *key) error { return o.delete(k, t) })
}

// find resolves the name on the key and asks, so that the key is free while the user thinks.
func (o *removeOptions) find(ctx context.Context, accounts []account.Account) (target, error) {
	var t target
	var question string
	holds, _ := known(accounts, o.name)
	err := o.app.onKey(ctx, holds.id, true, func(k *key) error {
		list, err := k.List()
		if err != nil {
			return err
		}
		if t, err = resolve(o.name, accounts, list); err != nil {
			return err
		}
		if _, found := find(list, t.id); !found {
			return fail(exitNoAccount, "ykmfa remove --forget "+t.name()+" takes it out of the account file",
				"%s is not on %v", t.name(), k)
		}
		question = fmt.Sprintf("Remove %s from %v? %s", t.name(), k, backupNote(t))
		return nil
	})
	if err != nil {
		return t, err
	}
	return t, o.app.confirm(ctx, question, o.yes)
}

func backupNote(t target) string {
	if t.account == nil || t.account.Backup == "" {
		return "No backup of it is known: it will be gone for good."
	}
	return "Its backup stays in " + t.account.Backup + "."
}

func (o *removeOptions) delete(k *key, t target) error {
	if err := k.Delete(t.id); err != nil {
		return err
	}
	o.app.updateKey(k, func(known *account.Key) {
		known.Keep(func(id []byte) bool { return string(id) != string(t.id) })
	})
	if t.account == nil {
		o.app.say("%s: removed from %v", t.name(), k)
		return nil
	}
	if others := o.app.loadState().KeysHolding(t.id); len(others) > 0 {
		o.app.say("%s: removed from %v; it stays in the account file, because it is on %s too", t.name(), k, keyNames(others))
		return nil
	}
	if err := o.app.forget(t.account.Name); err != nil {
		return err
	}
	o.app.say("%s: removed from %v and from the account file", t.name(), k)
	return nil
}

func keyNames(keys []*account.Key) string {
	var names []string
	for _, k := range keys {
		if k.Serial == 0 {
			names = append(names, "key "+k.DeviceID)
			continue
		}
		names = append(names, fmt.Sprintf("YubiKey %d", k.Serial))
	}
	return strings.Join(names, ", ")
}

func (o *removeOptions) runForget(ctx context.Context, accounts []account.Account) error {
	t, err := resolve(o.name, accounts, nil)
	if err != nil {
		return err
	}
	question := fmt.Sprintf("Take %s out of the account file? %s It stays on the keys.", t.name(), backupNote(t))
	if err := o.app.confirm(ctx, question, o.yes); err != nil {
		return err
	}
	if err := o.app.forget(t.account.Name); err != nil {
		return err
	}
	o.app.say("%s: taken out of the account file", t.name())
	return nil
}

// forget takes an account out of the account file.
func (a *app) forget(name string) error {
	return account.Update(a.paths.Accounts, func(f *account.File) error { return f.Remove(name) })
}

// confirm asks a question that only "y" or "yes" answers with yes.
func (a *app) confirm(ctx context.Context, question string, yes bool) error {
	if yes {
		return nil
	}
	t, err := term.Open()
	if err != nil {
		return usage("--yes answers it", "there is no terminal to ask: %s", question)
	}
	defer t.Close()
	answer, err := t.Ask(ctx, term.Clean(question)+" [y/N]")
	if err != nil {
		return err
	}
	if answer = strings.ToLower(answer); answer != "y" && answer != "yes" {
		return fail(exitFailed, "", "not confirmed: nothing was changed")
	}
	return nil
}
