package cli

import "context"

// onEachKey runs f on every key that is plugged in, one at a time: a password prompt for one must not hold the others.
// It goes on after a key that fails, and fails at the end with the first failure; the others are said.
func (a *app) onEachKey(ctx context.Context, f func(*key) error) error {
	readers, err := a.keyReaders(ctx)
	if err != nil {
		return err
	}
	var first error
	for _, reader := range readers {
		err := a.onReader(ctx, reader, f)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && first != nil {
			a.say("ykmfa: error: %v", err)
		}
		if first == nil {
			first = err
		}
	}
	return first
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

// onKeys is onEachKey, or onKey for the one key that is meant.
func (a *app) onKeys(ctx context.Context, all bool, holds []byte, f func(*key) error) error {
	if all {
		return a.onEachKey(ctx, f)
	}
	return a.onKey(ctx, holds, true, f)
}
