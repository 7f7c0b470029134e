package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"ykmfa/internal/cli"
	"ykmfa/internal/virtualkey"
)

func newRun(o *keyOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "run [flags] -- ARGS...",
		Short: "Run ykmfa on a virtual key, without pcscd",
		Example: `  vkey run -- add aws --secret-from file:aws.txt
  vkey run --touch 2s -- code aws
  vkey run --state one.json --state two.json -- keys`,
		RunE: func(c *cobra.Command, args []string) error {
			keys, err := o.openAll()
			if err != nil {
				return err
			}
			defer closeAll(keys)
			code := cli.Run(c.Context(), cli.Options{
				Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
				Environ: os.Environ(),
				Cards:   readers(keys),
				Version: "(virtual key)",
				Now:     time.Now,
			}, args)
			if code != 0 {
				return exitCode(code)
			}
			return nil
		},
	}
}

// exitCode is the exit code of a command line that has reported its error itself.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// readers are virtual keys, each in a reader of its own.
type readers []*virtualkey.Key

func (r readers) Readers(context.Context) ([]string, error) {
	var names []string
	for i, k := range r {
		names = append(names, readerName(i, k))
	}
	return names, nil
}

func readerName(i int, k *virtualkey.Key) string { return fmt.Sprintf("%s %02X 00", k.ReaderName(), i) }

// Open powers the key up.
func (r readers) Open(ctx context.Context, reader string) (cli.Card, error) {
	for i, k := range r {
		if readerName(i, k) == reader {
			k.Reset()
			return card{ctx, k}, nil
		}
	}
	return nil, cli.ErrNoCard
}

type card struct {
	ctx context.Context
	key *virtualkey.Key
}

// Transmit ends with the context, as on PC/SC, although the key may go on waiting for its touch.
func (c card) Transmit(apdu []byte) ([]byte, error) {
	type result struct {
		resp []byte
		err  error
	}
	apdu = append([]byte(nil), apdu...)
	done := make(chan result, 1)
	go func() {
		resp, err := c.key.Transmit(apdu)
		clear(apdu)
		done <- result{resp, err}
	}()
	select {
	case r := <-done:
		if errors.Is(r.err, virtualkey.ErrRemoved) {
			r.err = cli.ErrRemoved
		}
		return r.resp, r.err
	case <-c.ctx.Done():
		return nil, c.ctx.Err()
	}
}

func (c card) Close(reset bool) error {
	if reset {
		c.key.Reset()
	}
	return nil
}
