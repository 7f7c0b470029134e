// Package term talks to the person at the terminal, whatever stdin and stdout are connected to.
//
// The rules: stdout is data, stderr is talk, the terminal is for questions. Questions and touch prompts go to the
// controlling terminal itself, so that they work inside $(...) and pipes. What did not come from this program is
// shown only through Clean.
package term

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// ErrNone means that there is no terminal to ask on.
var ErrNone = errors.New("no terminal to ask on")

// errNoAnswer is the end of input in place of an answer.
var errNoAnswer = errors.New("no answer was given on the terminal")

// Terminal is the controlling terminal.
type Terminal struct {
	in, out *os.File
}

// Open opens the controlling terminal, or fails with ErrNone.
func Open() (*Terminal, error) {
	in, out, err := openTTY()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	return &Terminal{in: in, out: out}, nil
}

// Close closes it.
func (t *Terminal) Close() {
	t.in.Close()
	if t.out != t.in {
		t.out.Close()
	}
}

// File is the terminal for a child process that wants to ask something itself.
func (t *Terminal) File() *os.File { return t.in }

// Printf writes to the terminal.
func (t *Terminal) Printf(format string, args ...any) { fmt.Fprintf(t.out, format, args...) }

// Ask shows a question and reads a line. It returns early when ctx is done.
func (t *Terminal) Ask(ctx context.Context, question string) (string, error) {
	line, err := t.ReadLine(ctx, question)
	return strings.TrimSpace(string(line)), err
}

// ReadLine is Ask for what the caller wipes.
func (t *Terminal) ReadLine(ctx context.Context, question string) ([]byte, error) {
	t.Printf("%s ", question)
	return t.await(ctx, func() ([]byte, error) {
		line, err := bufio.NewReader(t.in).ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) > 0 {
			err = nil
		}
		return line, err
	})
}

// ReadSecret shows a prompt and reads a line without echoing it. It returns early when ctx is done, with the echo
// turned on again.
func (t *Terminal) ReadSecret(ctx context.Context, prompt string) ([]byte, error) {
	t.Printf("%s ", prompt)
	defer t.Printf("\n")
	return t.await(ctx, func() ([]byte, error) { return term.ReadPassword(int(t.in.Fd())) })
}

// await runs a read that cannot be interrupted, and restores the terminal when ctx ends before it.
func (t *Terminal) await(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	fd := int(t.in.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	type result struct {
		line []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := read()
		done <- result{line, err}
	}()
	select {
	case r := <-done:
		if errors.Is(r.err, io.EOF) {
			return nil, errNoAnswer
		}
		return r.line, r.err
	case <-ctx.Done():
		term.Restore(fd, state)
		return nil, ctx.Err()
	}
}

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Size is how many columns and lines the terminal has that a stream is.
func Size(stream any) (columns, lines int, ok bool) {
	f, isFile := stream.(*os.File)
	if !isFile {
		return 0, 0, false
	}
	columns, lines, err := term.GetSize(int(f.Fd()))
	return columns, lines, err == nil && columns > 0 && lines > 0
}
