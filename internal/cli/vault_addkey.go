package cli

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ykmfa/internal/pivkey"
	"ykmfa/internal/vault"
)

type addKeyOptions struct {
	app              *app
	slot, pin, touch string

	pinPolicy   pivkey.PINPolicy
	touchPolicy pivkey.TouchPolicy
}

func newVaultAddKey(a *app) *cobra.Command {
	o := &addKeyOptions{app: a}
	c := &cobra.Command{
		Use: "add-key", Short: "Let a YubiKey open the vault", Args: exactArgs(),
		Long: `Make a P-256 key on the YubiKey that is plugged in, in a free retired slot of its PIV applet, prove that it works, and
make it a recipient of the vault: its entries are then encrypted anew, which takes the passphrase once. Nothing that is
on the YubiKey is overwritten. A slot that is named and has such a key already is used as it is. Run again, it makes no
second key, and finishes what was interrupted.

The YubiKey's PIV PIN is asked for on the terminal, or comes from the program in YKMFA_PIV_PIN_COMMAND or the file
descriptor in YKMFA_PIV_PIN_FD; a management key that is neither the default one nor stored under the PIN from a
prompt, YKMFA_PIV_KEY_COMMAND or YKMFA_PIV_KEY_FD, in hexadecimal. It is needed only to make the key.`,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	f := c.Flags()
	f.StringVar(&o.slot, "slot", "", "in this `SLOT`: 82 to 95, or 9d")
	f.StringVar(&o.pin, "pin", "once", "when the PIN is asked for: never, once (in a command) or always")
	f.StringVar(&o.touch, "touch", "cached", "when it wants to be touched: never, always or cached (once in 15 seconds)")
	return c
}

func (o *addKeyOptions) run(ctx context.Context) (err error) {
	if o.pinPolicy, err = pivkey.ParsePINPolicy(o.pin); err != nil {
		return usage("--pin never, once or always", "%w", err)
	}
	if o.touchPolicy, err = pivkey.ParseTouchPolicy(o.touch); err != nil {
		return usage("--touch never, always or cached", "%w", err)
	}
	v := o.app.openVault()
	if err := v.CanPut(); err != nil {
		return vaultFailed(err)
	}
	p, err := o.app.choosePIV(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	if o.slot == "" {
		if there, err := o.already(ctx, p, v); there || err != nil {
			return err
		}
	}
	slot, info, err := o.onKey(ctx, p, v)
	if err != nil {
		return onPIVError(p, err)
	}
	p.close()
	if err := prove(&held{p, ctx, slot, info}); err != nil {
		return onPIVError(p, err)
	}
	return o.record(ctx, p, slot, info)
}

// already finishes an add-key that was interrupted after the key had become a recipient.
func (o *addKeyOptions) already(ctx context.Context, p *piv, v *vault.Vault) (bool, error) {
	list, err := v.Recipients()
	if err != nil {
		return false, vaultFailed(err)
	}
	for _, r := range list {
		if r.Key == nil {
			continue
		}
		h, err := p.hold(ctx, *r.Key)
		if err != nil {
			return false, onPIVError(p, err)
		}
		if h == nil {
			continue
		}
		p.close()
		o.app.say("%v is a recipient of the vault already, by its slot %v; --slot SLOT makes another", p, h.slot)
		if v.Pending() {
			return true, o.app.follow(ctx, v)
		}
		return true, nil
	}
	return false, nil
}

// manage authenticates with the management key: the default one, the one that is stored under the PIN, or one that is
// asked for.
func (o *addKeyOptions) manage(ctx context.Context, p *piv) error {
	p.opened = true
	m, err := p.ManagementKey()
	if err != nil {
		return err
	}
	var secret []byte
	switch m.State {
	case pivkey.ManagementKeyDefault, pivkey.ManagementKeyUnknown:
		err = p.AuthenticateManagement(pivkey.DefaultManagementKey())
		if m.State == pivkey.ManagementKeyDefault || !errors.Is(err, pivkey.ErrWrongManagementKey) {
			return err
		}
		secret, err = o.askManagementKey(ctx, p)
	case pivkey.ManagementKeyProtected:
		if err = p.givePIN(ctx); err == nil {
			secret, err = p.ProtectedManagementKey()
		}
	default:
		secret, err = o.askManagementKey(ctx, p)
	}
	if err != nil {
		return err
	}
	defer clear(secret)
	p.opened = true
	err = o.app.withTouch(ctx, p, "its management key", false, func() error { return p.AuthenticateManagement(secret) })
	if err == nil {
		_, err = p.givePINAgain() // the card was left while somebody was asked for the management key
	}
	return err
}

func (o *addKeyOptions) askManagementKey(ctx context.Context, p *piv) (secret []byte, err error) {
	var text []byte
	err = p.away(ctx, func() error {
		if ways := o.app.scriptWays("YKMFA_PIV_KEY"); len(ways) > 0 {
			text, err = ways[0].get(ctx)
			return err
		}
		text, err = o.app.askSecret(ctx, fmt.Sprintf("PIV management key of %v (hexadecimal):", p))
		return err
	})
	defer clear(text)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimSpace(text)
	secret = make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(secret, text); err != nil {
		return nil, fail(exitUsage, "it has 32, 48 or 64 hexadecimal digits", "this is no management key")
	}
	return secret, nil
}

// prove has the key agree on a secret with one that is made here: what it will do for each entry.
func prove(h *held) error {
	peer, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	want, err := peer.ECDH(h.info.Public)
	if err != nil {
		return err
	}
	defer clear(want)
	got, err := h.ECDH(peer.PublicKey())
	if err != nil {
		return err
	}
	defer clear(got)
	if !bytes.Equal(got, want) {
		return fail(exitDiffer, "name another slot: --slot", "the key in slot %v is another than its certificate says", h.slot)
	}
	return nil
}

// record makes the key a recipient, and has the entries follow.
func (o *addKeyOptions) record(ctx context.Context, p *piv, slot pivkey.Slot, info pivkey.KeyInfo) error {
	a, v := o.app, o.app.openVault()
	r, err := vault.NewKeyRecipient(info.Public, p.serial, byte(slot))
	if err != nil {
		return err
	}
	if err := v.AddRecipient(r); err != nil {
		return vaultFailed(err)
	}
	if err := v.End(p.serial); err != nil {
		return vaultFailed(err)
	}
	if a.json {
		if err := a.printJSON(recipientLine{Recipient: r.Text, Note: r.Note, Serial: p.serial, Slot: slot.String()}); err != nil {
			return err
		}
	}
	a.say("%v: proven, and a recipient of the vault: %s", p, r.Text)
	files, err := v.RecipientFiles()
	if err != nil {
		return vaultFailed(err)
	}
	for _, file := range files[1:] {
		a.warn(fmt.Sprintf("%s has recipients of its own: add it there, too, then: ykmfa vault rekey", file))
	}
	return a.follow(ctx, v)
}
