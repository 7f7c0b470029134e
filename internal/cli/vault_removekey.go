package cli

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"ykmfa/internal/vault"
)

// follow encrypts the entries anew after a change of recipients.
func (a *app) follow(ctx context.Context, v *vault.Vault) error {
	err := a.vaultRekey(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	code, hint := advise(err)
	return fail(code, hint+"; then: ykmfa vault rekey", "the recipients are changed, but not yet for the entries that exist: %w", err)
}

func newVaultRemoveKey(a *app) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "remove-key SERIAL", Short: "Keep a YubiKey, lost or not, from opening the vault", Args: exactArgs("SERIAL"),
		Long: `Take a YubiKey, named by its serial number or its recipient, out of the recipients, and encrypt every entry anew. It need not
be plugged in. The key on it stays. It can still open copies of the files that were made before: whoever has it, its PIN
and such a copy can read the secrets in that.`,
		RunE: func(c *cobra.Command, args []string) error { return a.vaultRemoveKey(c.Context(), args[0], yes) },
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

func (a *app) vaultRemoveKey(ctx context.Context, which string, yes bool) error {
	v := a.openVault()
	list, err := v.EveryRecipient()
	if err != nil {
		return vaultFailed(err)
	}
	var hits []vault.Recipient
	for _, r := range list {
		if r.Key != nil && (r.Text == which || strconv.FormatUint(uint64(r.Key.Serial), 10) == which) {
			hits = append(hits, r)
		}
	}
	if len(hits) == 0 {
		return fail(exitNoAccount, "ykmfa vault recipients", "no YubiKey %q is a recipient of the vault", which)
	}
	for _, r := range hits { // a lost YubiKey may have several
		if err := a.confirm(ctx, fmt.Sprintf("Take %s (%s) out of the vault?", r.Text, r.Note), yes); err != nil {
			return err
		}
		if err := v.RemoveRecipient(r.Text); err != nil {
			return vaultFailed(err)
		}
		a.say("%s: no longer a recipient", cmp.Or(r.Note, r.Text))
	}
	return a.follow(ctx, v)
}
