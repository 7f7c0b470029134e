package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ykmfa/internal/source"
	"ykmfa/internal/term"
	"ykmfa/internal/vault"
)

func newVault(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "vault",
		Short: "The built-in encrypted store for backups: init, list, show, add-key ...",
		Long: `The vault keeps secrets in files that are encrypted by age, one for each account, in the layout of passage. Adding
one takes no passphrase. Reading takes the passphrase, asked once for each command, or a YubiKey that was made a
recipient with add-key. As a backup it is called vault:NAME, and add uses it where there is no other.

It is in ~/.local/share/ykmfa/vault, or in $YKMFA_VAULT (a directory of passage, such as ~/.passage, can be used). Copy
that directory, and keep the recovery identity apart from it: with both, "age -d -i identity.txt store/NAME.age" gets
every secret back, without ykmfa.

The passphrase comes from the program that YKMFA_VAULT_PASSPHRASE_COMMAND names, from the file descriptor that
YKMFA_VAULT_PASSPHRASE_FD names, or from a prompt; a new one from YKMFA_NEW_VAULT_PASSPHRASE_COMMAND, ..._FD, or a
prompt.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usage("ykmfa vault --help", "unknown command %q", args[0])
		},
		RunE: func(*cobra.Command, []string) error {
			return usage("ykmfa vault --help", "say what: init, list, show, remove, recipients, add-key, remove-key, rekey, passphrase, recover or check")
		},
	}
	c.AddCommand(newVaultInit(a), newVaultList(a), newVaultShow(a), newVaultRemove(a), newVaultRecipients(a),
		newVaultAddKey(a), newVaultRemoveKey(a), newVaultRekey(a), newVaultPassphrase(a), newVaultRecover(a), newVaultCheck(a))
	return c
}

func newVaultInit(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "init", Short: "Make the vault, and show its recovery identity once", Args: exactArgs(),
		RunE: func(c *cobra.Command, _ []string) error { return a.vaultInit(c.Context()) },
	}
}

func (a *app) vaultInit(ctx context.Context) error {
	v := a.openVault()
	if v.Exists() {
		return fail(exitFailed, "ykmfa vault list", "there is a vault already, in %s", v.Dir)
	}
	passphrase, err := a.newPassphrase(ctx)
	if err != nil {
		return err
	}
	identity, err := v.Create(passphrase)
	clear(passphrase)
	if err != nil {
		return vaultFailed(fmt.Errorf("%s: %w", v.Dir, err))
	}
	defer clear(identity)
	a.showIdentity(v, identity)
	return a.vaultMade(v)
}

// showIdentity shows the recovery identity on the terminal and nowhere else: not on stdout, which may be a file.
func (a *app) showIdentity(v *vault.Vault, identity []byte) {
	t, err := term.Open()
	if err != nil {
		a.say("the recovery identity is shown on a terminal only, and there is none: ykmfa sheet prints it")
		return
	}
	defer t.Close()
	t.Printf(`The recovery identity of the vault:

  %s

Write it down, and keep it where this computer is not. With it and the files in
%s, everything can be read again, by age alone.
It is not shown again, but ykmfa sheet -o recovery.pdf makes a page of it, to print.

`, identity, term.Clean(v.Dir))
}

func (a *app) vaultMade(v *vault.Vault) error {
	list, err := v.Recipients()
	if err != nil {
		return vaultFailed(err)
	}
	if a.json {
		return a.printJSON(struct {
			Dir       string `json:"dir"`
			Recipient string `json:"recipient"`
		}{v.Dir, list[0].Text})
	}
	a.say("the vault is in %s", v.Dir)
	return nil
}

type vaultLine struct {
	Name     string   `json:"name"`
	Accounts []string `json:"accounts"`
}

func newVaultList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The entries, and the accounts that they back up", Args: exactArgs(),
		RunE: func(*cobra.Command, []string) error { return a.vaultList() },
	}
}

func (a *app) vaultList() error {
	names, err := a.openVault().List()
	if err != nil {
		return vaultFailed(err)
	}
	accounts, err := a.accounts()
	if err != nil {
		return err
	}
	lines := make([]vaultLine, 0, len(names))
	t := a.table("NAME", "ACCOUNTS")
	for _, name := range names {
		l := vaultLine{name, a.usedBy(accounts, name)}
		if l.Accounts == nil {
			l.Accounts = []string{}
		}
		lines = append(lines, l)
		t.row(name, strings.Join(l.Accounts, ", "))
	}
	if a.json {
		return a.printJSON(lines)
	}
	return t.flush()
}

func newVaultShow(a *app) *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use: "show NAME", Short: "Print an entry: its secret", Args: exactArgs("NAME"),
		RunE: func(c *cobra.Command, args []string) error { return a.vaultShow(c.Context(), args[0], force) },
	}
	c.Flags().BoolVar(&force, "force", false, "also where standard output is no terminal")
	return c
}

func (a *app) vaultShow(ctx context.Context, name string, force bool) error {
	if err := a.mayShow(force); err != nil {
		return err
	}
	text, err := vaultStore{a}.Get(ctx, name)
	if err != nil {
		return vaultFailed(err)
	}
	defer clear(text)
	if a.json {
		return a.printJSON(struct {
			Name string `json:"name"`
			Text string `json:"text"`
		}{name, string(text)})
	}
	return a.showText(text)
}

// showText writes a text that somebody else may have put into the vault: a terminal gets none of its control characters.
func (a *app) showText(text []byte) error {
	if term.IsTerminal(a.Stdout) {
		for line := range strings.Lines(string(text)) {
			if _, err := fmt.Fprintln(a.Stdout, term.Clean(strings.TrimRight(line, "\r\n"))); err != nil {
				return err
			}
		}
		return nil
	}
	_, err := a.Stdout.Write(text)
	if err == nil && !bytes.HasSuffix(text, []byte("\n")) {
		_, err = a.Stdout.Write([]byte("\n"))
	}
	return err
}

// mayShow keeps secrets out of pipes and files that nobody meant.
func (a *app) mayShow(force bool) error {
	if force || term.IsTerminal(a.Stdout) {
		return nil
	}
	return usage("--force writes it there", "standard output is no terminal, and this prints a secret")
}

func newVaultRemove(a *app) *cobra.Command {
	var yes, force bool
	c := &cobra.Command{
		Use: "remove NAME", Short: "Remove an entry for good", Args: exactArgs("NAME"),
		RunE: func(c *cobra.Command, args []string) error { return a.vaultRemove(c.Context(), args[0], yes, force) },
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&force, "force", false, "also where it is the backup of an account")
	return c
}

func (a *app) vaultRemove(ctx context.Context, name string, yes, force bool) error {
	v := a.openVault()
	accounts, err := a.accounts()
	if err != nil {
		return err
	}
	for _, none := range []error{vault.ErrNone, vault.ErrName, vault.ErrNotFound, vault.ErrFolder} { // a damaged one can go
		if _, err := v.Get(name); errors.Is(err, none) {
			return vaultFailed(fmt.Errorf("%s: %w", name, err))
		}
	}
	if used := a.usedBy(accounts, name); len(used) > 0 && !force {
		return fail(exitFailed, "give the account another one first: ykmfa edit "+source.QuoteArg(used[0])+" --backup-to REF; or --force",
			"%s is the only backup of %s", name, strings.Join(used, ", "))
	}
	if err := a.confirm(ctx, fmt.Sprintf("Remove %s from the vault, for good?", name), yes); err != nil {
		return err
	}
	if err := v.Remove(name); err != nil {
		return vaultFailed(fmt.Errorf("%s: %w", name, err))
	}
	a.say("%s: removed from the vault", name)
	return nil
}
