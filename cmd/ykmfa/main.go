// A process that lives for three milliseconds needs no limits of cgroups; looking for
// them takes a tenth of its time.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0

// Ykmfa prints one-time passwords from a YubiKey, whose secrets have a backup that is proven.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"ykmfa/internal/cli"
)

func main() {
	growStack(false)
	noCoreDumps()
	ctx := interruptible()
	os.Exit(cli.Run(ctx, cli.Options{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Environ: os.Environ(),
		Cards:   newCards(ctx, os.Args[1:]),
		Version: version,
		Now:     time.Now,
	}, os.Args[1:]))
}

// growStack makes the stack grow once, while it is short. Otherwise it would grow several times on the way into a command,
// and each time page in the tables that copying it needs. That the function has room in its frame is enough.
//
//go:noinline
func growStack(use bool) byte {
	if !use {
		return 0
	}
	var room [24 << 10]byte
	return room[len(os.Args)]
}

// interruptible returns a context that the first interrupt ends; a second one ends the process. Handlers are installed
// only once the process has lived for a while: most codes are printed by then, and before that nothing waits that
// would need an orderly end.
func interruptible() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(5*time.Millisecond, func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		<-signals
		signal.Stop(signals)
		cancel()
	})
	return ctx
}

// version is the module's version as the go command stamped it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}
