package qr

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/displaytest"
)

// display starts an X server, and returns what to put into the environment of its programs.
func display(t *testing.T) []string {
	t.Helper()
	return append(os.Environ(), "DISPLAY="+displaytest.Start(t), "LC_ALL=C.UTF-8")
}

// shoot shows a text in a real xterm and returns a picture of the screen. The terminal itself says when it has drawn
// everything: it answers the question where the cursor is, which comes last.
func shoot(t *testing.T, env []string, text []byte, options ...string) []byte {
	t.Helper()
	need(t, "xterm", "import-im6.q16", "bash")
	dir := t.TempDir()
	name := writeFile(t, filepath.Join(dir, "text"), text)
	fifo := filepath.Join(dir, "fifo")
	run(t, nil, "mkfifo", fifo)
	script := `cat "$1"; printf '\033[6n'; IFS= read -rsd R answer; echo drawn >"$2"; read -r` // and stays
	c := exec.Command("xterm", append(append([]string{"-u8", "-fa", "DejaVu Sans Mono"}, options...), "-e", "bash", "-c", script, "-", name, fifo)...)
	c.Env = env
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		c.Process.Kill()
		c.Wait()
	}()
	ready := make(chan error, 1)
	go func() {
		f, err := os.Open(fifo)
		if err == nil {
			defer f.Close()
			_, err = f.Read(make([]byte, 10))
		}
		ready <- err
	}()
	select {
	case err := <-ready:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("xterm draws nothing")
	}
	shot := filepath.Join(dir, "shot.png")
	i := exec.Command("import-im6.q16", "-window", "root", shot)
	i.Env = env
	if out, err := i.CombinedOutput(); err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
	return readFile(t, shot)
}

// TestTerminal: what Terminal draws, a scanner reads from the screen of a terminal, dark or light, large or small; and
// Decode reads it, as well as what qrencode draws there, also where a theme turns it over.
func TestTerminal(t *testing.T) {
	need(t, "zbarimg", "qrencode")
	env := display(t)
	dark, light := []string{"-bg", "black", "-fg", "white"}, []string{"-bg", "#fdf6e3", "-fg", "#657b83"}
	c := mustEncode(t, awsURI)
	for _, theme := range [][]string{dark, light} {
		for _, size := range []string{"7", "9", "12"} {
			shot := shoot(t, env, c.Terminal(QuietZone), append(theme, "-fs", size, "-geometry", "80x40+0+0")...)
			expect(t, fmt.Sprint("our code in ", theme, size), shot, awsURI)
			if got := zbar(t, writeFile(t, "shot.png", shot)); got != awsURI {
				t.Errorf("%v, %s points: zbarimg reads %q", theme, size, got)
			}
		}
		for _, kind := range []string{"ANSI", "UTF8", "ANSIUTF8", "ANSI256UTF8", "UTF8i"} {
			text := run(t, nil, "qrencode", "-t", kind, "-l", "L", awsURI)
			expect(t, fmt.Sprint(kind, " in ", theme), shoot(t, env, text, append(theme, "-fs", "8", "-geometry", "130x60+0+0")...), awsURI)
		}
	}
}

// TestTerminalFits: the longest common code fits a terminal of 80 x 24, when no newline comes after it.
func TestTerminalFits(t *testing.T) {
	need(t, "zbarimg")
	c := mustEncode(t, awsURI)
	quiet, ok := c.Fit(80, 24)
	if !ok {
		t.Fatal("does not fit")
	}
	text := bytes.TrimSuffix(c.Terminal(quiet), []byte("\n"))
	env := display(t)
	for _, size := range []string{"8", "10"} {
		shot := shoot(t, env, text, "-bg", "black", "-fg", "white", "-fs", size, "-geometry", "80x24+0+0")
		expect(t, "80 x 24", shot, awsURI)
		if got := zbar(t, writeFile(t, "shot.png", shot)); got != awsURI {
			t.Errorf("zbarimg reads %q", got)
		}
	}
}

// TestTerminalSize: Size counts what Terminal writes, and Fit takes the widest quiet zone that fits.
func TestTerminalSize(t *testing.T) {
	c := mustEncode(t, "HELLO") // 21 modules
	for _, quiet := range []int{0, 1, 2, 4} {
		lines := strings.Split(strings.TrimSuffix(string(c.Terminal(quiet)), "\n"), "\n")
		columns, n := c.Size(quiet)
		if len(lines) != n || n != map[int]int{0: 11, 1: 12, 2: 13, 4: 15}[quiet] {
			t.Errorf("quiet zone of %d: %d lines, not %d", quiet, len(lines), n)
		}
		for _, line := range lines {
			body := strings.NewReplacer(darkOnLight, "", lightOnDark, "", plain, "").Replace(line)
			if got := len([]rune(body)); !strings.HasPrefix(line, "\x1b[38;5;") || !strings.HasSuffix(line, plain) || got != columns {
				t.Errorf("quiet zone of %d: %d columns, not %d: %q", quiet, got, columns, line)
			}
		}
	}
	for _, f := range []struct {
		columns, lines, quiet int
		ok                    bool
	}{{29, 15, 4, true}, {28, 15, 2, true}, {29, 14, 2, true}, {25, 13, 2, true}, {24, 13, 1, true}, {23, 12, 1, true}, {22, 12, 0, false}, {23, 11, 0, false}} {
		if quiet, ok := c.Fit(f.columns, f.lines); quiet != f.quiet || ok != f.ok {
			t.Errorf("%d x %d: %d, %v", f.columns, f.lines, quiet, ok)
		}
	}
}
