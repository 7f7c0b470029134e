package main

import "golang.org/x/sys/windows"

// noCoreDumps keeps a crash from being written out by Windows Error Reporting, secrets in memory included.
func noCoreDumps() {
	windows.SetErrorMode(windows.SEM_NOGPFAULTERRORBOX | windows.SEM_FAILCRITICALERRORS)
}
