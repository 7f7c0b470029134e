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
	}
	return nil, fail(KindUnsupported, "use "+schemes(), errors.New("not supported by this version"))
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

// Put writes value, an otpauth URI or a base32 secret on one line, to the place that ref names, and proves it by
// reading it back. A place that has the same secret already is left alone; one that has anything else is never
// overwritten, and is an *Error of KindExists.
func (r *Resolver) Put(ctx context.Context, ref Ref, value []byte) error {
	return at(ref, r.put(ctx, ref, value))
}

func (r *Resolver) put(ctx context.Context, ref Ref, value []byte) error {
	if err := ref.check(); err != nil {
		return fail(KindUsage, usage(ref.Scheme), err)
	}
	want, err := parseText(value)
	if err != nil {
		return fail(KindNoSecret, "", fmt.Errorf("what should be written there: %w", err))
	}
	defer otpauth.Wipe(want.Secret)
	if !r.CanWrite(ref) {
		return fail(KindUnsupported, r.WriteHint(), errors.New("cannot be written to"))
	}
	if m, _ := r.manager(ref.Scheme); m.folders && strings.Trim(ref.Rest[ref.head():], "/") != ref.Rest[ref.head():] {
		return fail(KindUsage, "", errors.New("the name of a new entry cannot begin or end with /"))
	}
	there, err := stored(want, func() (otpauth.Params, error) { return r.get(ctx, ref) })
	if there || err != nil {
		return err
	}
	if err := r.write(ctx, ref, want, value); err != nil {
		return err
	}
	return r.readBack(ctx, ref, want)
}

// stored reports whether the place has the secret already. Anything else there, or that cannot be looked at, is an error.
func stored(want otpauth.Params, get func() (otpauth.Params, error)) (bool, error) {
	got, err := get()
	defer otpauth.Wipe(got.Secret)
	const hint = "choose another name, or remove what is there first"
	switch kind := KindOf(err); {
	case err == nil && equalSecret(got, want):
		return true, nil
	case err == nil:
		return false, fail(KindExists, hint, errors.New("has a different secret, which stays as it is"))
	case kind == KindNotFound:
		return false, nil
	case kind == KindNoSecret, kind == KindSeveral:
		return false, fail(KindExists, hint, errors.New("has something else, which stays as it is"))
	}
	return false, err
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
		there, err := stored(want, func() (otpauth.Params, error) { return m.read(ctx, r, whole) })
		if err != nil {
			return err
		}
		if there {
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

func (r *Resolver) readBack(ctx context.Context, ref Ref, want otpauth.Params) error {
	got, err := r.get(ctx, ref)
	defer otpauth.Wipe(got.Secret)
	if err != nil {
		return fail(KindMismatch, "look at what is there before you trust it",
			fmt.Errorf("was written, but does not read back: %w", err))
	}
	if !equalSecret(got, want) {
		return fail(KindMismatch, "look at what is there before you trust it",
			errors.New("was written, but reads back as a different secret"))
	}
	return nil
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
