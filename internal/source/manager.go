package source

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ykmfa/internal/otpauth"
)

// A manager is everything that this package knows about one password manager: a row of the table below. In arguments
// and hints {} stands for the name of the entry.
type manager struct {
	program string   // looked up on PATH
	install string   // how people get it
	show    []string // arguments that print an entry
	cached  []string // arguments that print what it last heard from its server; none: it needs no server
	insert  []string // arguments that make a new entry of standard input; none: the manager is only read
	settle  []string // arguments that bring a new entry to where it is safe, if insert alone does not
	parse   func(printed []byte, name string) ([]entry, error)
	faults  []fault  // what the program says on standard error, first match
	prompts []string // the ends of its questions there, passed on to Resolver.TTY
}

// A fault is the meaning of a text that a manager prints when it fails.
type fault struct {
	text string // part of standard error, in lower case
	kind Kind
	hint string
}

var managers = map[string]manager{
	"lpass": {
		program: "lpass",
		install: "install lastpass-cli, then: lpass login YOUR@EMAIL",
		// -x because two matches are otherwise a success that prints no entry. Only --json leaves no access log to upload.
		show:   []string{"show", "--json", "-x", "--color=never", "--", "{}"},
		cached: []string{"show", "--sync=no", "--json", "-x", "--color=never", "--", "{}"},
		insert: []string{"add", "--sync=auto", "--non-interactive", "--notes", "--color=never", "--", "{}"},
		// add is done when the entry is queued; sync waits for the queue and fetches what the server then has.
		settle: []string{"sync", "--color=never"},
		parse:  parseLastPass,
		faults: []fault{
			{"could not find specified account", KindNotFound, "lpass ls"},
			{"could not authenticate for protected entry", KindLocked, "run ykmfa in a terminal: LastPass asks again for the password of this entry"},
			{"askpass", KindLocked, "lpass ls (it asks for the master password)"},
			{"pinentry", KindLocked, "lpass ls (it asks for the master password)"},
			{"master password", KindLocked, "lpass ls (it asks for the master password)"},
			{"could not find decryption key", KindNotLoggedIn, "lpass login YOUR@EMAIL"},
			{"could not find session", KindNotLoggedIn, "lpass login YOUR@EMAIL"},
			{"session is invalid", KindNotLoggedIn, "lpass login YOUR@EMAIL"},
			{"resolve host", KindOffline, "connect to the network, then: lpass sync"},
			{"timeout was reached", KindOffline, "connect to the network, then: lpass sync"},
			{"connect to server", KindOffline, "connect to the network, then: lpass sync"},
			{"unable to find shared folder", KindFailed, "make the shared folder in LastPass first, or use another name"},
			{"multiple matches", KindSeveral, "lpass ls, and use the id of the entry as its name"},
		},
		prompts: []string{"Master Password: "},
	},
	"pass": {
		program: "pass",
		install: "install pass, then: pass init YOUR-GPG-ID",
		show:    []string{"show", "--", "{}"},
		insert:  []string{"insert", "--multiline", "--", "{}"},
		parse:   parsePass,
		faults: []fault{
			{"is not in the password store", KindNotFound, "pass ls"},
			{"you must run:", KindNotFound, "pass init YOUR-GPG-ID"},
			{"password store is empty", KindNotFound, "pass init YOUR-GPG-ID"},
			{"sneaky path", KindUsage, "name an entry inside the password store"},
			{"no secret key", KindLocked, "pass show {} (it asks for the passphrase of your key)"},
			{"no pinentry", KindLocked, "pass show {} (it asks for the passphrase of your key)"},
			{"inappropriate ioctl", KindLocked, "export GPG_TTY=$(tty)"},
			{"decryption failed", KindLocked, "pass show {} (it asks for the passphrase of your key)"},
			{"no public key", KindFailed, "pass init YOUR-GPG-ID"},
		},
	},
}

// fill puts the name of an entry in the place of {}.
func fill(args []string, name string) []string {
	filled := make([]string, len(args))
	for i, a := range args {
		filled[i] = strings.ReplaceAll(a, "{}", name)
	}
	return filled
}

// read asks the manager for the entry and picks the secret out of it.
func (m manager) read(ctx context.Context, r *Resolver, ref Ref) (otpauth.Params, error) {
	out, err := m.run(ctx, r, ref, m.show, nil)
	if KindOf(err) == KindOffline && m.cached != nil {
		r.warn("%s cannot reach its server and answers from its cache", m.program)
		out, err = m.run(ctx, r, ref, m.cached, nil)
	}
	if err != nil {
		return otpauth.Params{}, err
	}
	defer otpauth.Wipe(out)
	entries, err := m.parse(out, ref.Rest)
	if err != nil {
		return otpauth.Params{}, err
	}
	defer wipeEntries(entries)
	switch len(entries) {
	case 0:
		return otpauth.Params{}, fail(KindNotFound, "", errors.New("no such entry"))
	case 1:
		return entries[0].secret(ref.Field)
	}
	return otpauth.Params{}, severalEntries(entries)
}

// write makes the entry, which the caller knows not to exist.
func (m manager) write(ctx context.Context, r *Resolver, ref Ref, value []byte) error {
	out, err := m.run(ctx, r, ref, m.insert, value)
	otpauth.Wipe(out)
	if err != nil || m.settle == nil {
		return err
	}
	out, err = m.run(ctx, r, ref, m.settle, nil)
	otpauth.Wipe(out)
	if err == nil {
		return nil
	}
	return fail(KindOf(err), "when the network is back: "+m.program+" "+quoteArgs(m.settle),
		errors.New(m.program+" has the entry on this machine, but did not get it to its server"))
}

// run starts the manager and returns what it printed. Failing, it says why by the manager's faults alone.
func (m manager) run(ctx context.Context, r *Resolver, ref Ref, args []string, stdin []byte) ([]byte, error) {
	argv := append([]string{m.program}, fill(args, ref.Rest)...)
	res, err := r.run(ctx, command{argv: argv, stdin: stdin, install: m.install, prompts: m.prompts})
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(res.stderr)
	if res.code == 0 {
		return res.stdout, nil
	}
	otpauth.Wipe(res.stdout)
	said := strings.ToLower(string(res.stderr))
	for _, f := range m.faults {
		if strings.Contains(said, f.text) {
			hint := strings.ReplaceAll(f.hint, "{}", quoteArg(ref.Rest))
			return nil, fail(f.kind, hint, errors.New(m.program+": "+reasons[f.kind]))
		}
	}
	return nil, fail(KindFailed, "see what it says: "+quoteArgs(argv),
		fmt.Errorf("%s failed with exit status %d", m.program, res.code))
}

// reasons are the texts for the faults of managers.
var reasons = map[Kind]string{
	KindFailed:      "cannot do this",
	KindUsage:       "the name is not one of an entry",
	KindNotLoggedIn: "not logged in",
	KindLocked:      "locked, and nobody was there to give the password",
	KindOffline:     "its server cannot be reached",
	KindNotFound:    "no such entry",
	KindSeveral:     "several entries have this name",
}
