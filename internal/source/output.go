package source

import (
	"context"
	"fmt"

	"ykmfa/internal/otpauth"
)

// Output runs a program, given as words without a shell, and returns what it prints, whatever that is. It is for other
// secrets than one-time-password secrets; the caller wipes it.
func (r *Resolver) Output(ctx context.Context, line string) ([]byte, error) {
	argv, err := splitArgs(line)
	if err != nil {
		return nil, err
	}
	return r.output(ctx, argv)
}

func (r *Resolver) output(ctx context.Context, argv []string) ([]byte, error) {
	res, err := r.run(ctx, command{argv: argv})
	if err != nil {
		return nil, err
	}
	otpauth.Wipe(res.stderr)
	if res.code != 0 {
		otpauth.Wipe(res.stdout)
		return nil, fail(KindFailed, "see what it says: "+quoteArgs(argv), fmt.Errorf("%s failed with exit status %d", argv[0], res.code))
	}
	return res.stdout, nil
}
