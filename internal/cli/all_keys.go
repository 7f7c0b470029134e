package cli

import (
	"context"
	"fmt"
)

// onEachKey runs f on every key that is plugged in, one at a time: a password prompt for one must not hold the others.
// It goes on after a key that fails, says so, and fails at the end with the worst failure.
func (a *app) onEachKey(ctx context.Context, f func(*key) error) error {
	readers, err := a.keyReaders(ctx)
	if err != nil {
		return err
	}
	var failed error
	for i, reader := range readers {
		err := a.onReader(ctx, reader, f)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		before := failed
		failed = worse(failed, err)
		// The user should not have to wait for it until the last key is done, whose own is returned if it is the worst.
		if err != nil && (i < len(readers)-1 || failed == before) {
			a.complain(err)
		}
	}
	return failed
}

// keyReaders returns the readers with a key that is meant. There is at least one, or an error.
func (a *app) keyReaders(ctx context.Context) ([]string, error) {
	keys, err := a.openAll(ctx)
	if err != nil {
		return nil, err
	}
	defer closeAll(keys)
	var readers []string
	for _, k := range keys {
		readers = append(readers, k.reader)
	}
	return readers, nil
}

// onReader is onKey for the key in one reader.
func (a *app) onReader(ctx context.Context, reader string, f func(*key) error) error {
	k, err := a.openReader(ctx, reader)
	if err != nil {
		return fmt.Errorf("reader %q: %w", reader, err)
	}
	defer k.forget()
	if err := a.identify(k); err != nil {
		return onKeyError(k, err)
	}
	if err := a.unlock(ctx, k); err != nil {
		return onKeyError(k, err)
	}
	if err := f(k); err != nil {
		return onKeyError(k, err)
	}
	return nil
}

// away leaves the key to others while f asks a person, and comes back to the same one, which is locked again if it has
// a password.
func (a *app) away(ctx context.Context, k *key, f func() error) error {
	before := k.Session
	k.close()
	if err := f(); err != nil {
		return err
	}
	if err := a.reopen(ctx, k); err != nil {
		return err
	}
	if k.DeviceID() != before.DeviceID() {
		k.close()
		k.Session = before
		return fail(exitNoKey, "run the command again", "another key was plugged in meanwhile")
	}
	return nil
}

// onKeys is onEachKey, or onKey for the one key that is meant.
func (a *app) onKeys(ctx context.Context, all bool, holds []byte, f func(*key) error) error {
	if all {
		return a.onEachKey(ctx, f)
	}
	return a.onKey(ctx, holds, true, f)
}
