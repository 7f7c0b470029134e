package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"ykmfa/internal/otpauth"
)

// keepassxc-cli picks the first of several entries silently, so their names are looked through before. It has no way
// to set the one-time-password field without an argument: a new entry has the secret as its password.
var keePassXC = manager{
	form:     "keepassxc:DB.kdbx#ENTRY",
	program:  "keepassxc-cli",
	install:  "install keepassxc",
	head:     databaseLen,
	split:    splitKeePassXC,
	folders:  true,
	password: true,
	list:     []string{"ls", "-R", "-f", "--", "{in}"},
	among:    amongKeePassXC,
	show:     []string{"show", "-s", "--all", "--", "{in}", "{}"},
	insert:   []string{"add", "-p", "--", "{in}", "{}"},
	parse:    parseKeePassXC,
	faults: []fault{
		{"invalid credentials", KindLocked, "try the password: keepassxc-cli ls {in}"},
		{"failed to open database file", KindFailed, "keepassxc-cli ls {in}"},
		{"could not find entry", KindNotFound, "keepassxc-cli ls -R -f {in}"},
		{"could not create entry", KindFailed, "is its group there? keepassxc-cli mkdir {in} GROUP"},
		{"could not find group", KindFailed, "keepassxc-cli mkdir {in} GROUP"},
		{"key file", KindLocked, "a database that needs a key file cannot be used from here"},
	},
}

// databaseLen is the length of DB.kdbx# at the beginning of a reference, whatever else is in the path; a file with
// another ending ends at the first #. It is 0 when no entry is named.
func databaseLen(rest string) int {
	const ending = ".kdbx"
	low := strings.ToLower(rest)
	if i := strings.Index(low, ending+"#"); i >= 0 {
		return i + len(ending+"#")
	}
	if strings.HasSuffix(low, ending) {
		return 0
	}
	return strings.IndexByte(rest, '#') + 1
}

func splitKeePassXC(ref Ref) (place, error) {
	n := databaseLen(ref.Rest)
	if n < 2 {
		return place{}, errors.New("needs DB.kdbx#ENTRY")
	}
	return place{in: ref.Rest[:n-1], name: ref.Rest[n:], field: ref.Field}, nil
}

// withPassword puts the password of a database, and a line break, before what a program reads.
func (r *Resolver) withPassword(ctx context.Context, database string, stdin []byte) ([]byte, error) {
	if info, err := os.Stat(database); err != nil || info.IsDir() {
		return nil, fail(KindFailed, "name the file of the database: keepassxc:PATH/DB.kdbx#ENTRY", fmt.Errorf("there is no database %q", database))
	}
	password, err := r.memory().password(database, func() ([]byte, error) { return r.askPassword(ctx, database) })
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(password)
	text := make([]byte, 0, len(password)+1+len(stdin))
	return append(append(append(text, password...), '\n'), stdin...), nil
}

// passwordCommand is the variable that names a program which prints the password of KeePassXC's databases, for where
// there is no terminal.
const passwordCommand = "YKMFA_KEEPASSXC_PASSWORD_COMMAND"

func (r *Resolver) askPassword(ctx context.Context, database string) ([]byte, error) {
	hint := "run ykmfa on a terminal, or set " + passwordCommand
	if program := r.getenv(passwordCommand); program != "" {
		out, err := r.Output(ctx, program)
		if err != nil {
			return nil, fail(KindLocked, "see what it says: "+program, fmt.Errorf("%s: %w", passwordCommand, err))
		}
		return bytes.TrimRight(out, "\r\n"), nil
	}
	if r.Prompt == nil {
		return nil, fail(KindLocked, hint, errors.New("no terminal to ask for the password on"))
	}
	answer, err := r.Prompt(ctx, fmt.Sprintf("Password of %s:", database))
	if err != nil {
		return nil, fail(KindLocked, hint, fmt.Errorf("its password was not given: %w", err))
	}
	return answer, nil
}

