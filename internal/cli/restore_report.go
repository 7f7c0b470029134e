package cli

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"ykmfa/internal/account"
	"ykmfa/oath"
)

// restored is what --json prints of a key.
type restored struct {
	Serial   uint32            `json:"serial,omitempty"`
	Device   string            `json:"device"`
	Firmware string            `json:"firmware"`
	Free     *int              `json:"free"` // before anything was written; null: not known
	Password bool              `json:"password"`
	DryRun   bool              `json:"dry_run,omitempty"`
	Accounts []restoredAccount `json:"accounts"`
	Written  int               `json:"written"`
	Proven   int               `json:"proven"`
	Seconds  float64           `json:"seconds"`
}

type restoredAccount struct {
	Name string `json:"name"`
	credentialID
	Backup string   `json:"backup,omitempty"`
	Plan   standing `json:"plan"`
	Result string   `json:"result"`
	Error  string   `json:"error,omitempty"`
}

// announce says what was found, and what will be done.
func (r *refill) announce() {
	room := ""
	if r.free >= 0 {
		room = fmt.Sprintf(", %d free", r.free)
	}
	todo := 0
	for _, i := range r.items {
		if i.write {
			todo++
		}
	}
	what := "nothing to write"
	if todo > 0 {
		what = plural(todo, "account") + " to write"
	}
	r.app.tell("%v (firmware %s%s): %s%s", r.k, r.firmware(), room, what, r.others())
	if r.before != nil && r.app.onlyLook {
		return // import has a table of its own
	}
	const most = 5 // lines for one reason that many accounts have
	full := 0
	for _, i := range r.items {
		if errors.Is(i.why, oath.ErrFull) {
			if full++; full > most {
				continue
			}
		}
		if r.app.onlyLook || !i.write && !(i.standing == unchecked && i.touch) {
			r.app.tell("%s", r.line(i))
		}
	}
	if full > most {
		r.app.tell("  and %d more, for which there is no room", full-most)
	}
}

func (r *refill) firmware() string {
	if known := r.k.known(); known != nil && known.Firmware != "" {
		return known.Firmware
	}
	return r.k.Version.String()
}

// others counts the accounts that will not be written.
func (r *refill) others() string {
	count := map[standing]int{}
	for _, i := range r.items {
		if !i.write {
			count[i.standing]++
		}
	}
	text := ""
	for _, one := range []struct {
		standing standing
		words    string
	}{
		{same, "there already"}, {unchecked, "there already, not compared yet"}, {different, "different"}, {broken, "broken"},
		{unfit, "without room or not supported"}, {noCounter, "without a counter"}, {unreachable, "with a backup that cannot be read"},
		{bare, "WITHOUT A BACKUP"},
	} {
		if n := count[one.standing]; n > 0 {
			text += fmt.Sprintf(", %d %s", n, one.words)
		}
	}
	return text
}

// line is what is said of an account.
func (r *refill) line(i *item) string {
	name, place := 0, 0
	for _, other := range r.items {
		name = max(name, utf8.RuneCountInString(other.account.Name))
		place = max(place, utf8.RuneCountInString(other.place()))
	}
	return fmt.Sprintf("  %-*s  %-*s  %s", name, i.account.Name, place, i.place(), r.words(i))
}

func (r *refill) words(i *item) string {
	switch {
	case i.result == "written":
		return "written, proven"
	case i.result == "proven" && r.there.touchNote(i.account) != "":
		return "there already, proven, but " + r.there.touchNote(i.account)
	case i.result == "proven":
		return "there already, proven"
	case r.app.onlyLook && i.standing == different && r.force:
		return "different: would be overwritten"
	case r.app.onlyLook && i.write:
		return "would be written"
	case r.interrupted(i):
		return "there already, never proven; if a restore was interrupted, finish it with --counter " + i.account.Name + "=N"
	case i.standing == unchecked && countsCodes(i.account) && !i.write:
		return "there already, not compared: that would use up a code (HOTP)"
	case i.standing == unchecked && !i.write:
		return "there already, to be proven by a touch"
	case i.standing == different && !i.write && r.force && !r.confirmed[i.account.Name]:
		return "different: to be overwritten, once that is confirmed"
	case i.standing == different && !i.write:
		return "DIFFERENT, left as it is"
	case i.standing == bare:
		return "NO BACKUP: it cannot be restored"
	case i.standing == missing:
		return "NOT written: " + i.why.Error()
	}
	return strings.ReplaceAll(string(i.standing), "-", " ") + ": " + i.why.Error()
}

// summary says how it went.
func (r *refill) summary() {
	written, proven := r.done()
	password := ""
	if !r.k.HasPassword() {
		password = " This key has no password yet: ykmfa password set"
	}
	r.app.tell("%d written, %d proven, in %s.%s", written, proven, took(r.app.Now().Sub(r.since)), password)
}

// done counts what was written and what is proven, which includes what was written.
func (r *refill) done() (written, proven int) {
	for _, i := range r.items {
		if i.result == "written" {
			written++
		}
		if i.result != "" {
			proven++
		}
	}
	return written, proven
}

// finish remembers what is on the key now, also after a failure, and keeps what --json prints.
func (r *refill) finish() {
	now := r.app.Now()
	r.app.updateKey(r.k, func(known *account.Key) {
		r.there.note(known)
		for _, i := range r.items {
			if i.result != "" {
				verified(known, i.account, i.touch, now)
			}
		}
	})
	written, proven := r.done()
	report := restored{
		Serial: r.k.serial(), Device: r.k.DeviceID(), Firmware: r.firmware(), Password: r.k.HasPassword(), DryRun: r.app.onlyLook,
		Accounts: []restoredAccount{}, Written: written, Proven: proven, Seconds: now.Sub(r.since).Seconds(),
	}
	if r.free >= 0 {
		report.Free = &r.free
	}
	for _, i := range r.items {
		one := restoredAccount{Name: i.account.Name, credentialID: jsonID(i.account.ID), Backup: i.account.Backup, Plan: i.standing, Result: i.result}
		if i.result == "" && i.why != nil {
			one.Error = i.why.Error()
		}
		report.Accounts = append(report.Accounts, one)
	}
	r.reports, r.since = append(r.reports, report), now
}
