package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
	"ykmfa/internal/source"
	"ykmfa/internal/term"
)

type removeOptions struct {
	app                  *app
	name                 string
	forget, yes, allKeys bool

	on map[string]bool // devices that the question named
}

func newRemove(a *app) *cobra.Command {
	o := &removeOptions{app: a, on: map[string]bool{}}
	c := &cobra.Command{
		Use:   "remove NAME",
		Short: "From the key, and from the account file",
		Long: `Remove an account from the key that is plugged in, and from the account file unless another key is known to hold
it. A credential that no account names can be removed, too. It asks first. The backup is never touched.`,
		Example: "  ykmfa remove aws\n  ykmfa remove aws --all-keys --yes\n  ykmfa remove aws --forget",
		Args:    exactArgs("NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			o.name = args[0]
			return o.run(c.Context())
		},
	}
	c.Flags().BoolVar(&o.forget, "forget", false, "only from the account file: no key is needed")
	c.Flags().BoolVar(&o.allKeys, "all-keys", false, "from every key that is plugged in")
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func (o *removeOptions) run(ctx context.Context) error {
	accounts, err := o.app.accounts()
	if err != nil {
		return err
	}
	if o.forget && o.allKeys {
		return usage("", "--forget leaves the keys alone, --all-keys does not")
	}
	if o.forget {
		return o.runForget(ctx, accounts)
	}
	t, err := o.find(ctx, accounts)
	if err != nil {
		return err
	}
	return o.app.onKeys(ctx, o.allKeys, t.id, func(k *key) error { return o.delete(k, t) })
}

// find resolves the name on the key and asks, so that the key is free while the user thinks.
func (o *removeOptions) find(ctx context.Context, accounts []account.Account) (target, error) {
	var t target
	var keys []string
	holds, _ := known(accounts, o.name)
	err := o.app.onKeys(ctx, o.allKeys, holds.id, func(k *key) error {
		there, err := o.findOn(k, accounts)
		var none *Error
		if o.allKeys && errors.As(err, &none) && none.Code == exitNoAccount {
			o.app.say("%v", err)
			return nil
		}
		if err != nil {
			return err
		}
		if t.id != nil && !bytes.Equal(t.id, there.id) {
			return fail(exitNoAccount, "say it in full", "%q is %s on %v, and %s elsewhere", o.name, there.name(), k, t.name())
		}
		t, o.on[k.DeviceID()], keys = there, true, append(keys, k.String())
		return nil
	})
	if err != nil {
		return t, err
	}
	if len(keys) == 0 {
		return t, fail(exitNoAccount, "ykmfa list shows where it is", "%s is on none of these keys", o.name)
	}
	return t, o.app.confirm(ctx, fmt.Sprintf("Remove %s from %s? %s", t.name(), strings.Join(keys, ", "), backupNote(t)), o.yes)
}

func (o *removeOptions) findOn(k *key, accounts []account.Account) (target, error) {
	list, err := k.List()
	if err != nil {
		return target{}, err
	}
	t, err := resolve(o.name, accounts, list)
	if err != nil {
		return t, err
	}
	if _, found := find(list, t.id); !found {
		return t, fail(exitNoAccount, "ykmfa remove --forget "+source.QuoteArg(t.name())+" takes it out of the account file",
			"%s is not on %v", t.name(), k)
	}
	return t, nil
}

func backupNote(t target) string {
	if t.account == nil || t.account.Backup == "" {
		return "No backup of it is known: it will be gone for good."
	}
	return "Its backup stays in " + t.account.Backup + "."
}

func (o *removeOptions) delete(k *key, t target) error {
	switch {
	case o.on[k.DeviceID()]:
	case o.allKeys:
		return nil
	default:
		return fail(exitNoKey, "run the command again", "another key was plugged in meanwhile")
	}
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
	others := o.app.loadState().KeysHolding(t.id)
	if slices.ContainsFunc(others, func(known *account.Key) bool { return o.on[known.DeviceID] }) { // its turn comes
		o.app.say("%s: removed from %v", t.name(), k)
		return nil
	}
	if len(others) > 0 {
		o.app.say("%s: removed from %v; it stays in the account file, because it is on %s too", t.name(), k, keyNames(others))
		return nil
	}
	if err := o.app.forget(t.account.Name); err != nil {
		return fail(exitFailed, "mend that, then: ykmfa remove --forget "+t.name(),
			"%s is removed from %v, but not from the account file: %w", t.name(), k, err)
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
		return fail(exitFailed, "", "not confirmed")
	}
	return nil
}
