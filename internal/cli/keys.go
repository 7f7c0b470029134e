package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
)

func newKeys(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "keys",
		Short: "The keys that are plugged in: serial, firmware, form, accounts used/total, password, reader",
		Args:  exactArgs(),
		RunE:  func(c *cobra.Command, _ []string) error { return a.runKeys(c.Context()) },
	}
}

type keyLine struct {
	Serial   uint32 `json:"serial,omitempty"`
	Device   string `json:"device"`
	Firmware string `json:"firmware"`
	Form     string `json:"form,omitempty"`
	Used     *int   `json:"used"`            // null: locked
	Capacity int    `json:"total,omitempty"` // missing: not known
	Password bool   `json:"password"`
	Reader   string `json:"reader"`
}

// runKeys asks for no password: of a locked key it shows what a locked key tells.
func (a *app) runKeys(ctx context.Context) error {
	keys, err := a.openAll(ctx)
	if err != nil {
		return err
	}
	defer closeAll(keys)
	lines := make([]keyLine, 0, len(keys))
	for _, k := range keys {
		line, err := a.keyLine(k)
		if err != nil {
			return onKeyError(k, err)
		}
		lines = append(lines, line)
	}
	if a.json {
		return a.printJSON(lines)
	}
	t := a.table("SERIAL", "FIRMWARE", "FORM", "ACCOUNTS", "PASSWORD", "READER")
	for _, l := range lines {
		t.row(dash(l.Serial), l.Firmware, l.Form, l.accounts(), yes(l.Password), l.Reader)
	}
	return t.flush()
}

func (a *app) keyLine(k *key) (keyLine, error) {
	if err := a.identify(k); err != nil {
		return keyLine{}, err
	}
	l := keyLine{
		Serial: k.known().Serial, Device: k.DeviceID(), Firmware: k.known().Firmware, Form: k.known().Form,
		Capacity: k.Capacity(), Password: k.HasPassword(), Reader: k.reader,
	}
	if k.Locked() {
		return l, nil
	}
	list, err := k.List()
	n := len(list)
	l.Used = &n
	return l, err
}

func (l keyLine) accounts() string {
	used, total := "?", "?"
	if l.Used != nil {
		used = strconv.Itoa(*l.Used)
	}
	if l.Capacity > 0 {
		total = strconv.Itoa(l.Capacity)
	}
	return fmt.Sprintf("%s/%s", used, total)
}

func dash(serial uint32) string {
	if serial == 0 {
		return "-"
	}
	return strconv.FormatUint(uint64(serial), 10)
}
