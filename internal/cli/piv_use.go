package cli

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"errors"
	"fmt"

	"ykmfa/internal/pivkey"
	"ykmfa/internal/term"
	"ykmfa/internal/vault"
)

// held is a private key in a slot: an ecdh.KeyExchanger that opens the card for each use.
type held struct {
	piv  *piv
	ctx  context.Context
	slot pivkey.Slot
	info pivkey.KeyInfo
}

// hold finds a key of the vault on this YubiKey, where it is said to be, else in any slot for such keys. nil: it has none.
func (p *piv) hold(ctx context.Context, k vault.Key) (*held, error) {
	if k.Serial != 0 && p.serial != 0 && k.Serial != p.serial {
		return nil, nil
	}
	slots := []pivkey.Slot{pivkey.KeyManagement}
	for slot := pivkey.FirstRetired; slot <= pivkey.LastRetired; slot++ {
		slots = append(slots, slot)
	}
	if k.Slot != 0 {
		slots = append([]pivkey.Slot{pivkey.Slot(k.Slot)}, slots...)
	}
	for _, slot := range slots {
		info, err := p.Key(slot)
		switch {
		case errors.Is(err, pivkey.ErrNoKey), errors.Is(err, pivkey.ErrNotP256), errors.Is(err, pivkey.ErrCorrupt),
			errors.Is(err, pivkey.ErrInvalid), errors.Is(err, pivkey.ErrNotSupported): // another program's
		case err != nil:
			return nil, err
		case vault.KeyOf(info.Public).Tag == k.Tag:
			return &held{p, ctx, slot, info}, nil
		}
	}
	return nil, nil
}

// PublicKey and Curve implement ecdh.KeyExchanger.
func (h *held) PublicKey() *ecdh.PublicKey { return h.info.Public }
func (h *held) Curve() ecdh.Curve          { return ecdh.P256() }

// ECDH implements ecdh.KeyExchanger: on the key, with its PIN and a touch where it wants them.
func (h *held) ECDH(peer *ecdh.PublicKey) ([]byte, error) {
	p := h.piv
	if err := p.reopen(h.ctx); err != nil {
		return nil, fmt.Errorf("%v: %w", p, err)
	}
	defer p.close()
	secret, err := h.exchange(peer)
	if errors.Is(err, pivkey.ErrPINNeeded) { // it was not known that it wants one
		if err = p.givePIN(h.ctx); err == nil {
			secret, err = h.use(peer)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%v: %w", p, err)
	}
	return secret, nil
}

func (h *held) exchange(peer *ecdh.PublicKey) ([]byte, error) {
	if h.info.PIN > pivkey.PINNever {
		if err := h.piv.givePIN(h.ctx); err != nil {
			return nil, err
		}
	}
	return h.use(peer)
}

func (h *held) use(peer *ecdh.PublicKey) (secret []byte, err error) {
	err = h.piv.app.withTouch(h.ctx, h.piv, "the vault", h.info.Touch == pivkey.TouchAlways, func() (err error) {
		secret, err = h.piv.ECDH(h.slot, peer)
		return err
	})
	return secret, err
}

// givePINAgain gives the PIN that was right before in this command, if there is one: the card forgot it when it was left.
func (p *piv) givePINAgain() (known bool, err error) {
	pin, known := p.app.passwords.Load(p.pinName())
	if !known {
		return false, nil
	}
	p.opened = true
	return true, p.VerifyPIN(pin.([]byte))
}

// givePIN gives the PIN: one that was right before in this command, or one that somebody is asked for while the card is
// free.
func (p *piv) givePIN(ctx context.Context) error {
	a := p.app
	if known, err := p.givePINAgain(); known {
		return err
	}
	if err := a.noPIN[p.pinName()]; err != nil {
		return err
	}
	err := p.newPIN(ctx)
	if err != nil {
		if a.noPIN == nil {
			a.noPIN = map[string]error{}
		}
		a.noPIN[p.pinName()] = err
	}
	return err
}

// newPIN gives a PIN that was not given before, and keeps it.
func (p *piv) newPIN(ctx context.Context) error {
	a := p.app
	for {
		pin, err := p.askPIN(ctx)
		if err != nil {
			return err
		}
		p.opened = true
		err = p.VerifyPIN(pin)
		if err == nil {
			a.passwords.Store(p.pinName(), pin)
			return nil
		}
		clear(pin)
		var wrong *pivkey.PINError
		switch scripted := len(a.scriptWays(pinVariable)) > 0; {
		case errors.As(err, &wrong) && scripted:
			return fmt.Errorf("%w: %w", errWrongPIN, err)
		case !errors.As(err, &wrong) && !errors.Is(err, pivkey.ErrInvalid) || scripted:
			return err
		}
		a.say("%v: %v", p, err)
	}
}

// errWrongPIN is a wrong PIN that nobody was there to type again.
var errWrongPIN = errors.New("the PIN from YKMFA_PIV_PIN_COMMAND or YKMFA_PIV_PIN_FD is wrong")

// errNoPIN says that the user would rather give something else, such as the passphrase.
var errNoPIN = errors.New("no PIN was given")

const pinVariable = "YKMFA_PIV_PIN"

func (p *piv) pinName() string { return fmt.Sprintf("PIN of %v", p) }

// askPIN asks for the PIN, and says how many tries are left. The last one is used only after another question.
func (p *piv) askPIN(ctx context.Context) (pin []byte, err error) {
	tries, err := p.triesLeft()
	if err != nil {
		return nil, err
	}
	err = p.away(ctx, func() error {
		if tries == 1 {
			if err := p.confirmLast(ctx); err != nil {
				return err
			}
		}
		if ways := p.app.scriptWays(pinVariable); len(ways) > 0 {
			pin, err = ways[0].get(ctx)
			return err
		}
		pin, err = p.app.askSecret(ctx, fmt.Sprintf("PIV PIN of %v (tries left: %d; Enter goes without):", p, tries))
		if pin = bytes.TrimSpace(pin); err == nil && len(pin) == 0 {
			err = errNoPIN
		}
		return err
	})
	if err != nil || tries == 1 {
		return pin, err
	}
	if tries, err = p.triesLeft(); err == nil && tries == 1 { // another program used some up meanwhile
		err = p.away(ctx, func() error { return p.confirmLast(ctx) })
	}
	return pin, err
}

// triesLeft is never 0: that is ErrPINBlocked.
func (p *piv) triesLeft() (int, error) {
	tries, err := p.PINTries()
	if errors.Is(err, pivkey.ErrPINVerified) {
		return 3, nil
	}
	if err == nil && tries == 0 {
		err = pivkey.ErrPINBlocked
	}
	return tries, err
}

func (p *piv) confirmLast(ctx context.Context) error {
	t, err := term.Open()
	if err != nil {
		return fail(exitLocked, "run it on a terminal; a right PIN gives all tries back", "one try is left before its PIN is blocked: %w", err)
	}
	t.Close()
	return p.app.confirm(ctx, fmt.Sprintf("One try is left before the PIN of %v is blocked. Use it?", p), false)
}
