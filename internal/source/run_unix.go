//go:build unix

package source

import (
	"os/exec"
	"syscall"
)

// detach gives the program a session of its own, and has all of its process group killed with it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
