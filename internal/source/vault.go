package source

import (
	"context"
	"errors"
)

// Vault is the built-in store. Its errors are *Error.
type Vault interface {
	// Get opens an entry, for the caller to wipe.
	Get(ctx context.Context, name string) ([]byte, error)
	// Put makes an entry, and proves by itself what it wrote: opening it may take a passphrase, writing does not.
	Put(ctx context.Context, name string, value []byte) error
}

// builtInVault is the row of vault.
var builtInVault = manager{
	form:    "vault:NAME",
	folders: true,
	proves:  true,
	parse:   parsePass,
	get: func(ctx context.Context, r *Resolver, at place) ([]byte, error) {
		if r.Vault == nil {
			return nil, errNoVault()
		}
		return r.Vault.Get(ctx, at.name)
	},
	put: func(ctx context.Context, r *Resolver, at place, value []byte) error {
		if r.Vault == nil {
			return errNoVault()
		}
		return r.Vault.Put(ctx, at.name, value)
	},
}

func errNoVault() error {
	return fail(KindNotFound, "ykmfa vault init", errors.New("there is no vault"))
}

// Fail makes an *Error for an implementation of Vault.
func Fail(kind Kind, hint string, err error) error { return fail(kind, hint, err) }
