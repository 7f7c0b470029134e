//go:build !windows

package main

import "golang.org/x/sys/unix"

// noCoreDumps keeps secrets in memory out of core files. Where it fails, nothing is worse than without it.
func noCoreDumps() {
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}
