package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"ykmfa/internal/erase"
	"ykmfa/internal/otpauth"
)

const (
	maxOutput = 1 << 20 // bytes that a program may print
	// maxLinger is how long the pipes of a program are held open for processes that it leaves behind.
	maxLinger = 500 * time.Millisecond
)

// A command is one run of a program.
type command struct {
	argv    []string
	stdin   []byte   // nil: the terminal if there is one, or else nothing
	install string   // hint for when it is missing
	prompts []string // ends of its questions on standard error
}

// result is what a program that ran to its end left. Both texts may hold secrets.
type result struct {
	stdout, stderr []byte
	code           int
}

// run runs a program. It is an error when it cannot be started, prints without end or does not end; an exit status is
// the caller's to judge.
func (r *Resolver) run(ctx context.Context, c command) (result, error) {
	environ := r.environ()
	path, err := lookPath(c.argv[0], environ)
	if err != nil {
		return result{}, fail(KindNotInstalled, c.install, fmt.Errorf("no program %q on PATH", c.argv[0]))
	}
	inner, cancel := context.WithTimeout(ctx, r.timeout())
	defer cancel()
	stdout := &buffer{limit: maxOutput, full: cancel}
	stderr := &buffer{limit: maxOutput, full: cancel}
	cmd := exec.CommandContext(inner, path, c.argv[1:]...)
	cmd.Args[0] = c.argv[0]
	cmd.Env = plainMessages(environ)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = maxLinger
	r.attach(cmd, c, stderr)
	err = cmd.Run()
	if err = c.outcome(ctx, inner, err, stdout, stderr); err != nil {
		otpauth.Wipe(stdout.data)
		otpauth.Wipe(stderr.data)
		return result{}, err
	}
	return result{stdout.data, stderr.data, cmd.ProcessState.ExitCode()}, nil
}

// attach decides what the program has as standard input and whether it may ask. With a terminal it stays in our
// process group, since in another one it would be stopped when it reads there; without, it gets a session of its own,
// so that it finds no terminal and fails instead of waiting.
func (r *Resolver) attach(cmd *exec.Cmd, c command, stderr *buffer) {
	if c.stdin != nil {
		cmd.Stdin = bytes.NewReader(c.stdin)
	}
	if r.TTY == nil {
		detach(cmd)
		return
	}
	if c.stdin == nil {
		cmd.Stdin = r.TTY
	}
	stderr.seen = func(text []byte) {
		for _, p := range c.prompts {
			if bytes.HasSuffix(text, []byte(p)) {
				fmt.Fprintf(r.TTY, "%s: %s", c.argv[0], p)
			}
		}
	}
}

// outcome turns what Run returned into an error about the run itself, or nil.
func (c command) outcome(ctx, inner context.Context, err error, stdout, stderr *buffer) error {
	var exit *exec.ExitError
	switch {
	case stdout.overflow || stderr.overflow:
		return fail(KindFailed, "", fmt.Errorf("%s printed more than %d MiB", c.argv[0], maxOutput>>20))
	case ctx.Err() != nil:
		return fail(KindFailed, "", ctx.Err())
	case inner.Err() != nil:
		return fail(KindTimeout, "see what it waits for: "+quoteArgs(c.argv), fmt.Errorf("%s did not answer in time", c.argv[0]))
	case err == nil, errors.As(err, &exit), errors.Is(err, exec.ErrWaitDelay):
		return nil
	}
	return fail(KindFailed, "", fmt.Errorf("cannot run %s: %w", c.argv[0], startError(err)))
}

// startError drops what an error of os/exec repeats.
func startError(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func (r *Resolver) environ() []string {
	if r.Environ == nil {
		return os.Environ()
	}
	return r.Environ
}

// installed is the program, or the other one where only that is on PATH.
func (r *Resolver) installed(program, other string) string {
	if _, err := lookPath(program, r.environ()); err != nil && other != "" {
		if _, err := lookPath(other, r.environ()); err == nil {
			return other
		}
	}
	return program
}

// lookPath finds a program by the PATH of environ, whose relative directories do not count.
func lookPath(program string, environ []string) (string, error) {
	if strings.ContainsRune(program, filepath.Separator) {
		return exec.LookPath(program)
	}
	for _, dir := range filepath.SplitList(lookup(environ, "PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if p, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return p, nil
		}
	}
	return "", exec.ErrNotFound
}

// lookup returns the value of the last variable of that name, which is the one that a program sees.
func lookup(environ []string, name string) (value string) {
	for _, kv := range environ {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			value = v
		}
	}
	return value
}

// plainMessages asks programs for untranslated messages, because those are what faults are matched with, and leaves the
// encoding of text as it is.
func plainMessages(environ []string) []string {
	env := make([]string, 0, len(environ)+2)
	for _, kv := range environ {
		if all, ok := strings.CutPrefix(kv, "LC_ALL="); ok && all != "" {
			kv = "LC_CTYPE=" + all
		}
		if !strings.HasPrefix(kv, "LANGUAGE=") && !strings.HasPrefix(kv, "LC_MESSAGES=") {
			env = append(env, kv)
		}
	}
	return append(env, "LC_MESSAGES=C")
}

// errFull says that a buffer is at its limit.
var errFull = errors.New("too long")

// buffer reads to the end of what fits in limit bytes. Unlike bytes.Buffer it wipes the memory that it outgrows.
type buffer struct {
	data     []byte
	limit    int
	overflow bool
	full     func()            // called at the limit, may be nil
	seen     func(text []byte) // gets all there is after every read, may be nil
}

// ReadFrom makes io.Copy, and so os/exec, read without a buffer of its own.
func (b *buffer) ReadFrom(in io.Reader) (int64, error) {
	start := len(b.data)
	for {
		b.grow()
		n, err := in.Read(b.data[len(b.data):min(cap(b.data), b.limit+1)])
		b.data = b.data[:len(b.data)+n]
		if len(b.data) > b.limit {
			b.overflow = true
			if b.full != nil {
				b.full()
			}
			return int64(len(b.data) - start), errFull
		}
		if n > 0 && b.seen != nil {
			b.seen(b.data)
		}
		if errors.Is(err, io.EOF) {
			return int64(len(b.data) - start), nil
		}
		if err != nil {
			return int64(len(b.data) - start), err
		}
	}
}

// Write is for the copying that does not go through ReadFrom.
func (b *buffer) Write(p []byte) (int, error) {
	n, err := b.ReadFrom(bytes.NewReader(p))
	return int(n), err
}

func (b *buffer) grow() {
	if len(b.data) < cap(b.data) {
		return
	}
	bigger := make([]byte, len(b.data), max(4096, 2*cap(b.data)))
	erase.Do(func() { copy(bigger, b.data) })
	otpauth.Wipe(b.data)
	b.data = bigger
}
