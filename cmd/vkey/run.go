package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"ykmfa/internal/cli"
	"ykmfa/internal/virtualreader"
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
				Cards:   virtualreader.Readers(keys),
				Version: func() string { return "(virtual key)" },
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
