package cli

// onlyOnKey stands for a credential that no account names.
const onlyOnKey standing = "only-on-key"

// verifiedKey is what --json prints of a key.
type verifiedKey struct {
	keyID
	Firmware string            `json:"firmware"`
	Accounts []verifiedAccount `json:"accounts"`
}

// verifiedAccount is one line.
type verifiedAccount struct {
	Name string `json:"name"`
	credentialID
	Backup  string   `json:"backup,omitempty"`
	Result  standing `json:"result"`
	Why     string   `json:"why,omitempty"`
	Seconds *float64 `json:"seconds,omitempty"` // that reading the backup took

	err error
}

func verifiedLine(b *backup, result standing, why error) verifiedAccount {
	line := verifiedAccount{Name: b.account.Name, credentialID: jsonID(b.account.ID), Backup: b.account.Backup, Result: result, err: why}
	if why != nil {
		line.Why = why.Error()
	}
	return line
}

// print prints the lines of all keys.
func (o *verifyOptions) print() error {
	if o.app.json {
		return o.app.printJSON(struct {
			Keys    []verifiedKey `json:"keys"`
			Seconds float64       `json:"seconds"`
		}{o.keys, o.app.Now().Sub(o.start).Seconds()})
	}
	t := o.app.table("NAME", "KEY", "BACKUP", "RESULT", "WHY")
	for _, k := range o.keys {
		for _, l := range k.Accounts {
			t.row(l.Name, k.label(), l.place(), string(l.Result), l.Why)
		}
	}
	return t.flush()
}

func (l verifiedAccount) place() string {
	switch {
	case l.Result == onlyOnKey:
		return "?"
	case l.Backup == "":
		return "-"
	}
	return l.Backup
}

// reportBackups is the fire drill: what was read of the backups, and how long it took.
func (o *verifyOptions) reportBackups() error {
	var t troubles
	var lines []verifiedAccount
	for _, b := range o.backups {
		line := verifiedLine(b, readable, b.err)
		seconds := b.took.Seconds()
		line.Seconds = &seconds
		if b.err != nil {
			line.Result = b.unreadable()
			t = append(t, trouble{b.account.Name, b.err})
		}
		lines = append(lines, line)
	}
	all := o.app.Now().Sub(o.since)
	if err := o.printBackups(lines, len(lines)-len(t), all.Seconds()); err != nil {
		return err
	}
	o.app.tell("%d of %s readable and valid, in %s", len(lines)-len(t), plural(len(lines), "backup"), took(all))
	return t.verdict(len(lines), "without a usable backup")
}

// printBackups prints what is wrong; everything with -v or --json.
func (o *verifyOptions) printBackups(lines []verifiedAccount, good int, seconds float64) error {
	if o.app.json {
		return o.app.printJSON(struct {
			Accounts []verifiedAccount `json:"accounts"`
			Readable int               `json:"readable"`
			Total    int               `json:"total"`
			Seconds  float64           `json:"seconds"`
		}{lines, good, len(lines), seconds})
	}
	if good == len(lines) && !o.app.verbose {
		return nil
	}
	t := o.app.table("NAME", "BACKUP", "RESULT", "WHY")
	for _, l := range lines {
		if l.Result != readable || o.app.verbose {
			t.row(l.Name, l.place(), string(l.Result), l.Why)
		}
	}
	return t.flush()
}
