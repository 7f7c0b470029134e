package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"ykmfa/internal/erase"
	"ykmfa/internal/otpauth"
)

// DefaultTimeout is how long a program may take, the time in which a person answers its questions included.
const DefaultTimeout = 60 * time.Second

// A Resolver reads and writes the places that references name. Its zero value reads from the environment of this
// process, has no standard input and no terminal, and lets every reference run its program.
type Resolver struct {
	Stdin   io.Reader // what "-" reads; nil: nothing
	Prompt  func(ctx context.Context, question string) ([]byte, error)
	Getenv  func(string) string // nil: os.Getenv
	Environ []string            // of the programs, and where their PATH comes from; nil: os.Environ()
	Allow   func(Ref) error     // asked before a reference may run a program of its own, or the user's, choice (cmd:, Sources); nil: yes
	Sources map[string]Custom   // sources that the user has defined, by scheme: see CheckCustom
	Memory  *Memory             // what is asked only once; nil: once for this Resolver
	Timeout time.Duration       // for a program; 0: DefaultTimeout
	Vault   Vault               // the built-in store; nil: there is none
	TTY     *os.File            // terminal on which programs may ask; nil: they find none
	Warn    func(string)        // gets what is not an error but should not stay so; nil: nobody hears it

	own           Memory
	testOnlyMacOS bool // the keyring is that of macOS
}

// Get reads the secret that ref names. Errors are *Error. The caller wipes Params.Secret.
func (r *Resolver) Get(ctx context.Context, ref Ref) (otpauth.Params, error) {
	p, err := r.get(ctx, ref)
	return p, at(ref, err)
}

func (r *Resolver) get(ctx context.Context, ref Ref) (otpauth.Params, error) {
	if err := ref.check(); err != nil {
		return otpauth.Params{}, fail(KindUsage, usage(ref.Scheme), err)
	}
	if m, ok := r.manager(ref.Scheme); ok {
		at, err := r.place(m, ref)
		if err != nil {
			return otpauth.Params{}, err
		}
		return m.read(ctx, r, at)
	}
	text, err := r.text(ctx, ref)
	if err != nil {
		return otpauth.Params{}, err
	}
	defer otpauth.Wipe(text)
	return onlySecret(text)
}

// manager returns the row of a scheme.
func (r *Resolver) manager(scheme string) (manager, bool) {
	if m, ok := managers()[scheme]; ok {
		if scheme == "keyring" && (runtime.GOOS == "darwin" || r.testOnlyMacOS) {
			m = keychain
		}
		return m, true
	}
	if c, ok := r.Sources[scheme]; ok && CheckCustom(scheme, c) == nil {
		return c.manager(scheme), true
	}
	return manager{}, false
}

// place takes the reference apart, and asks whether it may run what it names.
func (r *Resolver) place(m manager, ref Ref) (place, error) {
	at, err := m.place(ref)
	if err != nil {
		return place{}, fail(KindUsage, usage(ref.Scheme), err)
	}
	if m.head != nil {
		at.in = r.path(at.in)
	}
	if m.asks {
		return at, r.allow(ref)
	}
	return at, nil
}

func (r *Resolver) allow(ref Ref) error {
	if r.Allow == nil {
		return nil
	}
	if err := r.Allow(ref); err != nil {
		return fail(KindDenied, "type this reference on the command line to allow it", err)
	}
	return nil
}

// onlySecret reads a place that holds one secret and nothing else.
func onlySecret(text []byte) (p otpauth.Params, err error) {
	erase.Do(func() { p, err = parseText(text) })
	if err != nil {
		return otpauth.Params{}, fail(KindNoSecret, "", err)
	}
	return p, nil
}

// text is what is in a place that no manager keeps.
func (r *Resolver) text(ctx context.Context, ref Ref) ([]byte, error) {
	switch ref.Scheme {
	case schemeFile:
		return r.readFile(ctx, ref.Rest)
	case schemeStdin:
		return r.readStdin(ctx)
	case schemePrompt:
		return r.prompt(ctx)
	case schemeEnv:
		return r.readEnv(ref.Rest)
	case schemeCmd:
		return r.readCmd(ctx, ref)
	case schemeQR:
		return r.readQR(ctx, ref.Rest)
	}
	return nil, fail(KindUnsupported, "use "+schemes(), errors.New("not supported by this version"))
}

// Text reads a small text, for the caller to wipe: from a file, standard input (-), or the QR code of a picture
// (qr:IMAGE). Errors are *Error.
func (r *Resolver) Text(ctx context.Context, from string) ([]byte, error) {
	ref := Ref{Scheme: schemeFile, Rest: strings.TrimPrefix(from, "file:")}
	if rest, ok := strings.CutPrefix(from, "qr:"); ok {
		ref = Ref{Scheme: schemeQR, Rest: rest}
	} else if from == schemeStdin {
		ref = Ref{Scheme: schemeStdin}
	}
	text, err := r.text(ctx, ref)
	return text, at(ref, err)
}

// CanWrite reports whether Put has a way to write there.
func (r *Resolver) CanWrite(ref Ref) bool {
	if ref.Scheme == schemeFile {
		return true
	}
	m, ok := r.manager(ref.Scheme)
	return ok && (m.insert != nil || m.put != nil) && (ref.Field == "" || m.inField != "")
}

