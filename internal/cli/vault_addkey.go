package cli

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"ykmfa/internal/pivkey"
	"ykmfa/internal/term"
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
make it a recipient of the vault: its entries are then encrypted anew, which takes the passphrase once. Nothing that is on
the YubiKey is overwritten. A slot that is named and has such a key already is used as it is.

The YubiKey's PIV PIN is asked for on the terminal, or comes from the program in YKMFA_PIV_PIN_COMMAND or the file descriptor in
YKMFA_PIV_PIN_FD; a management key that is neither the default one nor stored under the PIN from a prompt, YKMFA_PIV_KEY_COMMAND
or YKMFA_PIV_KEY_FD, in hexadecimal. It is needed only to make the key.`,
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
	if !o.app.openVault().Exists() {
		return vaultFailed(vault.ErrNone)
	}
	p, err := o.app.choosePIV(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	slot, info, err := o.onKey(ctx, p)
	if err != nil {
		return onPIVError(p, err)
	}
	p.close()
	if err := prove(&held{p, ctx, slot, info}); err != nil {
		return onPIVError(p, err)
	}
	return o.record(ctx, p, slot, info)
}

// onKey finds or makes the key.
func (o *addKeyOptions) onKey(ctx context.Context, p *piv) (slot pivkey.Slot, info pivkey.KeyInfo, err error) {
	if o.slot == "" {
		slot, err = p.FreeRetired()
		if errors.Is(err, pivkey.ErrPINNeeded) {
			if err = p.givePIN(ctx); err == nil {
				slot, err = p.FreeRetired()
			}
		}
	} else if slot, err = pivkey.ParseSlot(o.slot); err == nil {
		info, err = p.Key(slot)
		if err == nil {
			o.app.say("%v: slot %v has a key already, which is used as it is", p, slot)
			return slot, info, nil
		}
		if errors.Is(err, pivkey.ErrNoKey) {
			err = nil
		}
	}
	if err != nil {
		return slot, info, err
	}
	if err := o.manage(ctx, p); err != nil {
		return slot, info, err
	}
	public, err := p.Generate(slot, o.pinPolicy, o.touchPolicy)
	if err != nil {
		return slot, info, err
	}
	der, err := pivkey.NewCertificate(public, o.pinPolicy, o.touchPolicy)
	if err == nil {
		err = p.WriteCertificate(slot, der)
	}
	return slot, pivkey.KeyInfo{Public: public, PIN: o.pinPolicy, Touch: o.touchPolicy, Generated: true}, err
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
	return o.app.withTouch(ctx, p, "its management key", false, func() error { return p.AuthenticateManagement(secret) })
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
	if a.json {
		if err := a.printJSON(recipientLine{r.Text, r.Note, p.serial, slot.String()}); err != nil {
			return err
		}
	}
	a.say("%v: proven, and a recipient of the vault: %s", p, r.Text)
	return a.follow(ctx, v)
}

// follow encrypts the entries anew after a change of recipients.
func (a *app) follow(ctx context.Context, v *vault.Vault) error {
	err := a.vaultRekey(ctx)
	if errors.Is(err, term.ErrNone) || errors.Is(err, vault.ErrPassphrase) {
		return fail(exitLocked, "ykmfa vault rekey", "the recipients are changed, but not yet for the entries that exist: %w", err)
	}
	return err
}

func newVaultRemoveKey(a *app) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "remove-key SERIAL", Short: "Keep a YubiKey, lost or not, from opening the vault", Args: exactArgs("SERIAL"),
		Long: `Take a YubiKey, named by its serial number or its recipient, out of the recipients, and encrypt every entry anew. It need not
be plugged in. The key on it stays. It can still open copies of the files that were made before: whoever has it, its PIN
and such a copy can read the secrets in that.`,
		RunE: func(c *cobra.Command, args []string) error { return a.vaultRemoveKey(c.Context(), args[0], yes) },
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

func (a *app) vaultRemoveKey(ctx context.Context, which string, yes bool) error {
	v := a.openVault()
	list, err := v.Recipients()
	if err != nil {
		return vaultFailed(err)
	}
	var hits []vault.Recipient
	for _, r := range list {
		if r.Key != nil && (r.Text == which || strconv.FormatUint(uint64(r.Key.Serial), 10) == which) {
			hits = append(hits, r)
		}
	}
	switch {
	case len(hits) == 0:
		return fail(exitNoAccount, "ykmfa vault recipients", "no YubiKey %q is a recipient of the vault", which)
	case len(hits) > 1:
		return fail(exitNoAccount, "give the recipient: ykmfa vault recipients", "%d recipients are on the YubiKey %s", len(hits), which)
	}
	if err := a.confirm(ctx, fmt.Sprintf("Take %s (%s) out of the vault?", hits[0].Text, hits[0].Note), yes); err != nil {
		return err
	}
	if err := v.RemoveRecipient(hits[0].Text); err != nil {
		return vaultFailed(err)
	}
	a.say("%s: no longer a recipient", hits[0].Note)
	return a.follow(ctx, v)
}
