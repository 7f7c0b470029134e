package cli

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"ykmfa/internal/term"
)

// canAskForSpares fails where nobody could be asked for the next key.
func (o *restoreOptions) canAskForSpares() error {
	if !hasTerminal() {
		return usage("run it on a terminal, or use --all-keys with the keys plugged in", "--spare asks for the next key, and there is no terminal")
	}
	return nil
}

// withSpares restores the keys that are meant, then each that is inserted, until the user stops. It goes on after a key
// that fails, and fails at the end with the worst failure.
func (o *restoreOptions) withSpares(ctx context.Context) error {
	if err := o.passOver(ctx); err != nil {
		return err
	}
	var failed error
	if len(o.finished) > 0 {
		failed = o.onPresent(ctx)
	}
	if failed != nil && ctx.Err() == nil {
		o.app.complain(failed)
	}
	o.app.key = "" // it named the first one
	for {
		more, err := o.askNext(ctx)
		if err != nil || !more {
			return cmp.Or(failed, err)
		}
		o.since = o.app.Now()
		if err := o.onNew(ctx); err != nil {
			o.app.complain(err)
			failed = worse(failed, err)
		}
	}
}

// passOver makes every key that is plugged in one that is not new later on, whether it is meant now or not. None is no
// error: the first will be asked for.
func (o *restoreOptions) passOver(ctx context.Context) error {
	chosen := o.app.key
	o.app.key = ""
	defer func() { o.app.key = chosen }()
	keys, err := o.app.openAll(ctx)
	if errors.Is(err, ErrNoReader) || errors.Is(err, ErrNoCard) {
		return nil
	}
	defer closeAll(keys)
	for _, k := range keys {
		o.finished[k.DeviceID()] = true
	}
	return err
}

func (o *restoreOptions) askNext(ctx context.Context) (bool, error) {
	t, err := term.Open()
	if err != nil {
		return false, err
	}
	defer t.Close()
	answer, err := t.Ask(ctx, "Insert the next key and press Enter (q to stop):")
	return !strings.HasPrefix(strings.ToLower(answer), "q"), err
}

// onNew restores the keys that were not there before, and those that failed.
func (o *restoreOptions) onNew(ctx context.Context) error {
	return o.app.onEachKey(ctx, func(k *key) error {
		if o.finished[k.DeviceID()] {
			o.app.say("%v: it was there before, and is left as it is", k)
			return nil
		}
		return o.onOne(ctx, k)
	})
}
