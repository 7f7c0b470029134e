package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"ykmfa/internal/erase"
	"ykmfa/internal/otpauth"
)

// A manager is everything that this package knows about one place for secrets: a row of the table below. In arguments
// and hints {} stands for the name of the entry, {in} for what it is in and {field} for the field; an argument whose
// {in} or {field} is empty is left out.
type manager struct {
	form    string // how a reference to it is written
	program string // looked up on PATH
	orElse  string // a program with the same command line, for where that one is not installed
	install string // how people get it

	// What its references are like.
	split   func(Ref) (place, error) // takes one apart; nil: the rest is the name of the entry
	head    func(rest string) int    // length of the part that the entry is in, where a # begins no field
	whole   bool                     // an entry is one secret and has no fields
	folders bool                     // names are paths, whose slashes at the ends get lost
	asks    bool                     // the program is of the user's choice: see Resolver.Allow

	// Reading. A program that picks one of several entries silently has its list of names looked through before.
	password bool     // the first line that the program reads is the password of {in}
	list     []string // arguments that print the names of all entries
	among    func(names []byte, at place) error
	show     []string                                        // arguments that print an entry
	cached   []string                                        // arguments that print what it last heard from its server; none: it needs no server
	parse    func(printed []byte, at place) ([]entry, error) // nil: what is printed is the secret

	// Writing.
	insert     []string                            // arguments that make a new entry of standard input; none: the manager is only read
	insertWith string                              // the program for that; empty: the same
	inField    string                              // the secret is in the field that the reference names, or else in this one
	settle     []string                            // arguments that bring a new entry to where it is safe, if insert alone does not
	encode     func(at place, value []byte) []byte // what insert reads; nil: the value on a line

	faults  []fault  // what the program says on standard error, first match
	prompts []string // the ends of its questions there, passed on to Resolver.TTY

	// Where there is no program.
	get func(ctx context.Context, r *Resolver, at place) ([]byte, error)
	put func(ctx context.Context, r *Resolver, at place, value []byte) error

	proves bool // put proves what it wrote: it need not be read back
}

// A place is what a reference names, in the words of its manager.
type place struct {
	name  string // of the entry
	in    string // the vault, mount or database that has it; may be empty
	field string // may be empty
}

// A fault is the meaning of a text that a manager prints when it fails. The exit status is part of the text, at its
// end: [exit status 1].
type fault struct {
	text string // part of standard error, in lower case
	kind Kind
	hint string
}

// managers has one row for each scheme. It is made when it is first asked for: a code is printed without it.
var managers = sync.OnceValue(func() map[string]manager {
	return map[string]manager{
		"lpass":     lastPass,
		"op":        onePassword,
		"bw":        bitwarden,
		"pass":      passwordStore,
		"gopass":    gopass,
		"keepassxc": keePassXC,
		"keyring":   osKeyring,
		"hcvault":   hashiVault,
		"aws-sm":    awsSecrets(),
		"aws-ssm":   awsParameters(),
		"vault":     builtInVault,
	}
})

// place takes the reference apart, and refuses what could become an option of the program.
func (m manager) place(ref Ref) (place, error) {
	at := place{name: ref.Rest, field: ref.Field}
	if m.split != nil {
		var err error
		if at, err = m.split(ref); err != nil {
			return place{}, err
		}
	}
	for _, s := range []string{at.name, at.in, at.field} {
		if strings.HasPrefix(s, "-") {
			return place{}, errors.New("a name cannot begin with -")
		}
	}
	if strings.TrimSpace(at.name) == "" {
		return place{}, errors.New("names nothing")
	}
	return at, nil
}

// fill puts the parts of a place where they belong.
func fill(args []string, at place) []string {
	r := strings.NewReplacer("{}", at.name, "{in}", at.in, "{field}", at.field)
	var filled []string
	for _, a := range args {
		if at.in == "" && strings.Contains(a, "{in}") || at.field == "" && strings.Contains(a, "{field}") {
			continue
		}
		filled = append(filled, r.Replace(a))
	}
	return filled
}

// read asks the manager for the entry and picks the secret out of it.
func (m manager) read(ctx context.Context, r *Resolver, at place) (otpauth.Params, error) {
	if err := m.checkTwins(ctx, r, at); err != nil {
		return otpauth.Params{}, err
	}
	out, err := m.print(ctx, r, at)
	if err != nil {
		return otpauth.Params{}, err
	}
	defer otpauth.Wipe(out)
	if m.parse == nil {
		return onlySecret(out)
	}
	var p otpauth.Params
	erase.Do(func() { p, err = m.pick(out, at) })
	return p, err
}

// pick finds the secret in what the manager printed.
func (m manager) pick(printed []byte, at place) (otpauth.Params, error) {
	entries, err := m.parse(printed, at)
	if err != nil {
		return otpauth.Params{}, err
	}
	defer wipeEntries(entries)
	switch len(entries) {
	case 0:
		return otpauth.Params{}, fail(KindNotFound, "", errors.New("no such entry"))
	case 1:
		return entries[0].secret(at.field)
	}
	return otpauth.Params{}, severalEntries(entries)
}

