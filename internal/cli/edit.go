package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
	"ykmfa/internal/term"
	"ykmfa/oath"
)

type editOptions struct {
	app                     *app
	name                    string
	rename, issuer, account string
	changed                 func(flag string) bool
}

func newEdit(a *app) *cobra.Command {
	o := &editOptions{app: a}
	c := &cobra.Command{
		Use:   "edit NAME",
		Short: "Change the name of an account",
		Long: `Change the short name of an account (--rename), and the issuer and account that the key shows. On the key the
account part follows the short name when it was the same.`,
		Example: "  ykmfa edit aws --rename aws-old\n  ykmfa edit aws --issuer Amazon --account alice@123456789012",
		Args:    exactArgs("NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			o.name, o.changed = args[0], c.Flags().Changed
			return o.run(c.Context())
		},
	}
	c.Flags().StringVar(&o.rename, "rename", "", "new short name `NEW`")
	c.Flags().StringVar(&o.issuer, "issuer", "", "issuer part of the credential id")
	c.Flags().StringVar(&o.account, "account", "", "account part of the credential id")
	return c
}

func (o *editOptions) run(ctx context.Context) error {
	if !o.changed("rename") && !o.changed("issuer") && !o.changed("account") {
		return usage("ykmfa edit --help", "nothing to change")
	}
	accounts, err := o.app.accounts()
	if err != nil {
		return err
	}
	if err := o.checkNew(accounts); err != nil {
		return err
	}
	t, ok := known(accounts, o.name)
	if id, err := o.newID(t); ok && err == nil && bytes.Equal(id, t.id) {
		return o.recordAccount(t, id) // only the short name changes: no key is needed
	}
	return o.app.onKey(ctx, t.id, true, func(k *key) error { return o.edit(k, accounts) })
}

func (o *editOptions) checkNew(accounts []account.Account) error {
	if !o.changed("rename") {
		return nil
	}
	if err := account.ValidateName(o.rename); err != nil {
		return usage("--issuer and --account change what the key shows", "%w", err)
	}
	if acc := accountNamed(accounts, o.rename); acc != nil && o.rename != o.name {
		return fail(exitFailed, "choose another name", "the account %s exists already", acc.Name)
	}
	return nil
}

func (o *editOptions) edit(k *key, accounts []account.Account) error {
	list, err := k.List()
	if err != nil {
		return err
	}
	t, err := resolve(o.name, accounts, list)
	if err != nil {
		return err
	}
	id, err := o.newID(t)
	if err != nil {
		return err
	}
	if id, err = o.renameOnKey(k, t, id, list); err != nil {
		return err
	}
	return o.record(k, t, id)
}

// newID is the credential id after the change.
func (o *editOptions) newID(t target) ([]byte, error) {
	name := oath.ParseName(t.id, t.typ)
	before := name
	if o.changed("rename") && (t.account == nil || name.Account == t.account.Name) {
		name.Account = o.rename
	}
	if o.changed("issuer") {
		name.Issuer = o.issuer
	}
	if o.changed("account") {
		name.Account = o.account
	}
	if name == before {
		return t.id, nil
	}
	if err := validateIDText(name.String()); err != nil {
		return nil, usage("", "%w", err)
	}
	id, err := name.ID(t.typ)
	if err != nil {
		return nil, usage("", "%w", err)
	}
	return id, nil
}

// renameOnKey returns the id under which the credential is on the key afterwards. An interrupted run that had already
// renamed it there is taken up.
func (o *editOptions) renameOnKey(k *key, t target, id []byte, list []oath.Credential) ([]byte, error) {
	if bytes.Equal(id, t.id) {
		return id, nil
	}
	_, old := find(list, t.id)
	_, taken := find(list, id)
	switch {
	case old && taken:
		return nil, fail(exitFailed, "choose another name", "%v holds a credential %q already", k, id)
	case taken:
		return id, nil
	case !old:
		return nil, notOnKey(k, t)
	}
	err := k.Rename(t.id, id)
	var missing *oath.FeatureError
	if errors.As(err, &missing) && !o.changed("issuer") && !o.changed("account") && t.account != nil {
		o.app.say("%v; on the key it stays %q", missing, t.id)
		return t.id, nil
	}
	return id, err
}

func (o *editOptions) record(k *key, t target, id []byte) error {
	o.app.updateKey(k, func(known *account.Key) { known.Rename(t.id, id) })
	if t.account == nil {
		o.app.say("%s: now %s on %v", t.name(), oath.ParseName(id, t.typ), k)
		return nil
	}
	if others := o.app.loadState().KeysHolding(t.id); len(others) > 0 && !bytes.Equal(t.id, id) {
		o.app.say("%s still has it under the old name", keyNames(others))
	}
	return o.recordAccount(t, id)
}

func (o *editOptions) recordAccount(t target, id []byte) error {
	acc := *t.account
	acc.ID = id
	if o.changed("rename") {
		acc.Name = o.rename
	}
	err := account.Update(o.app.paths.Accounts, func(f *account.File) error {
		if acc.Name != t.account.Name {
			if err := f.Rename(t.account.Name, acc.Name); err != nil {
				return err
			}
		}
		return f.Put(acc)
	})
	if err != nil {
		return err
	}
	o.app.say("%s: now %s, on the key %q", t.name(), acc.Name, id)
	return nil
}

// validateIDText refuses what could not be shown as it is.
func validateIDText(s string) error {
	if clean := term.Clean(s); clean != s {
		return usage("", "issuer and account may not hold control characters or marks that turn text around: %s", clean)
	}
	if strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ") {
		return usage("", "issuer and account may not begin or end with a space")
	}
	return nil
}
