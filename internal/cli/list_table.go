package cli

import (
	"strings"

	"ykmfa/internal/account"
	"ykmfa/internal/term"
)

// listTable prints accounts by keys for a person, and for a program a line for each account.
func (a *app) listTable(lines []listed, state *account.State, present map[string]bool) error {
	if !term.IsTerminal(a.Stdout) {
		t := a.table()
		for _, l := range lines {
			t.row(l.Name, l.ID, l.keys(), l.backup(), l.touch(), l.verified())
		}
		return t.flush()
	}
	columns, heading := []listedKey{}, []string{"NAME"}
	away := false
	for _, known := range state.All() {
		k := listedKey{keyID: idOf(known), Present: present[known.DeviceID]}
		if k.Present || len(known.All()) > 0 {
			columns, heading = append(columns, k), append(heading, k.heading())
			away = away || !k.Present
		}
	}
	t := a.table(append(heading, "TOUCH", "BACKUP", "ID")...)
	for _, l := range lines {
		row := []string{l.Name}
		for _, k := range columns {
			row = append(row, l.cell(k.Device))
		}
		t.row(append(row, l.touch(), l.backup(), l.ID)...)
	}
	if err := t.flush(); err != nil {
		return err
	}
	if away && len(present) > 0 {
		a.say("a key in parentheses is not plugged in: as it was last seen")
	}
	return nil
}

// hintStrangers says how the credentials that no account names become accounts.
func (a *app) hintStrangers(lines []listed) {
	for _, l := range lines {
		if !l.Account && (a.verbose || term.IsTerminal(a.Stdout)) {
			a.say("ykmfa: hint: what has ? for a backup is no account; to make it one, proven equal to its secret: ykmfa add NAME --secret-from REF")
			return
		}
	}
}

func (k listedKey) heading() string {
	if !k.Present {
		return "(" + k.label() + ")"
	}
	return k.label()
}

// cell is what is known of the credential on one key.
func (l listed) cell(device string) string {
	for _, k := range l.Keys {
		switch {
		case k.Device != device:
		case k.Verified == nil:
			return "yes"
		default:
			return k.Verified.Local().Format("2006-01-02")
		}
	}
	return "-"
}

func (l listed) keys() string {
	var names []string
	for _, k := range l.Keys {
		name := k.label()
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

func (l listed) touch() string {
	for _, k := range l.Keys {
		if k.Touch != nil && *k.Touch != l.Touch {
			return "differs"
		}
	}
	return yes(l.Touch)
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