// amongKeePassXC says which entries keepassxc-cli would choose from: those of the path, and without a slash all of
// that title.
func amongKeePassXC(names []byte, at place) error {
	path := strings.TrimPrefix(at.name, "/")
	var found []string
	for name := range strings.Lines(string(names)) {
		name = strings.TrimRight(name, "\r\n")
		if name == path || !strings.Contains(at.name, "/") && name[strings.LastIndexByte(name, '/')+1:] == path {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return fail(KindNotFound, "keepassxc-cli ls -R -f "+QuoteArg(at.in), errors.New("no such entry"))
	case 1:
		return nil
	}
	return fail(KindSeveral, "write the whole path (/"+path+" is the one outside of all groups), or rename one",
		fmt.Errorf("%d entries have this name: %s", len(found), quoteNames(found)))
}

// The attributes that keepassxc-cli shows first, in this order. Notes may have many lines; nothing marks their end but
// the id that follows.
const (
	keePassNotes = "Notes: "
	keePassID    = "Uuid: {"
)

// parseKeePassXC reads what keepassxc-cli show --all prints: a line for each attribute.
func parseKeePassXC(printed []byte, at place) ([]entry, error) {
	if !bytes.HasPrefix(printed, []byte("Title: ")) {
		return nil, errors.New("keepassxc-cli printed something that is not an entry")
	}
	e := entry{name: at.name}
	note := -1 // where the note is, while it goes on
	for l := range bytes.Lines(printed) {
		l = bytes.TrimRight(l, "\r\n")
		name, value, ok := bytes.Cut(l, []byte(": "))
		if note >= 0 && !bytes.HasPrefix(l, []byte(keePassID)) || !ok && len(e.fields) > 0 {
			last := &e.fields[len(e.fields)-1]
			last.value = appendLine(last.value, l)
			continue
		}
		note = -1
		if bytes.HasPrefix(l, []byte(keePassNotes)) {
			note = len(e.fields)
		}
		e.fields = append(e.fields, field{name: string(name), value: bytes.Clone(value)})
	}
	return []entry{e.keePass()}, nil
}

// appendLine adds a line to a text, and wipes the memory that it outgrows.
func appendLine(text, line []byte) []byte {
	longer := make([]byte, 0, len(text)+1+len(line))
	longer = append(append(append(longer, text...), '\n'), line...)
	otpauth.Wipe(text)
	return longer
}

// keePass says what the attributes are for. Before KeePassXC had its own, a plugin of KeePass kept the secret in TOTP
// Seed, and period and digits in TOTP Settings.
func (e entry) keePass() entry {
	own, seed, settings, note := -1, -1, "", []byte(nil)
	for i, f := range e.fields {
		switch f.name {
		case "Password":
			e.fields[i].role = rolePassword
		case "Notes":
			note = f.value
		case "otp":
			own = i
		case "TOTP Seed":
			seed = i
		case "TOTP Settings":
			settings = string(f.value)
		}
	}
	if own < 0 && seed >= 0 {
		own = seed
		e.fields[seed].value = withSettings(e.fields[seed].value, settings)
	}
	if own >= 0 {
		e.fields[own].role = roleOTP
	}
	e.fields = append(e.fields, fieldsOfText(note)...)
	return e
}

// withSettings makes a URI of a seed whose settings are not the usual ones; Steam's are refused as what they are.
func withSettings(seed []byte, settings string) []byte {
	m := regexp.MustCompile(`^([0-9]{1,5});([0-9])$`).FindStringSubmatch(settings)
	switch {
	case strings.HasSuffix(settings, ";S"):
		return append([]byte("steam://"), seed...)
	case m == nil || settings == "30;6":
		return seed
	}
	defer otpauth.Wipe(seed)
	return fmt.Appendf(nil, "otpauth://totp/x?secret=%s&period=%s&digits=%s", bytes.ReplaceAll(seed, []byte(" "), nil), m[1], m[2])
}
