package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ykmfa/internal/account"
	"ykmfa/oath"
)

// key is a key that is plugged in, with the OATH applet selected.
type key struct {
	*oath.Session
	app    *app
	card   Card
	reader string
	opened bool   // unlocked: must be locked again when it is left
	access []byte // the access key that unlocked it, until the command ends
}

// known is what the state directory remembers about the key; nil on first sight.
func (k *key) known() *account.Key { return k.app.loadState().Keys[k.DeviceID()] }

// String names the key for people.
func (k *key) String() string {
	if serial := k.serial(); serial != 0 {
		return fmt.Sprintf("YubiKey %d", serial)
	}
	return fmt.Sprintf("the key in %q", k.reader)
}

// serial is 0 when it is not known.
func (k *key) serial() uint32 {
	if known := k.known(); known != nil {
		return known.Serial
	}
	return 0
}

// keyID is what data tells keys apart by.
type keyID struct {
	Serial uint32 `json:"serial,omitempty"`
	Device string `json:"device"`
}

func (k *key) id() keyID { return keyID{k.serial(), k.DeviceID()} }

func idOf(known *account.Key) keyID { return keyID{known.Serial, known.DeviceID} }

// label is the serial number, or the device id of a key that has none: as --key takes it.
func (k keyID) label() string {
	if k.Serial == 0 {
		return k.Device
	}
	return strconv.FormatUint(uint64(k.Serial), 10)
}

// close leaves the key to others, locked as it was found.
func (k *key) close() {
	if k.card != nil {
		k.card.Close(k.opened)
		k.card, k.opened = nil, false
	}
}

// forget closes the key and wipes what unlocked it.
func (k *key) forget() {
	k.close()
	clear(k.access)
}

// onKey chooses the key, unlocks it, and runs f on it. Of several keys it takes the one that --key names, or the only
// one that is known to hold a credential id. learn asks for the serial number of a key never seen before.
func (a *app) onKey(ctx context.Context, holds []byte, learn bool, f func(*key) error) error {
	k, err := a.choose(ctx, holds)
	if err != nil {
		return err
	}
	defer k.forget()
	if learn {
		if err := a.identify(k); err != nil {
			return onKeyError(k, err)
		}
	}
	if err := a.unlock(ctx, k); err != nil {
		return fmt.Errorf("%v: %w", k, err)
	}
	if err := f(k); err != nil {
		return onKeyError(k, err)
	}
	return nil
}

// onKeyError names the key in an error that came from it, once.
func onKeyError(k *key, err error) error {
	if strings.Contains(err.Error(), k.String()) {
		return err
	}
	return fmt.Errorf("%v: %w", k, err)
}

// choose opens the one key that is meant, and leaves the others alone.
func (a *app) choose(ctx context.Context, holds []byte) (*key, error) {
	keys, err := a.openAll(ctx)
	if err != nil {
		return nil, err
	}
	if len(keys) == 1 {
		return keys[0], nil
	}
	var holder *key
	n := 0
	for _, k := range keys {
		if known := k.known(); holds != nil && known != nil && known.Holds(holds) {
			holder = k
			n++
		}
	}
	for _, k := range keys {
		if n != 1 || k != holder {
			k.close()
		}
	}
	if n == 1 {
		return holder, nil
	}
	return nil, severalKeys(keys)
}

func severalKeys(keys []*key) error {
	var list []string
	for _, k := range keys {
		list = append(list, fmt.Sprintf("%v (%s)", k, k.reader))
	}
	return usage("say which: --key SERIAL, or part of the reader's name", "%d keys are plugged in: %s",
		len(keys), strings.Join(list, ", "))
}

// openAll opens every key that is plugged in, or those that --key names. There is at least one, or an error that says
// what was found instead.
func (a *app) openAll(ctx context.Context) ([]*key, error) {
	keys, skipped, err := openEach(ctx, a, a.openReader)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, worst(skipped)
	}
	if a.key == "" {
		return keys, nil
	}
	return a.named(keys, skipped)
}

// openEach opens what is in every reader that may be meant. What does not open is said under -v, and why is returned.
func openEach[K interface{ close() }](ctx context.Context, a *app, open func(context.Context, string) (K, error)) (keys []K, skipped []error, err error) {
	readers, err := a.Cards.Readers(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, reader := range a.wanted(readers) {
		k, err := open(ctx, reader)
		if ctx.Err() != nil {
			closeAll(keys)
			return nil, nil, ctx.Err()
		}
		if err != nil {
			err = fmt.Errorf("reader %q: %w", reader, err)
			a.detail("skipped %v", err)
			skipped = append(skipped, err)
			continue
		}
		keys = append(keys, k)
	}
	return keys, skipped, nil
}

func (a *app) openReader(ctx context.Context, reader string) (*key, error) {
	k := &key{app: a, reader: reader}
	if err := a.reopen(ctx, k); err != nil {
		return nil, err
	}
	return k, nil
}

// reopen opens the key's reader and selects the applet.
func (a *app) reopen(ctx context.Context, k *key) error {
	const tries = 3 // a program that was killed while it used the key has it reset a moment after it is free
	var err error
	for range tries {
		if err = a.tryOpen(ctx, k); !errors.Is(err, ErrReset) {
			return err
		}
	}
	return err
}

func (a *app) tryOpen(ctx context.Context, k *key) error {
	card, err := a.Cards.Open(ctx, k.reader)
	if err != nil {
		return err
	}
	session, err := oath.Select(card)
	if err != nil {
		card.Close(false)
		return err
	}
	k.card, k.Session = card, session
	return nil
}

func closeAll[K interface{ close() }](keys []K) {
	for _, k := range keys {
		k.close()
	}
}

// identify learns serial number, firmware and form of a key on first sight, and remembers them. It costs three
// commands, and locks the applet again.
func (a *app) identify(k *key) error {
	if known := k.known(); known != nil && known.Firmware != "" {
		return nil
	}
	device, err := oath.ReadDevice(k.card)
	if err != nil {
		return err
	}
	if err := k.Select(); err != nil {
		return err
	}
	version := device.Version
	if version == (oath.Version{}) {
		version = k.Version
	}
	a.updateKey(k, func(known *account.Key) {
		known.Serial, known.Firmware, known.Form = device.Serial, version.String(), device.Form
		if device.FIPS {
			known.Form += fipsMark
		}
	})
	a.forgetBefore(k)
	return nil
}

// fipsMark is the end of the form of a FIPS key.
const fipsMark = ", FIPS"

// closed fails when a key takes no account until it has a password.
func (k *key) closed() error {
	if known := k.known(); k.HasPassword() || known == nil || !strings.HasSuffix(known.Form, fipsMark) {
		return nil
	}
	return fail(exitLocked, "ykmfa password set", "%w: a FIPS key takes accounts only under a password", oath.ErrPolicy)
}

// ready fails when there is no key, or several of which none is meant. With a single reader it asks the key nothing:
// the work will, after what can be done without a key.
func (a *app) ready(ctx context.Context, several bool) error {
	readers, err := a.Cards.Readers(ctx)
	if err != nil || several || len(readers) == 1 {
		return err
	}
	k, err := a.choose(ctx, nil)
	if err == nil {
		k.close()
	}
	return err
}
