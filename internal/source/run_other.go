//go:build !unix

package source

import "os/exec"

// detach has nothing to do where programs ask in windows and are killed one by one.
func detach(*exec.Cmd) {}
