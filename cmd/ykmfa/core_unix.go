//go:build !windows

package main

import "golang.org/x/sys/unix"

// noCoreDumps keeps secrets in memory out of core files. Where it fails, nothing is worse than without it.
//
// It does not go further (PR_SET_DUMPABLE on Linux): that would also keep debuggers of the same user away, who can as well
// read the secret where ykmfa reads it, and whoever looks for a mistake in ykmfa.
func noCoreDumps() {
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}
