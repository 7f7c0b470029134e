// Package cli is the command line of ykmfa: one verb per file, each from its flags to what it says.
//
// stdout is data, stderr is talk, the terminal is for questions. A verb returns an error; report gives it its exit
// code and hint. Cards come in through an interface, so that the same commands run on PC/SC and on a virtual key.
package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
	"ykmfa/internal/keyring"
	"ykmfa/internal/source"
	"ykmfa/internal/term"
	"ykmfa/internal/vault"
)

// Options is everything outside the process that a command may use.
type Options struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Environ        []string // as os.Environ
	Cards          Cards
	Version        func() string // asked for only where it can be shown
	Now            func() time.Time
}

// Run runs one command line, without the program's name, and returns the exit code.
func Run(ctx context.Context, o Options, args []string) int {
	a := &app{Options: o}
	a.keyring = keyring.Keyring{Getenv: a.getenv}
	defer a.memory.Wipe()
	defer a.wipePasswords()
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(o.Stdin)
	root.SetOut(o.Stdout)
	root.SetErr(o.Stderr)
	made := verbs(a, args)
	root.AddCommand(made...)
	if root.CompletionOptions.DisableDefaultCmd = len(made) == 1; len(made) > 1 {
		root.Version = a.Version()
	}
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if ctx.Err() != nil {
		err = errInterrupted
	}
	return report(o.Stderr, err, a.json || slices.Contains(args, "--json"))
}

// app is one run of the program: what came from outside, and the global flags.
type app struct {
	Options
	keyring keyring.Keyring

	key            string
	json           bool
	quiet, verbose bool
	onlyLook       bool // --dry-run: what is seen is not written down

	paths     account.Paths
	config    *config        // nil: not read yet
	memory    source.Memory  // what is asked only once
	state     *account.State // as last seen; nil: not read yet
	forgetful error          // why the state directory cannot be written
	passwords sync.Map       // by name: what a file descriptor gave, which can be read only once, maybe later than Run ends

	ways  *vault.Ways      // to open the vault; nil: not asked for yet
	noPIN map[string]error // by key: why its PIN could not be given; it is not tried again
	busy  *progress        // the last one; nil: none yet
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "ykmfa",
		Short: "One-time passwords from a YubiKey, with a backup you can prove",
		Long: `ykmfa puts one-time password secrets on a YubiKey from where they are backed up, proves that key and backup
agree, and prints codes.

  ykmfa add aws --secret-from pass     put an account on the key, from its backup
  ykmfa code aws                       print the code`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.findPaths() },
		Args:              unknownCommand,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetVersionTemplate("ykmfa {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(c.CommandPath()+" --help", "%w", err)
	})
	f := root.PersistentFlags()
	f.StringVar(&a.key, "key", a.getenv("YKMFA_KEY"), "which key: `SERIAL` or part of a reader's name (or $YKMFA_KEY)")
	f.BoolVar(&a.json, "json", false, "data as JSON on stdout, errors as JSON on stderr")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "say nothing but errors")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "say what is skipped, and why")
	return root
}

// verbs makes the command that args begin with, or all of them: making one costs as much as a round trip to a key.
func verbs(a *app, args []string) []*cobra.Command {
	all := []struct {
		name string
		new  func(*app) *cobra.Command
	}{
		{"code", newCode}, {"add", newAdd}, {"import", newImport}, {"show", newShow}, {"export", newExport}, {"sheet", newSheet}, {"list", newList}, {"edit", newEdit}, {"remove", newRemove},
		{"restore", newRestore}, {"verify", newVerify},
		{"vault", newVault}, {"keys", newKeys}, {"password", newPassword}, {"reset", newReset}, {"doctor", newDoctor},
	}
	var made []*cobra.Command
	for _, verb := range all {
		if len(args) > 0 && verb.name == args[0] {
			return []*cobra.Command{verb.new(a)}
		}
	}
	for _, verb := range all {
		made = append(made, verb.new(a))
	}
	return made
}

func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "ykmfa --help"
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean: ykmfa " + strings.Join(near, ", ykmfa ")
	}
	return usage(hint, "unknown command %q", args[0])
}

// exactArgs takes as many arguments as there are names for them.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usage(c.UseLine(), "%s is missing", names[len(args)])
		case len(args) > len(names):
			return usage(c.UseLine(), "unexpected argument %q", args[len(names)])
		}
		return nil
	}
}

func (a *app) getenv(name string) string {
	for _, entry := range slices.Backward(a.Environ) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

func (a *app) findPaths() error {
	paths, err := account.FindPaths(a.getenv)
	a.paths = paths
	return err
}

// say talks on stderr, unless told to be quiet.
func (a *app) say(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintln(a.Stderr, term.Clean(fmt.Sprintf(format, args...)))
	}
}

// detail is say for what only -v shows.
func (a *app) detail(format string, args ...any) {
	if a.verbose {
		a.say(format, args...)
	}
}
