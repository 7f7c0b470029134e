//go:build !linux

package pcscdtest

import "os/exec"

func dieWithTest(*exec.Cmd) {}
