package source

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"ykmfa/internal/otpauth"
)

// maxText bounds in bytes what a file, standard input or a variable may hold: a URI with an icon in it fits.
const maxText = 64 << 10

// readStdin reads standard input to its end, or asks when that is a terminal.
func (r *Resolver) readStdin(ctx context.Context) ([]byte, error) {
	if r.Stdin == nil {
		return nil, fail(KindNotFound, "", errors.New("no standard input here"))
	}
	if f, ok := r.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return r.prompt(ctx)
	}
	return readBounded(ctx, func(b *buffer) error {
		_, err := b.ReadFrom(r.Stdin)
		return err
	})
}

func (r *Resolver) prompt(ctx context.Context) ([]byte, error) {
	if r.Prompt == nil {
		return nil, fail(KindNotFound, "give the secret on standard input, with -", errors.New("no terminal to ask on"))
	}
	text, err := r.Prompt(ctx, "Secret (base32 or otpauth URI)")
	if err != nil {
		return nil, fail(KindFailed, "", fmt.Errorf("no answer: %w", err))
	}
	return text, nil
}

func (r *Resolver) readEnv(name string) ([]byte, error) {
	v := r.getenv(name)
	switch {
	case v == "":
		return nil, fail(KindNotFound, "", errors.New("not set, or empty"))
	case len(v) > maxText:
		return nil, tooLong()
	}
	return []byte(v), nil
}

// readCmd runs the reference's own program, if the user lets it.
func (r *Resolver) readCmd(ctx context.Context, ref Ref) ([]byte, error) {
	argv, err := splitArgs(ref.Rest)
	if err != nil {
		return nil, fail(KindUsage, usage(ref.Scheme), err)
	}
	if err := r.allow(ref); err != nil {
		return nil, err
	}
	return r.output(ctx, argv)
}

// readBounded reads to the end, at most maxText. Opening and reading a pipe may wait for ever, so they are left
// behind when ctx ends.
func readBounded(ctx context.Context, read func(*buffer) error) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		b := buffer{limit: maxText}
		err := read(&b)
		done <- result{b.data, err}
	}()
	select {
	case <-ctx.Done():
		return nil, fail(KindFailed, "", context.Cause(ctx))
	case res := <-done:
		if res.err == nil {
			return res.text, nil
		}
		otpauth.Wipe(res.text)
		if errors.Is(res.err, errFull) {
			return nil, tooLong()
		}
		return nil, res.err
	}
}

func tooLong() error {
	return fail(KindNoSecret, "", fmt.Errorf("it is longer than %d KiB, which no secret is", maxText>>10))
}
