package cli

import "context"

// everyKey runs f on every key that is plugged in, one at a time: a password prompt for one must not hold the others. It
// goes on after a key that fails, and fails at the end.
func (a *app) everyKey(ctx context.Context, f func(*key) error) error {
	keys, err := a.openAll(ctx)
	if err != nil {
		return err
	}
	readers := make([]string, len(keys))
	for i, k := range keys {
		readers[i] = k.reader
	}
	closeAll(keys)
	var failed error
	for _, reader := range readers {
		err := a.onReader(ctx, reader, f)
		if err != nil && failed != nil {
			a.say("ykmfa: error: %v", failed)
		}
		if err != nil {
			failed = err
		}
	}
	return failed
}

// onKeys is everyKey, or onKey for the one key that is meant.
func (a *app) onKeys(ctx context.Context, all bool, holds []byte, f func(*key) error) error {
	if all {
		return a.everyKey(ctx, f)
	}
	return a.onKey(ctx, holds, true, f)
}
