// Command vkey is a YubiKey in software: behind vpcd, the virtual reader of pcscd, where any PC/SC program finds it
// (serve), or under ykmfa in one process (run). It keeps its secrets in a readable file: for tests and demonstrations.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:])) }

// run is the program; it returns the exit code.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintln(os.Stderr, "vkey: error:", err)
	return 1
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "vkey",
		Short:         "A YubiKey in software, for tests and demonstrations",
		Long:          "A YubiKey in software, for tests and demonstrations. It protects nothing: its secrets stand readable in the state file.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	var o keyOptions
	o.addFlags(root.PersistentFlags())
	root.AddCommand(newServe(&o), newRun(&o))
	return root
}
