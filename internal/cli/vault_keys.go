package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"ykmfa/internal/source"
	"ykmfa/internal/vault"
)

type recipientLine struct {
	Recipient string `json:"recipient"`
	Note      string `json:"note,omitempty"`
	Bad       string `json:"bad,omitempty"`
	Serial    uint32 `json:"serial,omitempty"`
	Slot      string `json:"slot,omitempty"`
}

func newVaultRecipients(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "recipients", Short: "Who can open the vault: the recovery identity, and YubiKeys", Args: exactArgs(),
		RunE: func(*cobra.Command, []string) error { return a.vaultRecipients() },
	}
}

func (a *app) vaultRecipients() error {
	list, err := a.openVault().Recipients()
	if err != nil {
		return vaultFailed(err)
	}
	lines := make([]recipientLine, 0, len(list))
	t := a.table("RECIPIENT", "WHOSE")
	for _, r := range list {
		l := recipientLine{Recipient: r.Text, Note: r.Note, Bad: r.Bad}
		if r.Key != nil && r.Key.Serial != 0 {
			l.Serial, l.Slot = r.Key.Serial, strconv.FormatUint(uint64(r.Key.Slot), 16)
		}
		lines = append(lines, l)
		t.row(r.Text, r.Note)
		if r.Bad != "" {
			a.warn(fmt.Sprintf("%s of .age-recipients, %s: nothing can be added to the vault", r.Text, r.Bad))
		}
	}
	if a.json {
		return a.printJSON(lines)
	}
	return t.flush()
}

func newVaultRekey(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "rekey", Short: "Encrypt every entry anew, to the recipients of today", Args: exactArgs(),
		Long: `Encrypt every entry anew, to the recipients of today: after a key was added, removed or lost. Entries are replaced one
by one, each whole; what is wrong with one does not stop the others; interrupted, run it again. A key that was removed
can still open old copies of the files.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.vaultRekey(c.Context()) },
	}
}

func (a *app) vaultRekey(ctx context.Context) error {
	ids, err := a.openers(ctx)
	if err != nil {
		return vaultFailed(err)
	}
	n := 0
	p := a.progress()
	err = a.openVault().Rekey(func(done, total int, name string) error {
		n = total
		p.show("%s, %d of %d ... ", name, done+1, total)
		return ctx.Err()
	}, ids)
	p.clear()
	var left *vault.NotRekeyed
	if errors.As(err, &left) {
		return fail(exitFailed, "bring these files back from a copy, or ykmfa vault remove NAME; then: ykmfa vault rekey", "%w", err)
	}
	if err != nil {
		return vaultFailed(err)
	}
	a.say("%s encrypted anew", entries(n))
	return nil
}

func newVaultPassphrase(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "passphrase", Short: "Change the passphrase", Args: exactArgs(),
		RunE: func(c *cobra.Command, _ []string) error { return a.vaultPassphrase(c.Context()) },
	}
}

func (a *app) vaultPassphrase(ctx context.Context) error {
	v := a.openVault()
	encrypted, there := v.Encrypted()
	switch {
	case !v.Exists():
		return vaultFailed(vault.ErrNone)
	case !there || !encrypted:
		return fail(exitFailed, "age -p -o identities FILE puts them under one", "the identities in %s are not under a passphrase", v.Dir)
	}
	old, err := a.oldPassphrase(ctx, v)
	if err != nil {
		return vaultFailed(err)
	}
	defer clear(old)
	fresh, err := a.newPassphrase(ctx)
	if err != nil {
		return err
	}
	defer clear(fresh)
	if err := v.ChangePassphrase(old, fresh); err != nil {
		return vaultFailed(err)
	}
	a.say("the passphrase is changed; copies of the file identities still open with the old one")
	return nil
}

// oldPassphrase returns one that is right.
func (a *app) oldPassphrase(ctx context.Context, v *vault.Vault) ([]byte, error) {
	for wrong := 0; ; wrong++ {
		text, err := a.passphrase(ctx, wrong)
		if err != nil {
			return nil, err
		}
		identities, err := v.Identities(text)
		clear(identities)
		if err == nil {
			return text, nil
		}
		if !errors.Is(err, vault.ErrPassphrase) {
			return nil, err
		}
	}
}

func newVaultCheck(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Open every entry, and say what is wrong with the vault", Args: exactArgs(),
		RunE: func(c *cobra.Command, _ []string) error { return a.vaultCheck(c.Context()) },
	}
}

// vaultCheck opens every entry as a backup.
func (a *app) vaultCheck(ctx context.Context) error {
	v := a.openVault()
	names, err := v.List()
	if err != nil {
		return vaultFailed(err)
	}
	if v.Pending() {
		a.warn("a change of recipients is not finished: ykmfa vault rekey")
	}
	for _, twins := range vault.Twins(names) {
		a.warn(fmt.Sprintf("%q and %q differ only in capitals: not every disk that the vault is copied to can tell them apart", twins[0], twins[1]))
	}
	resolver, done := a.resolver(ctx)
	defer done()
	lines := make([]checkLine, 0, len(names))
	bad := 0
	unfit := v.CanPut()
	if unfit != nil {
		a.complain(vaultFailed(unfit))
	}
	p := a.progress()
	defer p.clear()
	for i, name := range names {
		p.show("%s, %d of %d ... ", name, i+1, len(names))
		l := checkLine{Name: name}
		err := a.checkEntry(ctx, resolver, name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if staysShut(err) {
			return vaultFailed(err)
		}
		if err == nil && unfit == nil {
			err = inspectEntry(v, name)
		}
		if err != nil {
			p.clear()
			a.complain(err)
			l.Error = err.Error()
			bad++
		}
		lines = append(lines, l)
	}
	p.clear()
	if a.json {
		err = a.printJSON(lines)
	}
	if bad > 0 {
		return fail(exitBackup, "bring these files back from a copy, or: ykmfa vault rekey", "%d of %s not as they should be", bad, entries(len(names)))
	}
	if unfit != nil {
		return vaultFailed(unfit)
	}
	a.tell("%s: all open, and are secrets", entries(len(names)))
	return err
}

// staysShut reports whether it is the passphrase, or the key, that is missing: that says nothing about the entry.
func staysShut(err error) bool {
	var refused *source.Error
	return errors.As(err, &refused) && refused.Kind == source.KindLocked && !errors.Is(err, vault.ErrNoMatch)
}

type checkLine struct {
	Name  string `json:"name"`
	Error string `json:"error,omitempty"`
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// checkEntry opens an entry as a backup.
func (a *app) checkEntry(ctx context.Context, r *source.Resolver, name string) error {
	ref, err := a.parseRef("vault:"+name, name)
	if err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	params, err := r.Get(ctx, ref)
	clear(params.Secret)
	return err
}

// inspectEntry looks at an entry from outside.
func inspectEntry(v *vault.Vault, name string) error {
	if err := v.Inspect(name); err != nil {
		return fmt.Errorf("vault:%s: %w", name, err)
	}
	return nil
}