// print returns the entry as the manager prints it.
func (m manager) print(ctx context.Context, r *Resolver, at place) ([]byte, error) {
	if m.get != nil {
		return m.get(ctx, r, at)
	}
	out, err := m.run(ctx, r, at, m.show, nil)
	if KindOf(err) == KindOffline && m.cached != nil {
		r.warn("%s cannot reach its server and answers from its cache", m.program)
		out, err = m.run(ctx, r, at, m.cached, nil)
	}
	return out, err
}

// checkTwins looks through the names of all entries, once for each database.
func (m manager) checkTwins(ctx context.Context, r *Resolver, at place) error {
	if m.list == nil {
		return nil
	}
	names, err := r.memory().list(at.in, func() ([]byte, error) { return m.run(ctx, r, at, m.list, nil) })
	if err != nil {
		return err
	}
	return m.among(names, at)
}

// write makes the entry, which the caller knows not to exist.
func (m manager) write(ctx context.Context, r *Resolver, at place, value []byte) error {
	r.memory().forgetList(at.in)
	if at.field == "" {
		at.field = m.inField
	}
	if m.put != nil {
		return m.put(ctx, r, at, value)
	}
	stdin := m.encoded(at, value)
	defer otpauth.Wipe(stdin)
	m.program = cmp.Or(m.insertWith, m.program)
	out, err := m.run(ctx, r, at, m.insert, stdin)
	otpauth.Wipe(out)
	if err != nil || m.settle == nil {
		return err
	}
	out, err = m.run(ctx, r, at, m.settle, nil)
	otpauth.Wipe(out)
	if err == nil {
		return nil
	}
	return fail(KindOf(err), "when the network is back: "+m.program+" "+quoteArgs(m.settle),
		errors.New(m.program+" has the entry on this machine, but did not get it to its server"))
}

func (m manager) encoded(at place, value []byte) []byte {
	if m.encode != nil {
		return m.encode(at, value)
	}
	return line(value)
}

// run starts the manager and returns what it printed. Failing, it says why by the manager's faults alone.
func (m manager) run(ctx context.Context, r *Resolver, at place, args []string, stdin []byte) ([]byte, error) {
	m.program = r.installed(m.program, m.orElse)
	argv := append([]string{m.program}, fill(args, at)...)
	if m.password {
		withPassword, err := r.withPassword(ctx, at.in, stdin)
		if err != nil {
			return nil, err
		}
		defer otpauth.Wipe(withPassword)
		stdin = withPassword
	}
	res, err := r.run(ctx, command{argv: argv, stdin: stdin, install: m.install, prompts: m.prompts})
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(res.stderr)
	if res.code == 0 {
		return res.stdout, nil
	}
	otpauth.Wipe(res.stdout)
	err = m.explain(argv, at, res)
	if KindOf(err) == KindLocked {
		r.memory().Wipe()
	}
	return nil, err
}

// explain says why the program failed.
func (m manager) explain(argv []string, at place, res result) error {
	said := strings.ToLower(string(res.stderr)) + fmt.Sprintf("[exit status %d]", res.code)
	for _, f := range m.faults {
		if !strings.Contains(said, f.text) {
			continue
		}
		hint := strings.NewReplacer("{}", QuoteArg(at.name), "{in}", QuoteArg(at.in), "{program}", m.program).Replace(f.hint)
		return fail(f.kind, hint, errors.New(m.program+": "+reasons[f.kind]+ids(f, res.stderr)))
	}
	return fail(KindFailed, "see what it says: "+quoteArgs(argv),
		fmt.Errorf("%s failed with exit status %d", m.program, res.code))
}

// ids lists the ids that a program gives for several entries, of which one is to be chosen.
func ids(f fault, stderr []byte) string {
	if f.kind != KindSeveral {
		return ""
	}
	var found []string
	for _, word := range strings.Fields(string(stderr)) {
		if word = strings.Trim(word, `.,:;()"'`); isID(word) {
			found = append(found, word)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return ": " + quoteNames(found)
}

// isID recognises a UUID, and the 26 letters and digits of 1Password.
func isID(s string) bool {
	const hex = "0123456789abcdef"
	switch len(s) {
	case 26:
		return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
	case 36:
		return strings.Count(s, "-") == 4 && strings.Trim(s, hex+"-") == ""
	}
	return false
}

// reasons are the texts for the faults of managers.
var reasons = [...]string{
	KindFailed:       "cannot do this",
	KindUsage:        "the name is not one of an entry",
	KindDenied:       "you may not see this entry",
	KindNotInstalled: "this is another program of the same name",
	KindNotLoggedIn:  "not logged in, or not set up",
	KindLocked:       "locked, and nobody was there to give the right password",
	KindOffline:      "its server cannot be reached",
	KindNotFound:     "no such entry",
	KindSeveral:      "several entries have this name",
	KindNoSecret:     "the entry holds no text",
	KindExists:       "has something else under this name, which stays as it is",
}
