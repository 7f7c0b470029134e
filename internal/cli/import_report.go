package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ykmfa/internal/term"
	"ykmfa/oath"
)

// state says what becomes of an entry, before a key is looked at.
func (i *incoming) state() string {
	code, _ := advise(i.why)
	switch {
	case i.bad():
		return "bad"
	case i.why != nil && code == exitDiffer:
		return "different"
	case i.why != nil:
		return "cannot-be-stored"
	case i.twin != nil:
		return "duplicate"
	case i.known:
		return "known"
	}
	return "new"
}

func (i *incoming) words() string {
	switch i.state() {
	case "bad":
		return "BAD: " + i.why.Error()
	case "different":
		return "DIFFERENT, left as it is: " + i.why.Error()
	case "cannot-be-stored":
		return "left out: " + i.why.Error()
	case "duplicate":
		return "the same as " + i.twin.name()
	case "known":
		return "on record already"
	}
	return "new"
}

// name is what an entry is spoken of by.
func (i *incoming) name() string { return cmp.Or(i.account.Name, i.where) }

// fields are where it is, its name, its credential, and what becomes of it.
func (i *incoming) fields() []string {
	shown := oath.Name{Issuer: i.params.Issuer, Account: i.params.Account}.String()
	if i.account.ID != nil {
		shown = oath.ParseName(i.account.ID, i.account.Type).String()
	} else if shown == "" {
		shown = i.title
	}
	return []string{i.where, i.account.Name, shown, i.words()}
}

// announce says what was found and will not be imported. What only fails on a key, restore says.
func (o *importOptions) announce() {
	for _, missing := range o.missing {
		o.app.warn(missing)
	}
	if o.app.json || o.app.onlyLook {
		return
	}
	const most = 20 // lines; a whole file may be of another kind than its first line
	n := 0
	for _, i := range o.found {
		if i.why == nil && i.twin == nil {
			continue
		}
		if n++; n <= most {
			o.app.say("  %s", strings.Join(slices.DeleteFunc(i.fields(), func(s string) bool { return s == "" }), "  "))
		}
	}
	if n > most {
		o.app.say("  and %d more; --dry-run lists them all", n-most)
	}
}

// print prints what belongs on standard output.
func (o *importOptions) print() error {
	switch {
	case o.app.json:
		return o.printReport()
	case o.app.onlyLook:
		return o.printPlan()
	}
	return nil
}

// printPlan prints the table of --dry-run, with what each key says to each entry.
func (o *importOptions) printPlan() error {
	t := o.app.table("WHERE", "NAME", "CREDENTIAL", "STATE")
	for _, i := range o.found {
		fields := i.fields()
		for _, text := range o.onKeyWords(i) {
			fields[3] += "; " + text
		}
		t.row(fields...)
	}
	return t.flush()
}

// onKeyWords are what is, or would be, on the keys that were looked at.
func (o *importOptions) onKeyWords(i *incoming) (words []string) {
	if o.restore == nil || i.why != nil || i.twin != nil {
		return nil
	}
	for _, report := range o.restore.reports {
		for _, one := range report.Accounts {
			if one.Name == i.account.Name {
				words = append(words, keyWords(one)+" on "+keyName(report))
			}
		}
	}
	return words
}

func keyWords(one restoredAccount) string {
	switch one.Plan {
	case same:
		return "there already and equal"
	case missing:
		return "would be written"
	case different:
		return "DIFFERENT, left as it is"
	case unchecked:
		return "there already, not compared,"
	}
	return "NOT written (" + one.Error + ")"
}

type importedLine struct {
	Where  string `json:"where"`
	Name   string `json:"name,omitempty"`
	ID     string `json:"id,omitempty"`
	Issuer string `json:"issuer,omitempty"`
	Who    string `json:"account,omitempty"`
	Title  string `json:"title,omitempty"`
	Backup string `json:"backup,omitempty"`
	State  string `json:"state"`
	SameAs string `json:"same_as,omitempty"`
	Error  string `json:"error,omitempty"`
}

// printReport is what --json prints: the entries, and what restore says of each key.
func (o *importOptions) printReport() error {
	lines := make([]importedLine, 0, len(o.found))
	for _, i := range o.found {
		l := importedLine{
			Where: i.where, Name: i.account.Name, ID: jsonID(i.account.ID).ID, Issuer: i.params.Issuer, Who: i.params.Account,
			Title: i.title, Backup: i.account.Backup, State: i.state(),
		}
		if i.twin != nil {
			l.SameAs = i.twin.account.Name
		}
		if i.why != nil {
			l.Error = term.Clean(i.why.Error())
		}
		lines = append(lines, l)
	}
	keys := []restored{}
	if o.restore != nil {
		keys = append(keys, o.restore.reports...)
	}
	return o.app.printJSON(struct {
		Entries []importedLine `json:"entries"`
		Missing []string       `json:"missing,omitempty"`
		DryRun  bool           `json:"dry_run,omitempty"`
		Keys    []restored     `json:"keys"`
	}{lines, o.missing, o.app.onlyLook, keys})
}

// keyName is what a key is called in a report.
func keyName(r restored) string {
	if r.Serial == 0 {
		return "the key " + r.Device
	}
	return fmt.Sprintf("YubiKey %d", r.Serial)
}
