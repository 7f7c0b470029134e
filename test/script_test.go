//go:build linux

package test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// bin holds the programs under test, built as a user builds them.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "ykmfa")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		build := exec.Command("go", "build", "-o", dir, "ykmfa/cmd/ykmfa", "ykmfa/cmd/vkey")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "building:", err)
			return 1
		}
		bin = dir
		return m.Run()
	}())
}

// TestScripts runs the command line as its users do. A script's command "vkey" is ykmfa on a virtual key, without a
// terminal; $VKEY holds further flags of the key. "real" is the real program.
func TestScripts(t *testing.T) { testscript.Run(t, scripts("testdata/script")) }

func scripts(dir string) testscript.Params {
	return testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(filepath.ListSeparator)+e.Getenv("PATH"))
			e.Setenv("BIN", bin)
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("YKMFA_ACCOUNTS", filepath.Join(e.WorkDir, "accounts.toml"))
			e.Setenv("VKEY", "")
			e.Setenv("RTL", "\u202e")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"vkey": onVirtualKey, "real": onReal, "status": status, "bigfile": bigFile, "fill": fill,
		},
	}
}

// onVirtualKey runs ykmfa on a virtual key: the one in key.json, or those that $VKEY names.
func onVirtualKey(ts *testscript.TestScript, neg bool, args []string) {
	key := strings.Fields(ts.Getenv("VKEY"))
	if !strings.Contains(ts.Getenv("VKEY"), "--state") {
		key = append(key, "--state=key.json", "--serial=12345678")
	}
	list := append([]string{"vkey", "run", "--touch-timeout=1500ms"}, key...)
	run(ts, neg, append(append(list, "--"), args...))
}

// onReal runs the real program.
func onReal(ts *testscript.TestScript, neg bool, args []string) {
	run(ts, neg, append([]string{"ykmfa"}, args...))
}

// run runs a program without the terminal on which the tests may have been started, and keeps its exit status.
func run(ts *testscript.TestScript, neg bool, argv []string) {
	setsid, err := exec.LookPath("setsid")
	ts.Check(err)
	err = ts.Exec(setsid, append([]string{"-w"}, argv...)...)
	var exit *exec.ExitError
	code := 0
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	ts.Setenv("STATUS", strconv.Itoa(code))
	if neg != (code != 0) {
		ts.Fatalf("exit status %d", code)
	}
}

// status checks the exit status of the last vkey command.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: status N")
	}
	if got := ts.Getenv("STATUS"); got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

func bigFile(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.Repeat([]byte("A"), n), 0o600))
}

// fill puts accounts on the key until it holds as many as are asked for.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for i := range n {
		onVirtualKey(ts, false, []string{"add", fmt.Sprintf("account%d", i), "--secret-from", "file:aws.txt"})
	}
}
