package cli

import (
	"context"
	"crypto/ecdh"
	"errors"

	"ykmfa/internal/pivkey"
	"ykmfa/internal/vault"
)

// onKey finds or makes the key.
func (o *addKeyOptions) onKey(ctx context.Context, p *piv, v *vault.Vault) (slot pivkey.Slot, info pivkey.KeyInfo, err error) {
	if o.slot == "" {
		slot, info, err = o.resume(ctx, p, v)
	} else if slot, err = pivkey.ParseSlot(o.slot); err == nil {
		info, err = p.Key(slot)
	}
	switch {
	case err == nil && info.Public != nil:
		o.app.say("%v: slot %v has a key already, which is used as it is", p, slot)
		return slot, info, nil
	case err != nil && !errors.Is(err, pivkey.ErrNoKey):
		return slot, info, err
	}
	err = p.withPIN(ctx, func() (err error) { // Generate, too, looks whether it is empty
		if slot == 0 {
			slot, err = p.FreeRetired()
			return err
		}
		_, err = p.Empty(slot)
		return err
	})
	if err != nil {
		return slot, info, err
	}
	if err := o.manage(ctx, p); err != nil {
		return slot, info, err
	}
	info, err = o.generate(p, v, slot)
	return slot, info, err
}

// resume finds what an add-key that was interrupted has left: the slot, and the key in it if it was made. Slot 0: nothing, or
// a key of which nobody knows the public half, on old firmware. That one stays where it is.
func (o *addKeyOptions) resume(ctx context.Context, p *piv, v *vault.Vault) (slot pivkey.Slot, info pivkey.KeyInfo, err error) {
	begun, public := v.Begun(p.serial)
	if begun == 0 {
		return 0, info, nil
	}
	slot = pivkey.Slot(begun)
	info, err = p.Key(slot)
	if !errors.Is(err, pivkey.ErrNoKey) {
		return slot, info, err
	}
	empty := false
	err = p.withPIN(ctx, func() (err error) {
		empty, err = p.Empty(slot)
		return err
	})
	switch {
	case err != nil || empty:
		return slot, info, err
	case public == nil:
		return 0, info, nil
	}
	if err := o.manage(ctx, p); err != nil {
		return slot, info, err
	}
	info.Public = public
	return slot, info, o.certify(p, slot, public)
}

// generate makes the key, and a certificate beside it, which shows other programs that there is one.
func (o *addKeyOptions) generate(p *piv, v *vault.Vault, slot pivkey.Slot) (info pivkey.KeyInfo, err error) {
	if err := v.Begin(p.serial, byte(slot), nil); err != nil {
		return info, err
	}
	public, err := p.Generate(slot, o.pinPolicy, o.touchPolicy)
	if err != nil {
		return info, err
	}
	if err := v.Begin(p.serial, byte(slot), public); err != nil {
		return info, err
	}
	return pivkey.KeyInfo{Public: public, PIN: o.pinPolicy, Touch: o.touchPolicy, Generated: true}, o.certify(p, slot, public)
}

func (o *addKeyOptions) certify(p *piv, slot pivkey.Slot, public *ecdh.PublicKey) error {
	der, err := pivkey.NewCertificate(public, o.pinPolicy, o.touchPolicy)
	if err != nil {
		return err
	}
	return p.WriteCertificate(slot, der)
}

// withPIN looks at slots. Old firmware shows what is in one only after the PIN.
func (p *piv) withPIN(ctx context.Context, look func() error) error {
	err := look()
	if !errors.Is(err, pivkey.ErrPINNeeded) {
		return err
	}
	if err := p.givePIN(ctx); err != nil {
		return err
	}
	return look()
}
