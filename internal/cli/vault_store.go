package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"ykmfa/internal/account"
	"ykmfa/internal/pivkey"
	"ykmfa/internal/source"
	"ykmfa/internal/term"
	"ykmfa/internal/vault"
)

// openVault is the vault, which may not exist yet.
func (a *app) openVault() *vault.Vault { return &vault.Vault{Dir: a.paths.Vault} }

// openers are the ways to open entries of the vault, in the order in which they are tried: the YubiKeys that are plugged
// in, then the passphrase, unless a program gives that. They last as long as the command, so that each asks once.
func (a *app) openers(ctx context.Context) (vault.Identity, error) {
	if a.ways != nil {
		return a.ways, nil
	}
	v := a.openVault()
	keys, err := v.Keys()
	if err != nil {
		return nil, err
	}
	ways := &vault.Ways{}
	recovery := v.Recovery(func(wrong int) ([]byte, error) {
		if err := ways.Failed(); err != nil && wrong == 0 {
			a.say("the vault: %v", err)
		}
		return a.passphrase(ctx, wrong)
	})
	scripted := len(a.scriptWays("YKMFA_VAULT_PASSPHRASE")) > 0
	if scripted {
		ways.Identities = append(ways.Identities, recovery)
	}
	for _, k := range keys {
		ways.Identities = append(ways.Identities, vault.KeyIdentity(k, a.finder(ctx)))
	}
	if !scripted {
		ways.Identities = append(ways.Identities, recovery)
	}
	a.ways = ways
	return ways, nil
}

// secretWay is one way to get a secret that a person knows.
type secretWay struct {
	name string
	get  func(ctx context.Context) ([]byte, error)
}

// passphraseWays are the program, the file descriptor, and a number of prompts.
func (a *app) passphraseWays(prompts int) []secretWay {
	ways := a.scriptWays("YKMFA_VAULT_PASSPHRASE")
	for range prompts {
		ways = append(ways, secretWay{"the terminal", func(ctx context.Context) ([]byte, error) {
			return a.askSecret(ctx, "Passphrase of the vault:")
		}})
	}
	return ways
}

// scriptWays are those that scripts use: environment variables that begin with prefix name a program or a file descriptor.
func (a *app) scriptWays(prefix string) (ways []secretWay) {
	if command := a.getenv(prefix + "_COMMAND"); command != "" {
		ways = append(ways, secretWay{prefix + "_COMMAND", func(ctx context.Context) ([]byte, error) {
			resolver, done := a.resolver(ctx)
			defer done()
			out, err := resolver.Output(ctx, command)
			if err != nil {
				err = fail(exitLocked, "is "+prefix+"_COMMAND right? run that program by hand", "%w", err)
			}
			return firstLine(out), err
		}})
	}
	if fd := a.getenv(prefix + "_FD"); fd != "" {
		ways = append(ways, secretWay{prefix + "_FD", func(context.Context) ([]byte, error) {
			out, err := a.readFD(prefix+"_FD", fd)
			return firstLine(out), err
		}})
	}
	return ways
}

func firstLine(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return bytes.TrimRight(line, "\r")
}

// passphrase gives the next one after so many that were wrong.
func (a *app) passphrase(ctx context.Context, wrong int) ([]byte, error) {
	const tries = 3
	ways := a.passphraseWays(tries)
	if wrong > 0 && wrong <= len(ways) {
		a.say("the vault: wrong passphrase from %s", ways[wrong-1].name)
	}
	if wrong >= len(ways) {
		return nil, vault.ErrPassphrase
	}
	text, err := ways[wrong].get(ctx)
	if wrong > 0 && errors.Is(err, term.ErrNone) {
		err = vault.ErrPassphrase
	}
	return text, err
}

// vaultStore is the vault as a place for secrets.
type vaultStore struct{ app *app }

func (s vaultStore) Get(ctx context.Context, name string) ([]byte, error) {
	v := s.app.openVault()
	if _, err := v.Get(name); !errors.Is(err, vault.ErrNoMatch) { // what is not there needs no passphrase
		return nil, vaultError(err)
	}
	ids, err := s.app.openers(ctx)
	if err != nil {
		return nil, vaultError(err)
	}
	text, err := v.Get(name, ids)
	return text, vaultError(err)
}

func (s vaultStore) Put(_ context.Context, name string, value []byte) error {
	return vaultError(s.app.openVault().Put(name, value))
}

