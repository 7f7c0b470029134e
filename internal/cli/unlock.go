package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"ykmfa/internal/keyring"
	"ykmfa/internal/term"
	"ykmfa/oath"
)

// patience is how long the key stays open for a password that comes from a program. After that the key is left to
// others: the program may be asking its user.
const patience = 200 * time.Millisecond

// accessKey is one way to get at the access key of the applet. It gives nil when it has none.
type accessKey struct {
	name  string
	human bool // asks the user: the key is closed meanwhile
	get   func(ctx context.Context, k *key) ([]byte, error)
}

// unlock unlocks a locked key with the first of: the keyring, YKMFA_PASSWORD_COMMAND, YKMFA_PASSWORD_FD, a prompt.
func (a *app) unlock(ctx context.Context, k *key) error {
	if !k.Locked() {
		return nil
	}
	if k.access != nil { // it was left to others meanwhile
		return a.validate(k, k.access)
	}
	reason := oath.ErrLocked
	for _, way := range a.accessKeys() {
		access, err := a.whileFree(ctx, k, way)
		if errors.Is(err, keyring.ErrUnavailable) || errors.Is(err, term.ErrNone) {
			a.detail("%s: %v", way.name, err)
			continue
		}
		if err != nil {
			clear(access) // it was given, but the key did not come back
			return fmt.Errorf("password from %s: %w", way.name, err)
		}
		if access == nil {
			continue
		}
		err = a.validate(k, access)
		if err == nil {
			k.access = access
			return nil
		}
		clear(access)
		if !errors.Is(err, oath.ErrWrongPassword) {
			return err
		}
		a.say("%v: wrong password from %s", k, way.name)
		reason = oath.ErrWrongPassword
	}
	if reason == oath.ErrLocked {
		return fail(exitLocked, "run it on a terminal, or: ykmfa password remember; or set YKMFA_PASSWORD_COMMAND",
			"%w, and no password was given", reason)
	}
	return reason
}

// validate also prepares the session for another try when the password is wrong.
func (a *app) validate(k *key, access []byte) error {
	err := k.Validate(access)
	k.opened = err == nil
	if errors.Is(err, oath.ErrWrongPassword) {
		if err := k.Select(); err != nil {
			return err
		}
	}
	return err
}

func (a *app) accessKeys() []accessKey {
	ways := []accessKey{
		{name: "the keyring", get: func(_ context.Context, k *key) ([]byte, error) { return a.keyring.Get(k.DeviceID()) }},
	}
	return append(ways, a.passwordWays("YKMFA_PASSWORD", 3)...)
}

// passwordWays are the ways to get a password: the program and the file descriptor that two environment variables of
// this prefix name, or a number of prompts.
func (a *app) passwordWays(env string, prompts int) []accessKey {
	var ways []accessKey
	if command := a.getenv(env + "_COMMAND"); command != "" {
		ways = append(ways, accessKey{name: env + "_COMMAND", get: func(ctx context.Context, k *key) ([]byte, error) {
			resolver, done := a.resolver(ctx)
			defer done()
			out, err := resolver.Output(ctx, command)
			if err != nil { // it is no backup that cannot be read
				err = fail(exitLocked, "is "+env+"_COMMAND right? run that program by hand", "%w", err)
			}
			return derive(out, k), err
		}})
	}
	if fd := a.getenv(env + "_FD"); fd != "" {
		ways = append(ways, accessKey{name: env + "_FD", get: func(_ context.Context, k *key) ([]byte, error) {
			out, err := a.readFD(env+"_FD", fd)
			return derive(out, k), err
		}})
	}
	for range prompts {
		ways = append(ways, accessKey{name: "the terminal", human: true, get: func(ctx context.Context, k *key) ([]byte, error) {
			out, err := a.askSecret(ctx, fmt.Sprintf("Password of %v:", k))
			return derive(out, k), err
		}})
	}
	return ways
}

// derive makes the access key of a password as a program prints it, and wipes the password.
func derive(password []byte, k *key) []byte {
	line := bytes.TrimRight(password, "\r\n")
	if len(line) == 0 {
		return nil
	}
	defer clear(password)
	return oath.DeriveKey(string(line), k.Salt)
}

// readFD reads a file descriptor that our caller opened, to its end.
func (a *app) readFD(name, fd string) ([]byte, error) {
	if known, ok := a.passwords.Load(name); ok {
		return bytes.Clone(known.([]byte)), nil
	}
	n, err := strconv.ParseUint(fd, 10, 16)
	if err != nil {
		return nil, usage("set it to the number of an open file descriptor", "%s is not a number", name)
	}
	f := os.NewFile(uintptr(n), name)
	if f == nil {
		return nil, usage("set it to the number of an open file descriptor", "%s: %d is not open", name, n)
	}
	defer f.Close()
	const limit = 4096
	out, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, usage("set it to the number of an open file descriptor", "%s: cannot read %d", name, n)
	}
	a.passwords.Store(name, bytes.Clone(out))
	return out, nil
}

func (a *app) wipePasswords() {
	a.passwords.Range(func(_, kept any) bool {
		clear(kept.([]byte))
		return true
	})
}

// askSecret asks on the controlling terminal without echo.
func (a *app) askSecret(ctx context.Context, prompt string) ([]byte, error) {
	t, err := term.Open()
	if err != nil {
		return nil, err
	}
	defer t.Close()
	if a.busy != nil { // a question does not stand behind what is going on
		a.busy.clear()
	}
	return t.ReadSecret(ctx, term.Clean(prompt))
}

// whileFree gets an access key, and does not hold the card when that takes a person.
func (a *app) whileFree(ctx context.Context, k *key, way accessKey) ([]byte, error) {
	type result struct {
		access []byte
		err    error
	}
	done := make(chan result, 1)
	go func() {
		access, err := way.get(ctx, k)
		done <- result{access, err}
	}()
	wait := patience
	if way.human {
		wait = 0
	}
	select {
	case r := <-done:
		return r.access, r.err
	case <-time.After(wait):
	}
	var r result
	err := a.away(ctx, k, func() error {
		select {
		case r = <-done:
			return nil
		case <-ctx.Done():
		}
		select { // a prompt turns the echo on again, a program is killed; a keyring or a pipe may wait for ever
		case r = <-done:
		case <-time.After(time.Second):
		}
		return ctx.Err()
	})
	return r.access, cmp.Or(err, r.err)
}
