package pcscdtest

import (
	"os/exec"
	"syscall"
)

// dieWithTest makes the kernel end the daemon when the test process crashes or runs out of time, where no cleanup runs.
// An ordinary user's daemon outlives that all the same: entering a user namespace takes the setting back.
func dieWithTest(daemon *exec.Cmd) {
	daemon.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
