package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"ykmfa/internal/account"
	"ykmfa/internal/otpauth"
	"ykmfa/internal/qr"
	"ykmfa/internal/term"
	"ykmfa/oath"
)

const otpauthHOTP = oath.HOTP

// incoming is an account on its way in.
type incoming struct {
	where, title string
	params       otpauth.Params
	account      account.Account
	known        bool     // it is on record
	kept         bool     // with a backup, which stays as it is
	twin         string   // the name of another entry that is the same
	standing     standing // why a key did not take it
	why          error    // why it cannot be imported
}

// bad reports whether the entry could not be read, rather than not be stored.
func (i *incoming) bad() bool {
	var feature *otpauth.FeatureError
	var own *Error
	return i.why != nil && !errors.As(i.why, &feature) && !errors.As(i.why, &own)
}

// judge decides what each entry becomes.
func (o *importOptions) judge(ctx context.Context) error {
	names := map[string]bool{}
	ids := map[string]*incoming{}
	for _, acc := range o.accounts {
		names[acc.Name] = true
	}
	for _, i := range o.found {
		if i.why == nil {
			i.why = o.describe(i, names, ids)
		}
	}
	if o.selects {
		return o.choose(ctx)
	}
	return nil
}

// describe makes an account of an entry.
func (o *importOptions) describe(i *incoming, names map[string]bool, ids map[string]*incoming) error {
	i.params = i.params.WithDefaults()
	p := i.params
	name := oath.Name{Issuer: p.Issuer, Account: p.Account, Period: p.Period}
	if name.Account == "" {
		name.Account = i.title
	}
	id, err := o.freeID(i, name, ids)
	if err != nil || i.twin != "" {
		return err
	}
	i.account = account.Account{ID: id, Touch: o.touch && p.Type == oath.TOTP, Type: p.Type, Algorithm: p.Algorithm, Digits: p.Digits, Period: p.Period, Counter: p.Counter}
	ids[string(id)] = i
	if known := accountOf(o.accounts, id); known != nil {
		i.known, i.account.Name, i.account.Backup = true, known.Name, known.Backup
		i.account.Touch = i.account.Touch || known.Touch
		i.kept = known.Backup != ""
	} else {
		i.account.Name = freeName(p, name.Account, names)
		names[i.account.Name] = true
	}
	if !i.kept && o.backupTo != "" {
		i.account.Backup = fillName(o.backupTo, i.account.Name)
	}
	return nil
}

// freeID is the credential id. Of two entries that have the same one, the second is either the same account, or gets a
// number behind its name.
func (o *importOptions) freeID(i *incoming, name oath.Name, ids map[string]*incoming) ([]byte, error) {
	plain := name.Account
	for n := 2; ; n++ {
		if err := validateIDText(name.String()); err != nil {
			return nil, fail(exitFailed, "rename it in the program that it comes from", "%w", err)
		}
		id, err := name.ID(i.params.Type)
		if err != nil {
			return nil, fail(exitFailed, "shorten its name in the program that it comes from", "%w", err)
		}
		other := ids[string(id)]
		if other == nil {
			return id, nil
		}
		if bytes.Equal(other.params.Secret, i.params.Secret) && sameTerms(other.params, i.params) {
			i.twin = other.account.Name
			return nil, nil
		}
		name.Account = plain + " " + strconv.Itoa(n)
	}
}

// freeName proposes a short name: the issuer, else the account, else both, else with a number.
func freeName(p otpauth.Params, name string, taken map[string]bool) string {
	issuer, who := slug(p.Issuer), slug(name)
	if issuer == "amazon-web-services" {
		issuer = "aws"
	}
	local, _, _ := strings.Cut(who, "@")
	candidates := []string{issuer, who, join(issuer, local), join(issuer, who)}
	if issuer != "" {
		candidates = []string{issuer, join(issuer, local), join(issuer, who)}
	}
	last := "account"
	for _, c := range candidates {
		if account.ValidateName(c) != nil {
			continue
		}
		if last = c; !taken[c] {
			return c
		}
	}
	for n := 2; ; n++ {
		if c := fmt.Sprintf("%s-%d", last, n); !taken[c] {
			return c
		}
	}
}

func join(issuer, who string) string { return strings.Trim(issuer+"-"+who, "-") }

// slug makes a word of a name that people type: small letters, hyphens for blanks.
func slug(s string) string {
	const longest = 30 // letters
	var b strings.Builder
	n := 0
	for _, r := range strings.ToLower(s) {
		switch {
		case n == longest:
			return strings.Trim(b.String(), "-.")
		case unicode.IsLetter(r), unicode.IsDigit(r), strings.ContainsRune("._@+", r):
			b.WriteRune(r)
			n++
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
			n++
		}
	}
	return strings.Trim(b.String(), "-.")
}

func fillName(text, name string) string { return strings.ReplaceAll(text, "{}", name) }

func list(texts []string) string { return strings.Join(texts, ", ") }

func decodeQR(ctx context.Context, data []byte) ([][]byte, error) { return qr.DecodeFile(ctx, data) }

// choose has the user pick from the list.
func (o *importOptions) choose(ctx context.Context) error {
	t, err := term.Open()
	if err != nil {
		return usage("--only PATTERN chooses without one", "--select needs a terminal: %w", err)
	}
	defer t.Close()
	for n, i := range o.found {
		t.Printf("%4d  %s\n", n+1, term.Clean(i.line()))
	}
	chosen, err := pick(ctx, t, len(o.found))
	if err != nil {
		return err
	}
	var rest []*incoming
	for n, i := range o.found {
		if chosen[n] {
			rest = append(rest, i)
		} else {
			otpauth.Wipe(i.params.Secret)
		}
	}
	o.found = rest
	return nil
}

// state says what becomes of an entry, before a key is looked at.
func (i *incoming) state() string {
	switch {
	case i.bad():
		return "bad"
	case i.why != nil:
		return "cannot-be-stored"
	case i.twin != "":
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
	case "cannot-be-stored":
		return "left out: " + i.why.Error()
	case "duplicate":
		return "the same as " + i.twin
	case "known":
		return "on record already"
	}
	return "new"
}

func (i *incoming) line() string {
	shown := oath.Name{Issuer: i.params.Issuer, Account: i.params.Account}.String()
	if i.account.ID != nil {
		shown = oath.ParseName(i.account.ID, i.account.Type).String()
	} else if shown == "" {
		shown = i.title
	}
	return strings.Join([]string{i.where, i.account.Name, shown, i.words()}, "\t")
}

// announce says what was found: all of it for --dry-run, else what will not be imported.
func (o *importOptions) announce() {
	for _, missing := range o.missing {
		o.app.warn(missing)
	}
	if o.app.json || o.app.quiet {
		return
	}
	if o.app.onlyLook {
		t := o.app.table("WHERE", "NAME", "CREDENTIAL", "STATE")
		for _, i := range o.found {
			t.row(strings.Split(i.line(), "\t")...)
		}
		_ = t.flush()
		return
	}
	for _, i := range o.found {
		if i.why != nil || i.twin != "" {
			o.app.say("  %s", strings.Join(strings.Fields(strings.ReplaceAll(i.line(), "\t", "  ")), " "))
		}
	}
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
			Title: i.title, Backup: i.account.Backup, State: i.state(), SameAs: i.twin,
		}
		if i.why != nil {
			l.Error = i.why.Error()
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
