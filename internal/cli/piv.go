package cli

import (
	"context"
	"crypto/ecdh"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ykmfa/internal/pivkey"
	"ykmfa/internal/vault"
)

// piv is a YubiKey with its PIV applet selected. The OATH applet is closed meanwhile: only one is selected at a time.
type piv struct {
	*pivkey.Session
	app    *app
	reader string
	serial uint32 // 0: it does not tell
	card   Card
	opened bool // the PIN or the management key was given: the card is reset when it is left
}

// String names the key for people.
func (p *piv) String() string {
	if p.serial != 0 {
		return fmt.Sprintf("YubiKey %d", p.serial)
	}
	return fmt.Sprintf("the key in %q", p.reader)
}

func (a *app) openPIV(ctx context.Context, reader string) (*piv, error) {
	p := &piv{app: a, reader: reader}
	if err := p.reopen(ctx); err != nil {
		return nil, err
	}
	serial, err := p.Serial()
	if err != nil && !errors.Is(err, pivkey.ErrNotSupported) {
		p.close()
		return nil, err
	}
	p.serial = serial
	return p, nil
}

func (p *piv) reopen(ctx context.Context) error {
	card, err := p.app.Cards.Open(ctx, p.reader)
	if err != nil {
		return err
	}
	session, err := pivkey.Select(card)
	if err != nil {
		card.Close(false)
		return err
	}
	p.Session, p.card = session, card
	return nil
}

func (p *piv) close() {
	if p.card != nil {
		p.card.Close(p.opened)
		p.card, p.opened = nil, false
	}
}

// away leaves the card to others while f asks somebody, and comes back to the same key.
func (p *piv) away(ctx context.Context, f func() error) error {
	p.close()
	if err := f(); err != nil {
		return err
	}
	if err := p.reopen(ctx); err != nil {
		return err
	}
	serial, err := p.Serial()
	if err == nil && serial != p.serial {
		err = fail(exitNoKey, "run the command again", "another key was plugged in meanwhile")
	}
	if errors.Is(err, pivkey.ErrNotSupported) {
		err = nil
	}
	return err
}

// choosePIV opens the one key that is meant, of those that have the applet.
func (a *app) choosePIV(ctx context.Context) (*piv, error) {
	all, skipped, err := openEach(ctx, a, a.openPIV)
	if err != nil {
		return nil, err
	}
	var keys []*piv
	for _, p := range all {
		if a.key == "" || a.key == fmt.Sprint(p.serial) || inName(p.reader, a.key) {
			keys = append(keys, p)
		} else {
			p.close()
		}
	}
	switch {
	case len(keys) == 1:
		return keys[0], nil
	case len(keys) > 1:
		closeAll(keys)
		names := make([]string, 0, len(keys))
		for _, p := range keys {
			names = append(names, p.String())
		}
		return nil, usage("say which: --key SERIAL", "%d keys are plugged in: %s", len(keys), strings.Join(names, ", "))
	case len(skipped) > 0:
		return nil, worst(skipped)
	}
	return nil, fail(exitNoKey, "ykmfa keys", "no key %q is plugged in", a.key)
}

// finder finds the private half of a key of the vault on the YubiKeys that are plugged in.
func (a *app) finder(ctx context.Context) func(vault.Key) (ecdh.KeyExchanger, error) {
	return func(k vault.Key) (ecdh.KeyExchanger, error) {
		readers, err := a.Cards.Readers(ctx)
		if errors.Is(err, ErrNoReader) || errors.Is(err, ErrNoCard) {
			return nil, vault.ErrNotHere
		}
		if err != nil {
			return nil, err
		}
		for _, reader := range a.wanted(readers) {
			p, err := a.openPIV(ctx, reader)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				a.detail("skipped reader %q: %v", reader, err)
				continue
			}
			h, err := p.hold(ctx, k)
			p.close()
			if err != nil {
				return nil, fmt.Errorf("%v: %w", p, err)
			}
			if h != nil {
				return h, nil
			}
		}
		return nil, vault.ErrNotHere
	}
}

// onPIVError names the key in an error that came from it, once.
func onPIVError(p *piv, err error) error {
	if strings.Contains(err.Error(), p.String()) {
		return err
	}
	return fmt.Errorf("%v: %w", p, err)
}

// cardTrouble reports whether it is the way to the key, and not the key, that an error is about.
func cardTrouble(err error) bool {
	return slices.ContainsFunc([]error{ErrUnsupported, ErrNoService, ErrDenied, ErrRemoved, ErrReset, ErrBusy},
		func(reason error) bool { return errors.Is(err, reason) })
}

// pivAdvices are those for what the PIV applet reports.
func pivAdvices() []advice {
	return []advice{
		{pivkey.ErrFull, exitFailed, "free a retired slot of its PIV applet, or name one that has a P-256 key: --slot"},
		{pivkey.ErrOccupied, exitFailed, "leave out --slot: a free one is found"},
		{pivkey.ErrNotP256, exitFailed, "leave out --slot: a free one is found"},
		{pivkey.ErrPINBlocked, exitLocked, "unblock it with the PUK: ykman piv access unblock-pin"},
		{pivkey.ErrPINNeeded, exitLocked, "run it on a terminal, or set YKMFA_PIV_PIN_COMMAND"},
		{errNoPIN, exitLocked, "type the PIV PIN; or bring back the file identities, which the passphrase opens"},
		{errWrongPIN, exitLocked, "is YKMFA_PIV_PIN_COMMAND right? it is not tried again"},
		{pivkey.ErrNotTouched, exitNotTouch, "run it again, and touch the key while it blinks"},
		{pivkey.ErrWrongManagementKey, exitLocked, "is it the right one? YKMFA_PIV_KEY_COMMAND, or the prompt, takes it in hexadecimal"},
		{pivkey.ErrNotSupported, exitFailed, "other policies: --pin once --touch never"},
		{pivkey.ErrInvalid, exitUsage, "ykmfa vault add-key --help"},
		{pivkey.ErrNoApplet, exitNoKey, "enable PIV on the key: ykman config usb --enable PIV"},
	}
}
