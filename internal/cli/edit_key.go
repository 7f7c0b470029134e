package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"ykmfa/internal/source"
	"ykmfa/oath"
)

// errNeedsBackup ends a run that found out, with the key open, that it needs the secret.
var errNeedsBackup = errors.New("the backup is needed")

// change brings the credential on a key from what it was to what it shall be. It can be ended at any command and begun
// again: at each, the old credential or the new one is there. It returns the id that it had, and whether it was proven.
func (o *editOptions) change(ctx context.Context, k *key, e *edit) (old []byte, proven bool, err error) {
	list, err := k.List()
	if err != nil {
		return nil, false, err
	}
	if old, err = o.before(ctx, k, e, list); err != nil {
		return nil, false, err
	}
	_, oldThere := find(list, old)
	_, newThere := find(list, e.want.ID)
	switch {
	case !oldThere && !newThere:
		return nil, false, notOnKey(k, e.t)
	case oldThere && !newThere && !o.rewrites():
		err := k.Rename(old, e.want.ID)
		if !errors.Is(err, oath.ErrNotSupported) {
			return old, false, err
		}
		if e.backup() == "" || e.t.typ == oath.HOTP {
			return old, false, o.cannotRename(e, old, err)
		}
	case e.t.typ == oath.HOTP && bytes.Equal(old, e.want.ID): // done before
		return old, false, nil
	case (e.backup() == "" || e.t.typ == oath.HOTP) && !bytes.Equal(old, e.want.ID):
		return old, false, o.unprovable(k, e, oldThere)
	}
	if e.params.Secret == nil {
		return nil, false, errNeedsBackup
	}
	return old, true, o.rewrite(ctx, k, e, old, list)
}

// before returns the id under which a key has the account. Where the account file says the new one already, the proof
// tells which of the credentials that may be meant is the old one; with none, the new one is all there is.
func (o *editOptions) before(ctx context.Context, k *key, e *edit, list []oath.Credential) ([]byte, error) {
	if !e.resumed {
		return e.t.id, nil
	}
	touched, err := k.touchFlags()
	if err != nil {
		return nil, err
	}
	old := e.want.ID
	var names []string
	for _, c := range list {
		if !o.was(c, e) {
			continue
		}
		_, err := o.app.proveSecret(ctx, k, c, touched[string(c.ID)], e.params)
		if errors.Is(err, errDiffer) || errors.Is(err, errUnprovable) {
			continue // another's
		}
		if err != nil {
			return nil, err
		}
		old, names = c.ID, append(names, fmt.Sprintf("%q", c.ID))
	}
	if len(names) > 1 {
		return nil, fail(exitFailed, "take off those that are not needed: ykmfa remove ID",
			"%v holds the secret of %s several times: %s", k, e.t.name(), strings.Join(names, ", "))
	}
	return old, nil
}

// cannotRename says why, unless the short name alone can change.
func (o *editOptions) cannotRename(e *edit, old []byte, why error) error {
	if e.t.account == nil || o.changed("issuer") || o.changed("account") {
		return fmt.Errorf("%s: %w, and there is no backup to write it from", e.t.name(), why)
	}
	o.app.say("%v; on the key it stays %q", why, old)
	e.want.ID = old
	return nil
}

// unprovable decides about a credential of the new id without a backup to compare it with: it is the old one, renamed by a
// run that was interrupted, if that is what the key was last seen with.
func (o *editOptions) unprovable(k *key, e *edit, oldThere bool) error {
	if known := k.known(); !oldThere && known != nil && known.Holds(e.t.id) && !known.Holds(e.want.ID) {
		return nil
	}
	return fail(exitFailed, "choose another name, or: ykmfa remove "+source.QuoteArg(string(e.want.ID)),
		"%v holds a credential %q already", k, e.want.ID)
}

// rewrite proves what is there, writes and proves what is not, and then removes the old one.
func (o *editOptions) rewrite(ctx context.Context, k *key, e *edit, old []byte, list []oath.Credential) error {
	touched, err := k.touchFlags()
	if err != nil {
		return err
	}
	digits, err := o.proveAll(ctx, k, e, touched, list, old)
	if err != nil {
		return err
	}
	o.settle(e, digits, touched[string(old)] || touched[string(e.want.ID)])
	c := e.credential()
	_, newThere := find(list, c.ID)
	switch n := k.Capacity(); {
	case newThere && digits == c.Digits && touched[string(c.ID)] == c.Touch: // an interrupted run got so far
	case newThere:
		err = o.overwrite(ctx, k, e, c)
	case n > 0 && len(list) >= n:
		err = fmt.Errorf("%s: nothing was changed: %w: %v holds %d of %d accounts, and the new one must be proven before the old one goes",
			e.t.name(), oath.ErrFull, k, len(list), n)
	default:
		err = o.app.write(ctx, k, c, e.params, false)
	}
	if _, found := find(list, old); err != nil || !found || bytes.Equal(old, c.ID) {
		return err
	}
	return k.Delete(old)
}

// proveAll proves what is there under the old id and the new one, and returns the digits of the last of them.
func (o *editOptions) proveAll(ctx context.Context, k *key, e *edit, touched map[string]bool, list []oath.Credential, old []byte) (digits int, err error) {
	ids := [][]byte{old}
	if !bytes.Equal(old, e.want.ID) {
		ids = append(ids, e.want.ID)
	}
	for _, id := range ids {
		there, found := find(list, id)
		if !found {
			continue
		}
		if digits, err = o.app.proveSecret(ctx, k, there, touched[string(id)], e.params); err != nil {
			return 0, unchanged(e, id, err)
		}
	}
	return digits, nil
}

// settle leaves terms that no flag changes as they are on the key, whatever the account file says.
func (o *editOptions) settle(e *edit, digits int, touch bool) {
	if !o.changed("digits") {
		e.want.Digits, e.params.Digits = digits, digits
	}
	if !o.changed("touch") && !o.changed("no-touch") {
		e.want.Touch = touch
	}
}

// unchanged is the error for a key and a backup that are not what they should be, found before anything was written.
func unchanged(e *edit, id []byte, err error) error {
	name, hint := e.t.name(), ""
	switch {
	case !errors.Is(err, errDiffer):
		return fmt.Errorf("%s: nothing was changed: %w", name, err)
	case bytes.Equal(id, e.t.id):
		hint = fmt.Sprintf("which one is right? ykmfa add %s --force overwrites the key; or correct %s", source.QuoteArg(name), e.t.account.Backup)
	default:
		hint = "that is another credential: choose another name, or: ykmfa remove " + source.QuoteArg(string(id))
	}
	return fail(exitDiffer, hint, "%s: nothing was changed: %w", name, err)
}

// overwrite stores the new terms under the id of a credential that was just proven. If nobody touches the key to prove
// them, they stay all the same: under this id there is nothing else, and the next run proves them.
func (o *editOptions) overwrite(ctx context.Context, k *key, e *edit, c oath.NewCredential) error {
	if err := put(k, c, true); err != nil {
		return err
	}
	err := o.app.prove(ctx, k, c, e.params)
	name := e.t.name()
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, errDiffer):
		return fmt.Errorf("%s is written anew on %v, but not proven: %w", name, k, err)
	}
	if gone := k.Delete(c.ID); gone != nil {
		return fmt.Errorf("%s was written anew, and could not be taken off again (%w): %w", name, gone, err)
	}
	return fail(exitDiffer, "ykmfa add "+source.QuoteArg(name)+" writes it again; if that fails too, do not trust this key",
		"%s was taken off again: after it was written, %w", name, err)
}
