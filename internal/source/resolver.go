package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

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
	Allow   func(Ref) error     // asked before a reference may run a program of its own choice (cmd:); nil: yes
	Timeout time.Duration       // for a program; 0: DefaultTimeout
	TTY     *os.File            // terminal on which programs may ask; nil: they find none
	Warn    func(string)        // gets what is not an error but should not stay so; nil: nobody hears it
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
	if m, ok := managers[ref.Scheme]; ok {
		return m.read(ctx, r, ref)
	}
	text, err := r.text(ctx, ref)
	if err != nil {
		return otpauth.Params{}, err
	}
	defer otpauth.Wipe(text)
	p, err := parseText(text)
	if err != nil {
		return otpauth.Params{}, fail(KindNoSecret, "", err)
	}
	return p, nil
}

// text reads a place that holds one secret and nothing else.
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
	return ref.Field == "" && (ref.Scheme == schemeFile || managers[ref.Scheme].insert != nil)
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
		return fail(KindUnsupported, "use lpass:NAME, pass:PATH or file:PATH", errors.New("cannot be written to"))
	}
	if ref.Scheme != schemeFile && strings.Trim(ref.Rest, "/") != ref.Rest { // lpass and pass store these under another name
		return fail(KindUsage, "", errors.New("the name of a new entry cannot begin or end with /"))
	}
	stored, err := r.stored(ctx, ref, want)
	if stored || err != nil {
		return err
	}
	if err := r.write(ctx, ref, value); err != nil {
		return err
	}
	return r.readBack(ctx, ref, want)
}

// stored reports whether the place has the secret already. Anything else there, or that cannot be looked at, is an error.
func (r *Resolver) stored(ctx context.Context, ref Ref, want otpauth.Params) (bool, error) {
	got, err := r.get(ctx, ref)
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

func (r *Resolver) write(ctx context.Context, ref Ref, value []byte) error {
	line := make([]byte, 0, len(value)+1)
	line = append(append(line, value...), '\n')
	defer otpauth.Wipe(line)
	if ref.Scheme == schemeFile {
		return r.writeFile(ref.Rest, line)
	}
	return managers[ref.Scheme].write(ctx, r, ref, line)
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

func (r *Resolver) warn(format string, args ...any) {
	if r.Warn != nil {
		r.Warn(fmt.Sprintf(format, args...))
	}
}