// WriteHint says where secrets can be written to.
func (r *Resolver) WriteHint() string {
	own := ""
	for _, scheme := range slices.Sorted(maps.Keys(r.Sources)) {
		if len(r.Sources[scheme].Put) > 0 {
			own += scheme + ":NAME, "
		}
	}
	return "use " + own + writable()
}

// Put writes value, an otpauth URI or a base32 secret on one line, to the place that ref names, proves it by reading
// it back, and returns what the place has now, for the caller to wipe. A place that has the same secret already is left
// alone; one that has anything else is never overwritten, and is an *Error of KindExists.
func (r *Resolver) Put(ctx context.Context, ref Ref, value []byte) (otpauth.Params, error) {
	p, err := r.put(ctx, ref, value)
	return p, at(ref, err)
}

func (r *Resolver) put(ctx context.Context, ref Ref, value []byte) (otpauth.Params, error) {
	if err := ref.check(); err != nil {
		return otpauth.Params{}, fail(KindUsage, usage(ref.Scheme), err)
	}
	want, err := parseText(value)
	if err != nil {
		return otpauth.Params{}, fail(KindNoSecret, "", fmt.Errorf("what should be written there: %w", err))
	}
	m, _ := r.manager(ref.Scheme)
	there, err := r.putNew(ctx, m, ref, want, value)
	if m.proves && err == nil && there.Secret == nil {
		return want, nil
	}
	otpauth.Wipe(want.Secret)
	return there, err
}

// putNew returns what is there, also when it was there already. Of what its manager has proven it returns nothing.
func (r *Resolver) putNew(ctx context.Context, m manager, ref Ref, want otpauth.Params, value []byte) (otpauth.Params, error) {
	if !r.CanWrite(ref) {
		return otpauth.Params{}, fail(KindUnsupported, r.WriteHint(), errors.New("cannot be written to"))
	}
	if m.folders && strings.Trim(ref.Rest[ref.head():], "/") != ref.Rest[ref.head():] {
		return otpauth.Params{}, fail(KindUsage, "", errors.New("the name of a new entry cannot begin or end with /"))
	}
	there, found, err := stored(want, func() (otpauth.Params, error) { return r.get(ctx, ref) })
	if found || err != nil {
		return there, err
	}
	if err := r.write(ctx, ref, want, value); err != nil || m.proves {
		return otpauth.Params{}, err
	}
	return r.readBack(ctx, ref, want)
}

// stored returns the secret that the place has already, when it is the one that is wanted. Anything else there, or that
// cannot be looked at, is an error.
func stored(want otpauth.Params, get func() (otpauth.Params, error)) (got otpauth.Params, found bool, err error) {
	got, err = get()
	const hint = "choose another name, or remove what is there first"
	switch kind := KindOf(err); {
	case err == nil && equalSecret(got, want):
		return got, true, nil
	case err == nil:
		otpauth.Wipe(got.Secret)
		return otpauth.Params{}, false, fail(KindExists, hint, errors.New("has a different secret, which stays as it is"))
	case kind == KindNotFound:
		return otpauth.Params{}, false, nil
	case kind == KindNoSecret, kind == KindSeveral:
		return otpauth.Params{}, false, fail(KindExists, hint, errors.New("has something else, which stays as it is"))
	}
	return otpauth.Params{}, false, err
}

// write makes the entry. One that is there, and only lacks the field of the reference, is none to make.
func (r *Resolver) write(ctx context.Context, ref Ref, want otpauth.Params, value []byte) error {
	m, ok := r.manager(ref.Scheme)
	if !ok {
		text := line(value)
		defer otpauth.Wipe(text)
		return r.writeFile(ref.Rest, text)
	}
	at, err := r.place(m, ref)
	if err != nil {
		return err
	}
	if at.field != "" {
		whole := place{name: at.name, in: at.in}
		there, found, err := stored(want, func() (otpauth.Params, error) { return m.read(ctx, r, whole) })
		otpauth.Wipe(there.Secret)
		if err != nil {
			return err
		}
		if found {
			return fail(KindExists, "leave out the field", errors.New("has this secret in another field, and stays as it is"))
		}
	}
	return m.write(ctx, r, at, value)
}

// line is a text with a line break, for the caller to wipe.
func line(text []byte) []byte {
	l := make([]byte, 0, len(text)+1)
	return append(append(l, text...), '\n')
}

func (r *Resolver) readBack(ctx context.Context, ref Ref, want otpauth.Params) (otpauth.Params, error) {
	got, err := r.get(ctx, ref)
	if err != nil {
		return otpauth.Params{}, fail(KindMismatch, "look at what is there before you trust it",
			fmt.Errorf("was written, but does not read back: %w", err))
	}
	if !equalSecret(got, want) {
		otpauth.Wipe(got.Secret)
		return otpauth.Params{}, fail(KindMismatch, "look at what is there before you trust it",
			errors.New("was written, but reads back as a different secret"))
	}
	return got, nil
}

func (r *Resolver) getenv(name string) string {
	if r.Getenv == nil {
		return os.Getenv(name)
	}
	return r.Getenv(name)
}

func (r *Resolver) timeout() time.Duration {
	if r.Timeout == 0 {
		return DefaultTimeout
	}
	return r.Timeout
}

func (r *Resolver) memory() *Memory {
	if r.Memory == nil {
		return &r.own
	}
	return r.Memory
}

func (r *Resolver) warn(format string, args ...any) {
	if r.Warn != nil {
		r.Warn(fmt.Sprintf(format, args...))
	}
}
