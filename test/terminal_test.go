//go:build linux

package test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// console is a terminal with a program on it.
type console struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	shown  bytes.Buffer
	stdout bytes.Buffer
}

// onTerminal starts ykmfa on a virtual key with a terminal of its own, on which everything but stdout is.
func onTerminal(t *testing.T, home string, keyFlags, args []string) *console {
	t.Helper()
	return startOnTerminal(t, home, append([]string{"--state=key.json", "--serial=12345678"}, keyFlags...), args, false)
}

// startOnTerminal is onTerminal for any keys; stdout may be on the terminal, too.
func startOnTerminal(t *testing.T, home string, keyFlags, args []string, stdout bool) *console {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "vkey"), slices.Concat([]string{"run"}, keyFlags, []string{"--"}, args)...)
	cmd.Dir = home
	cmd.Env = cleanEnv(home)
	return startConsole(t, cmd, stdout)
}

func startConsole(t *testing.T, cmd *exec.Cmd, stdout bool) *console {
	t.Helper()
	master, slave := openPTY(t)
	c := &console{t: t, master: master, cmd: cmd}
	c.cmd.Stdin, c.cmd.Stderr, c.cmd.Stdout = slave, slave, &c.stdout
	if stdout {
		c.cmd.Stdout = slave
	}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	return c
}

func openPTY(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// expect reads until a text is shown.
func (c *console) expect(text string) {
	c.t.Helper()
	buf := make([]byte, 4096)
	for !strings.Contains(c.shown.String(), text) {
		n, err := c.master.Read(buf)
		if err != nil {
			c.t.Fatalf("%q was not shown, but %q (%v)", text, c.shown.String(), err)
		}
		c.shown.Write(buf[:n])
	}
}

func (c *console) typed(text string) {
	c.t.Helper()
	if _, err := c.master.WriteString(text); err != nil {
		c.t.Fatal(err)
	}
}

// ended returns the exit code.
func (c *console) ended() int {
	buf := make([]byte, 4096)
	for {
		n, err := c.master.Read(buf)
		c.shown.Write(buf[:n])
		if err != nil { // EIO: nobody has the terminal open any more
			break
		}
	}
	c.cmd.Wait()
	return c.cmd.ProcessState.ExitCode()
}

// echoes reports whether the terminal shows what is typed.
func (c *console) echoes() bool {
	c.t.Helper()
	termios, err := unix.IoctlGetTermios(int(c.master.Fd()), unix.TCGETS)
	if err != nil {
		c.t.Fatal(err)
	}
	return termios.Lflag&unix.ECHO != 0
}

// awaitEcho waits until the terminal is as wanted.
func (c *console) awaitEcho(want bool) {
	c.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); c.echoes() != want; {
		if time.Now().After(deadline) {
			c.t.Fatalf("echo is %v", !want)
		}
		time.Sleep(time.Millisecond) // between two looks
	}
}

// TestNoEcho: a secret that is typed is not shown.
func TestNoEcho(t *testing.T) {
	home := t.TempDir()
	c := onTerminal(t, home, nil, []string{"add", "aws", "--secret-from", "prompt", "--backup-to", "file:aws.txt"})
	c.expect("Secret")
	c.awaitEcho(false)
	c.typed(s20 + "\n")
	if code := c.ended(); code != 0 || strings.Contains(c.shown.String(), "GEZDG") || c.stdout.Len() > 0 {
		t.Errorf("exit status %d, shown %q, stdout %q", code, c.shown.String(), c.stdout.String())
	}
}

// TestInterruptPrompt: Ctrl-C at a prompt ends the command, changes nothing and leaves a terminal that echoes.
func TestInterruptPrompt(t *testing.T) {
	home := t.TempDir()
	c := onTerminal(t, home, nil, []string{"add", "aws", "--secret-from", "prompt", "--no-backup"})
	c.expect("Secret")
	c.awaitEcho(false)
	c.typed("\x03")
	if code := c.ended(); code != 130 || !strings.Contains(c.shown.String(), "interrupted") {
		t.Errorf("exit status %d, shown %q", code, c.shown.String())
	}
	if !c.echoes() {
		t.Error("the terminal is left without echo")
	}
	if _, err := os.Stat(filepath.Join(home, "config", "ykmfa", "accounts.toml")); err == nil {
		t.Error("an account was recorded")
	}
}

// TestNoAnswer: the end of input is no answer to a question, and is called that.
func TestNoAnswer(t *testing.T) {
	c := onTerminal(t, t.TempDir(), nil, []string{"reset"})
	c.expect("Type its serial number")
	c.typed("\x04")
	if code := c.ended(); code != 1 || !strings.Contains(c.shown.String(), "no answer was given") {
		t.Errorf("exit status %d, shown %q", code, c.shown.String())
	}
}

// TestInterruptTouch: Ctrl-C while the key waits for its touch does not wait for it.
func TestInterruptTouch(t *testing.T) {
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "aws.txt"), []byte(s20), 0o600); err != nil {
		t.Fatal(err)
	}
	c := onTerminal(t, home, nil, []string{"add", "aws", "--secret-from", "file:aws.txt", "--touch"})
	if code := c.ended(); code != 0 {
		t.Fatalf("exit status %d, %s", code, c.shown.String())
	}
	c = onTerminal(t, home, []string{"--touch=never", "--touch-timeout=10m"}, []string{"code", "aws"})
	c.expect("Touch YubiKey 12345678 for aws")
	c.typed("\x03")
	if code := c.ended(); code != 130 || c.stdout.Len() > 0 {
		t.Errorf("exit status %d, stdout %q, shown %q", code, c.stdout.String(), c.shown.String())
	}
}

// forget lets expect wait for what is shown from now on.
func (c *console) forget() { c.shown.Reset() }

// onTerminal starts the real program with a terminal of its own.
func (m *machine) onTerminal(args ...string) *console {
	m.t.Helper()
	cmd := exec.Command(filepath.Join(bin, "ykmfa"), args...)
	cmd.Dir, cmd.Env = m.home, m.env
	return startConsole(m.t, cmd, false)
}
