package cli

import (
	"bytes"
	"fmt"
	"strings"

	"ykmfa/internal/account"
	"ykmfa/internal/source"
	"ykmfa/oath"
)

// target is a credential that a command works on, with the account that the user calls it by, if there is one.
type target struct {
	id      []byte
	typ     oath.Type
	account *account.Account
}

// name is what the user calls it.
func (t target) name() string {
	if t.account != nil {
		return t.account.Name
	}
	return oath.ParseName(t.id, t.typ).String()
}

// known reports whether a name is, letter for letter, an account or its credential id: then no LIST is needed.
func known(accounts []account.Account, name string) (target, bool) {
	var hits []target
	for _, acc := range accounts {
		if acc.Name == name {
			return accountTarget(acc), true
		}
		if string(acc.ID) == name {
			hits = append(hits, accountTarget(acc))
		}
	}
	if len(hits) != 1 {
		return target{}, false
	}
	return hits[0], true
}

func accountTarget(acc account.Account) target {
	return target{id: acc.ID, typ: acc.Type, account: &acc}
}

// resolve finds a name among the accounts and the credentials on a key.
func resolve(name string, accounts []account.Account, list []oath.Credential) (target, error) {
	candidates := make([]account.Candidate, 0, len(accounts)+len(list))
	for _, acc := range accounts {
		candidates = append(candidates, account.Candidate{Name: acc.Name, ID: acc.ID, Type: acc.Type, Account: &acc})
	}
	for _, c := range list {
		candidates = append(candidates, account.Candidate{ID: c.ID, Type: c.Type})
	}
	hits := account.Resolve(name, candidates)
	switch len(hits) {
	case 0:
		return target{}, fail(exitNoAccount, "ykmfa list; a new one: ykmfa add", "no account %q", name)
	case 1:
		return target{id: hits[0].ID, typ: hits[0].Type, account: hits[0].Account}, nil
	}
	var names []string
	for _, h := range hits {
		names = append(names, target{id: h.ID, typ: h.Type, account: h.Account}.name())
	}
	return target{}, fail(exitNoAccount, "say one of them in full", "%q is several accounts: %s", name, strings.Join(names, ", "))
}

// find looks for a credential id in a listing.
func find(list []oath.Credential, id []byte) (oath.Credential, bool) {
	for _, c := range list {
		if bytes.Equal(c.ID, id) {
			return c, true
		}
	}
	return oath.Credential{}, false
}

// accountOf returns the account that names a credential id.
func accountOf(accounts []account.Account, id []byte) *account.Account {
	for _, acc := range accounts {
		if bytes.Equal(acc.ID, id) {
			return &acc
		}
	}
	return nil
}

// notOnKey is the error for an account whose credential is not on this key.
func notOnKey(k *key, t target) error {
	hint := "ykmfa list shows where it is"
	if t.account != nil && t.account.Backup != "" {
		hint = fmt.Sprintf("put it on this key, from %s: ykmfa add %s", t.account.Backup, source.QuoteArg(t.account.Name))
	}
	return fail(exitNoAccount, hint, "%s is not on %v", t.name(), k)
}

// accountNamed returns the account of a name, or nil.
func accountNamed(accounts []account.Account, name string) *account.Account {
	for _, acc := range accounts {
		if acc.Name == name {
			return &acc
		}
	}
	return nil
}

const accountFileHint = "correct the account file, or name another one: YKMFA_ACCOUNTS=FILE"

// accounts reads the account file.
func (a *app) accounts() ([]account.Account, error) {
	file, err := account.Load(a.paths.Accounts)
	if err != nil {
		return nil, fail(exitFailed, accountFileHint, "%w", err)
	}
	return file.Accounts(), nil
}
