package cli

import (
	"context"
	"slices"
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
		Long: `List the accounts of the account file and the credentials on the keys that are plugged in. A key that is not
plugged in is listed as it was last seen.

On a terminal, each key is a column, in parentheses one that is not plugged in: when the account was last verified there,
"yes" where it never was, "-" where the key does not have it. In a pipe, the fields are name, credential id, keys ("-": on no
known key), backup, touch, and when it was last verified on any key.

BACKUP is "-" where there is none, and "?" for a credential that no account names. TOUCH is "differs" where a key does not
do what the account says; --json has it, and when it was verified, for each key.`,
		Example: "  ykmfa list\n  ykmfa list --json",
		Args:    exactArgs(),
		RunE:    func(c *cobra.Command, _ []string) error { return a.runList(c.Context()) },
	}
}

// listed is one line of the list.
type listed struct {
	Name string `json:"name"`
	credentialID
	Account  bool        `json:"account"` // false: on a key, but in no account file
	Type     string      `json:"type"`
	Backup   string      `json:"backup,omitempty"`
	Touch    bool        `json:"touch"`
	Keys     []listedKey `json:"keys"`
	Verified *time.Time  `json:"verified,omitempty"`
}

type listedKey struct {
	keyID
	Present bool `json:"present"`

	Touch    *bool      `json:"touch,omitempty"`    // missing: not known
	Verified *time.Time `json:"verified,omitempty"` // missing: never
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
	state := a.loadState()
	lines := listLines(accounts, state, present)
	if a.json {
		return a.printJSON(lines)
	}
	if err := a.listTable(lines, state, present); err != nil {
		return err
	}
	a.hintStrangers(lines)
	return nil
}

// look reads every key that is plugged in, and remembers what is on it. No key is not an error here.
func (a *app) look(ctx context.Context) (present map[string]bool, err error) {
	present = map[string]bool{}
	readers, err := a.keyReaders(ctx)
	if a.key == "" && absent(err) {
		a.say("no key is plugged in: showing what was last seen")
		return present, nil
	}
	if err != nil {
		return nil, err
	}
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
			Name: acc.Name, credentialID: jsonID(acc.ID), Account: true, Type: acc.Type.String(), Backup: acc.Backup, Touch: acc.Touch,
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
	for _, known := range state.All() {
		if !present[known.DeviceID] {
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
					Name: name.String(), credentialID: jsonID(c.ID), Type: c.Type.String(), Keys: []listedKey{},
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
	k := listedKey{keyID: idOf(known), Present: present[known.DeviceID]}
	if c := known.Credential(id); c != nil {
		k.Touch = c.Touch
		if !c.Verified.IsZero() {
			k.Verified = &c.Verified
		}
	}
	if k.Verified != nil && (l.Verified == nil || k.Verified.After(*l.Verified)) {
		l.Verified = k.Verified
	}
	l.Keys = append(l.Keys, k)
}
