// Package displaytest starts X servers for tests: Xvfb, which shows its screen to nobody.
package displaytest

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// Start starts an X server on a free display, and returns its name, as in $DISPLAY. It ends with the test. Without Xvfb
// the test is skipped, but not under CI.
func Start(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("Xvfb"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("Xvfb is not installed: apt install xvfb")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// Without -noreset it starts anew whenever its last client ends, and then answers nobody for a moment.
	c := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset")
	c.ExtraFiles = []*os.File{w}
	err = c.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM) // it takes its lock and its socket away
		_ = c.Wait()
	})
	var number int
	if _, err := fmt.Fscan(r, &number); err != nil {
		t.Fatal("Xvfb:", err)
	}
	return fmt.Sprintf(":%d", number)
}
