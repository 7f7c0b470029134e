package cli

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
	"ykmfa/oath"
)

func newList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Accounts: on which key, where backed up, when last verified",
		Long: `List the accounts of the account file and the credentials on the key that is plugged in. A key that is not
plugged in is listed as it was last seen. KEY is "-" for an account that is on no known key; BACKUP is "-" where there is
none, and "?" for a credential that no account names.`,
		Args: exactArgs(),
		RunE: func(c *cobra.Command, _ []string) error { return a.runList(c.Context()) },
	}
}

// listed is one line of the list.
type listed struct {
	Name     string      `json:"name"`
	ID       string      `json:"id"`
	Account  bool        `json:"account"` // false: on a key, but in no account file
	Type     string      `json:"type"`
	Backup   string      `json:"backup,omitempty"`
	Touch    bool        `json:"touch"`
	Keys     []listedKey `json:"keys"`
	Verified *time.Time  `json:"verified,omitempty"`
}

type listedKey struct {
	Serial  uint32 `json:"serial,omitempty"`
	Device  string `json:"device"`
	Present bool   `json:"present"`
}

func (a *app) runList(ctx context.Context) error {
	accounts, err := a.accounts()
	if err != nil {
		return err
	}
	present, err := a.look(ctx)
	if err != nil {
		return err
	}
	lines := listLines(accounts, a.loadState(), present)
	if a.json {
		return a.printJSON(lines)
	}
	t := a.table("NAME", "ID", "KEY", "BACKUP", "TOUCH", "VERIFIED")
	for _, l := range lines {
		t.row(l.Name, l.ID, l.keys(), l.backup(), yes(l.Touch), l.verified())
	}
	return t.flush()
}

// look reads every key that is plugged in, and remembers what is on it. No key is not an error here.
func (a *app) look(ctx context.Context) (present map[string]bool, err error) {
	present = map[string]bool{}
	keys, err := a.openAll(ctx)
	if a.key == "" && (errors.Is(err, ErrNoService) || errors.Is(err, ErrNoReader) || errors.Is(err, ErrNoCard) || errors.Is(err, ErrUnsupported)) {
		a.say("no key is plugged in: showing what was last seen")
		return present, nil
	}
	if err != nil {
		return nil, err
	}
	var readers []string
	for _, k := range keys {
		readers = append(readers, k.reader)
	}
	closeAll(keys)
	for _, reader := range readers {
		err := a.onReader(ctx, reader, func(k *key) error {
			present[k.DeviceID()] = true
			return a.remember(k)
		})
		if err != nil {
			return nil, err
		}
	}
	return present, nil
}

// listLines joins accounts with the credentials of all keys that were ever seen.
func listLines(accounts []account.Account, state *account.State, present map[string]bool) []listed {
	lines := make([]listed, 0, len(accounts))
	for _, acc := range accounts {
		l := listed{
			Name: acc.Name, ID: string(acc.ID), Account: true, Type: acc.Type.String(), Backup: acc.Backup, Touch: acc.Touch,
			Keys: []listedKey{},
		}
		for _, known := range state.KeysHolding(acc.ID) {
			l.on(known, acc.ID, present)
		}
		lines = append(lines, l)
	}
	return append(lines, strangers(accounts, state, present)...)
}

// strangers are the credentials on the keys that are plugged in that no account names.
func strangers(accounts []account.Account, state *account.State, present map[string]bool) []listed {
	var lines []listed
	at := map[string]int{}
	for device := range present {
		known := state.Keys[device]
		if known == nil {
			continue
		}
		for _, c := range known.All() {
			name := oath.ParseName(c.ID, c.Type)
			if accountOf(accounts, c.ID) != nil || name.Hidden() {
				continue
			}
			i, ok := at[string(c.ID)]
			if !ok {
				i = len(lines)
				at[string(c.ID)] = i
				lines = append(lines, listed{
					Name: name.String(), ID: string(c.ID), Type: c.Type.String(), Keys: []listedKey{},
				})
			}
			lines[i].Touch = lines[i].Touch || c.Touch != nil && *c.Touch
			lines[i].on(known, c.ID, present)
		}
	}
	slices.SortFunc(lines, func(x, y listed) int { return strings.Compare(x.ID, y.ID) })
	return lines
}

// on adds a key that holds the credential.
func (l *listed) on(known *account.Key, id []byte, present map[string]bool) {
	l.Keys = append(l.Keys, listedKey{Serial: known.Serial, Device: known.DeviceID, Present: present[known.DeviceID]})
	c := known.Credential(id)
	if c != nil && !c.Verified.IsZero() && (l.Verified == nil || c.Verified.After(*l.Verified)) {
		l.Verified = &c.Verified
	}
}

func (l listed) keys() string {
	var names []string
	for _, k := range l.Keys {
		name := strconv.FormatUint(uint64(k.Serial), 10)
		if k.Serial == 0 {
			name = k.Device
		}
		if !k.Present {
			name += " (not here)"
		}
		names = append(names, name)
	}
	if names == nil {
		return "-"
	}
	return strings.Join(names, ", ")
}

func (l listed) backup() string {
	switch {
	case !l.Account:
		return "?"
	case l.Backup == "":
		return "-"
	}
	return l.Backup
}

func (l listed) verified() string {
	if l.Verified == nil {
		return "-"
	}
	return l.Verified.Local().Format("2006-01-02 15:04")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