// vaultError says what an error of the vault means for a backup.
func vaultError(err error) error {
	if err == nil {
		return nil
	}
	for _, row := range []struct {
		is   error
		kind source.Kind
		hint string
	}{
		{vault.ErrNone, source.KindNotFound, "ykmfa vault init"},
		{vault.ErrNotFound, source.KindNotFound, "ykmfa vault list"},
		{vault.ErrFolder, source.KindSeveral, "ykmfa vault list"},
		{vault.ErrName, source.KindUsage, "no part of it may be empty, begin with . or -, or be longer than 200 bytes; choose another: --backup-to vault:NAME"},
		{vault.ErrExists, source.KindExists, "choose another name: --backup-to vault:NAME"},
		{vault.ErrRecipients, source.KindFailed, "correct .age-recipients in the vault: ykmfa vault recipients shows it; age-keygen -y IDENTITIES prints whose it can be"},
		{vault.ErrIdentitiesBad, source.KindLocked, "age -d opens such a file, age -p makes one under a passphrase"},
		{vault.ErrDamaged, source.KindNoSecret, "bring the file back from a copy of the vault; then: ykmfa vault check"},
		{vault.ErrNoMatch, source.KindLocked, "plug in a YubiKey that ykmfa vault recipients names, or bring back the file identities"},
		{vault.ErrPassphrase, source.KindLocked, "ykmfa vault recover takes the identity of the recovery sheet, if the passphrase is lost"},
		{pivkey.ErrNotTouched, source.KindLocked, "run it again, and touch the key while it blinks"},
		{pivkey.ErrPINBlocked, source.KindLocked, "unblock it with the PUK: ykman piv access unblock-pin"},
		{errWrongPIN, source.KindLocked, "is YKMFA_PIV_PIN_COMMAND right? it is not tried again"},
		{term.ErrNone, source.KindLocked, "run it on a terminal, or set YKMFA_VAULT_PASSPHRASE_COMMAND"},
	} {
		if errors.Is(err, row.is) {
			return source.Fail(row.kind, row.hint, err)
		}
	}
	if cardTrouble(err) {
		_, hint := advise(err)
		return source.Fail(source.KindLocked, hint, err)
	}
	return source.Fail(source.KindFailed, "", err)
}

// vaultFailed is vaultError for the verbs of the vault.
func vaultFailed(err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	rows := pivAdvices()
	if cardTrouble(err) {
		rows = advices()
	}
	for _, row := range rows {
		if errors.Is(err, row.is) {
			return &Error{Code: row.code, Hint: row.hint, Err: err}
		}
	}
	var refused *source.Error
	if errors.As(vaultError(err), &refused) && refused.Kind == source.KindNotFound {
		return fail(exitNoAccount, refused.Hint, "%w", err)
	} else if refused.Kind == source.KindLocked {
		return fail(exitLocked, refused.Hint, "the vault: %w", err)
	}
	return fail(exitFailed, refused.Hint, "the vault: %w", err)
}

// usedBy are the accounts whose backup is an entry of the vault.
func (a *app) usedBy(accounts []account.Account, entry string) (names []string) {
	for _, acc := range accounts {
		ref, err := a.parseRef(acc.Backup, acc.Name)
		if err == nil && acc.Backup != "" && ref.Scheme == "vault" && ref.Rest == entry {
			names = append(names, acc.Name)
		}
	}
	return names
}

// newPassphrase asks for a new passphrase of the vault: twice, when a person types it.
func (a *app) newPassphrase(ctx context.Context) ([]byte, error) {
	if ways := a.scriptWays("YKMFA_NEW_VAULT_PASSPHRASE"); len(ways) > 0 {
		text, err := ways[0].get(ctx)
		if err == nil && len(text) == 0 {
			err = fail(exitUsage, "", "it is empty")
		}
		if err != nil {
			return nil, fmt.Errorf("passphrase from %s: %w", ways[0].name, err)
		}
		return text, nil
	}
	first, err := a.askSecret(ctx, "New passphrase for the vault:")
	if errors.Is(err, term.ErrNone) {
		return nil, fail(exitFailed, "run it on a terminal, or set YKMFA_NEW_VAULT_PASSPHRASE_COMMAND", "new passphrase: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if len(first) < minPassphrase {
		clear(first)
		return nil, fail(exitFailed, "four words that nobody would guess are a good one",
			"a passphrase has %d characters or more: nothing was changed", minPassphrase)
	}
	again, err := a.askSecret(ctx, "Again:")
	defer clear(again)
	if err == nil && !bytes.Equal(first, again) {
		err = fail(exitFailed, "try again", "the two are not the same: nothing was changed")
	}
	if err != nil {
		clear(first)
		return nil, err
	}
	return first, nil
}

// minPassphrase is short: it only keeps an empty line, or a slip of a finger, from becoming the passphrase.
const minPassphrase = 8
