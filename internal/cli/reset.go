package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
	"ykmfa/internal/term"
	"ykmfa/oath"
)

func newReset(a *app) *cobra.Command {
	var confirm string
	c := &cobra.Command{
		Use:   "reset",
		Short: "Wipe the OATH applet: every account on the key, and its password",
		Long: `Wipe the OATH applet of a key: every account on it, and its password. It asks for the serial number of the key.
The account file and the backups stay. Other applets of the key are not touched.`,
		Args: exactArgs(),
		RunE: func(c *cobra.Command, _ []string) error { return a.runReset(c.Context(), confirm) },
	}
	c.Flags().StringVar(&confirm, "confirm", "", "the `SERIAL` of the key, in place of the question")
	return c
}

// runReset needs no password: who has lost it resets.
func (a *app) runReset(ctx context.Context, confirm string) error {
	k, err := a.choose(ctx, nil)
	if err != nil {
		return err
	}
	defer k.close()
	if err := a.identify(k); err != nil {
		return onKeyError(k, err)
	}
	word := strconv.FormatUint(uint64(k.serial()), 10)
	if k.serial() == 0 {
		word = k.DeviceID()
	}
	warning, err := a.resetWarning(k)
	if err != nil {
		return onKeyError(k, err)
	}
	if confirm == "" {
		if confirm, err = a.askSerial(ctx, k, warning, word); err != nil {
			return err
		}
	}
	if confirm != word {
		return usage("ykmfa keys shows it", "%q is not the serial number of %v: nothing was changed", confirm, k)
	}
	return a.reset(k)
}

// askSerial leaves the key to others while the user thinks, and comes back to the same one.
func (a *app) askSerial(ctx context.Context, k *key, warning, word string) (string, error) {
	t, err := term.Open()
	if err != nil {
		return "", usage("--confirm "+word+" answers it", "there is no terminal to ask whether to wipe %v", k)
	}
	defer t.Close()
	var answer string
	err = a.away(ctx, k, func() (err error) {
		answer, err = t.Ask(ctx, term.Clean(warning)+"\nType its serial number ("+word+") to go on:")
		return err
	})
	return answer, err
}

// resetWarning tells what will be lost, as far as a locked key lets one see.
func (a *app) resetWarning(k *key) (string, error) {
	if k.Locked() {
		return fmt.Sprintf("This wipes all accounts on %v and its password.", k), nil
	}
	list, err := k.List()
	if err != nil {
		return "", err
	}
	accounts, err := a.accounts()
	if err != nil {
		return "", err
	}
	var lost []string
	for _, c := range list {
		if acc := accountOf(accounts, c.ID); acc == nil || acc.Backup == "" {
			lost = append(lost, oath.ParseName(c.ID, c.Type).String())
		}
	}
	warning := fmt.Sprintf("This wipes %d accounts on %v.", len(list), k)
	if len(lost) > 0 {
		warning += fmt.Sprintf(" No backup is known of: %s.", strings.Join(lost, ", "))
	}
	return warning, nil
}

func (a *app) reset(k *key) error {
	name, old, known := k.String(), k.DeviceID(), *k.known()
	if err := k.Reset(); err != nil {
		return onKeyError(k, err)
	}
	if _, err := a.keyring.Delete(old); err != nil {
		a.detail("%v", err)
	}
	err := a.updateState(func(s *account.State) {
		delete(s.Keys, old)
		fresh := s.Key(k.DeviceID())
		fresh.Serial, fresh.Firmware, fresh.Form = known.Serial, known.Firmware, known.Form
	})
	if err != nil {
		a.detail("%v", err)
	}
	a.say("%s: wiped", name)
	return nil
}
