//go:build linux

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNoCoreDump: a crash writes nothing of the memory to a file, although the system would let it. Nor can the program,
// or one that it starts, raise the limit again.
func TestNoCoreDump(t *testing.T) {
	var mine unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &mine); err != nil {
		t.Fatal(err)
	}
	want := unix.Rlimit{Cur: mine.Max, Max: mine.Max}
	if mine.Max == 0 { // only root can raise it again, so that there is something to take away
		want = unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &want); err != nil {
		t.Fatalf("core dumps are off for the tests already (ulimit -Hc): %v", err)
	}
	defer unix.Setrlimit(unix.RLIMIT_CORE, &mine)

	m := &machine{t: t, home: t.TempDir(), env: os.Environ()}
	atExit(t, m.command("", filepath.Join(bin, "ykmfa"), "--version"), nil, func(pid int) {
		limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
		if err != nil || !regexp.MustCompile(`(?m)^Max core file size +0 +0 +bytes`).Match(limits) {
			t.Errorf("limits at the end of the program:\n%s%v", limits, err)
		}
	})
}
