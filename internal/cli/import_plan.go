package cli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"ykmfa/internal/account"
	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

// incoming is an account on its way in.
type incoming struct {
	where, title string
	params       otpauth.Params
	account      account.Account
	known        bool      // it is on record
	kept         bool      // with a backup, which stays as it is
	settled      bool      // its backup is written, or compared, and proven
	twin         *incoming // another entry that is the same
	why          error     // why it cannot be imported
}

// bad reports whether the entry could not be read, rather than not be stored.
func (i *incoming) bad() bool {
	var feature *otpauth.FeatureError
	var own *Error
	return i.why != nil && !errors.As(i.why, &feature) && !errors.As(i.why, &own)
}

// proposals are the names and credential ids that entries have got, and what tells entries that are the same.
type proposals struct {
	known  map[string]*account.Account // on record, by credential id
	names  map[string]bool
	ids    map[string]bool
	twins  map[[sha256.Size]byte]*incoming
	number map[string]int // the last one that was put behind a name
}

// judge decides what each entry becomes.
func (o *importOptions) judge(ctx context.Context) error {
	given := proposals{map[string]*account.Account{}, map[string]bool{}, map[string]bool{}, map[[sha256.Size]byte]*incoming{}, map[string]int{}}
	for n, acc := range slices.Backward(o.accounts) { // of two for one id the first counts
		given.names[acc.Name], given.known[string(acc.ID)] = true, &o.accounts[n]
	}
	for _, i := range o.found {
		if i.why == nil {
			i.why = o.describe(i, given)
		}
	}
	if o.selects {
		return o.choose(ctx)
	}
	return nil
}

// describe makes an account of an entry.
func (o *importOptions) describe(i *incoming, given proposals) error {
	i.params = i.params.WithDefaults()
	p := i.params
	name := oath.Name{Issuer: p.Issuer, Account: p.Account, Period: p.Period}
	if name.Account == "" {
		name.Account = i.title
	}
	if name.Account == "" { // a credential has a name; an issuer need not be there, but makes Steam's codes what they are
		name.Account = p.Issuer
		if !strings.EqualFold(p.Issuer, "Steam") {
			name.Issuer = ""
		}
	}
	same := i.fingerprint(name)
	if i.twin = given.twins[same]; i.twin != nil {
		return nil
	}
	id, err := given.freeID(i, name)
	if err != nil {
		return err
	}
	given.twins[same] = i
	i.account = account.Account{ID: id, Touch: o.touch && p.Type == oath.TOTP, Type: p.Type, Algorithm: p.Algorithm, Digits: p.Digits, Period: p.Period, Counter: p.Counter}
	if known := given.known[string(id)]; known != nil {
		return o.recognise(i, known)
	}
	i.account.Name = given.freeName(p, name.Account)
	if o.backupTo != "" {
		i.account.Backup = fillName(o.backupTo, i.account.Name)
	}
	return nil
}

// recognise takes an entry for an account that is on record, whose terms are those of its backup and stay as they are. A
// counter only ever goes up.
func (o *importOptions) recognise(i *incoming, known *account.Account) error {
	recorded := recordedTerms(otpauth.Params{}, *known)
	i.known, i.kept = true, known.Backup != ""
	i.account.Name, i.account.Backup, i.account.Touch = known.Name, known.Backup, i.account.Touch || known.Touch
	if !sameTerms(recorded, i.params) {
		return fail(exitDiffer, "which one is right? what is on record was left as it is", "%s is on record with other terms (%s, not %s)",
			known.Name, terms(recorded), terms(i.params))
	}
	i.account.Counter = max(i.account.Counter, known.Counter)
	i.params.Counter = i.account.Counter
	if !i.kept && o.backupTo != "" {
		i.account.Backup = fillName(o.backupTo, i.account.Name)
	}
	return nil
}

// fingerprint is the same for two entries only if they are the same account.
func (i *incoming) fingerprint(name oath.Name) [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%q %s ", name.String(), terms(i.params))
	h.Write(i.params.Secret)
	return [sha256.Size]byte(h.Sum(nil))
}

// freeID is the credential id. Of entries that would have the same one, the later ones get a number behind their names.
func (g proposals) freeID(i *incoming, name oath.Name) ([]byte, error) {
	plain := name.Account
	key := fmt.Sprintf("%q %v", name.String(), i.params.Type)
	for {
		if err := validateIDText(name.String()); err != nil {
			return nil, fail(exitFailed, "rename it in the program that it comes from", "%w", err)
		}
		id, err := name.ID(i.params.Type)
		if err != nil {
			return nil, fail(exitFailed, "shorten its name in the program that it comes from", "%w", err)
		}
		if !g.ids[string(id)] {
			g.ids[string(id)] = true
			return id, nil
		}
		name.Account = fmt.Sprintf("%s %d", plain, g.next(key))
	}
}

// next counts up from 2.
func (g proposals) next(key string) int {
	g.number[key] = max(g.number[key], 1) + 1
	return g.number[key]
}

// freeName proposes a short name: the issuer, else the account, else both, else with a number.
func (g proposals) freeName(p otpauth.Params, name string) string {
	issuer, who := slug(p.Issuer), slug(name)
	if issuer == "amazon-web-services" {
		issuer = "aws"
	}
	local, _, _ := strings.Cut(who, "@")
	candidates := []string{issuer, join(issuer, local), join(issuer, who)}
	if issuer == "" {
		candidates = []string{who}
	}
	last := "account"
	for _, c := range candidates {
		if account.ValidateName(c) == nil {
			if last = c; g.take(c) {
				return c
			}
		}
	}
	for {
		if c := fmt.Sprintf("%s-%d", last, g.next(last)); g.take(c) {
			return c
		}
	}
}

func (g proposals) take(name string) bool {
	taken := g.names[name]
	g.names[name] = true
	return !taken
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
