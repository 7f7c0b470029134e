//go:build linux

package test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// xterm runs a program in a real terminal, which stays when it has ended.
func (m *machine) xterm(display string, options []string, args ...string) (end func()) {
	m.t.Helper()
	need(m.t, "xterm", "xterm")
	c := exec.Command("xterm", append(append([]string{"-hold", "-u8", "-fa", "DejaVu Sans Mono"}, options...), append([]string{"-e"}, args...)...)...)
	c.Dir, c.Env = m.home, append(m.env, "DISPLAY="+display, "LC_ALL=C.UTF-8")
	if err := c.Start(); err != nil {
		m.t.Fatal(err)
	}
	return func() {
		c.Process.Kill()
		c.Wait()
	}
}

// seen takes pictures of the screen until zbarimg reads a QR code there, and returns what it says and the last picture.
func (m *machine) seen(display, file string) string {
	m.t.Helper()
	need(m.t, "import-im6.q16", "imagemagick")
	for deadline := time.Now().Add(20 * time.Second); ; {
		c := exec.Command("import-im6.q16", "-window", "root", file)
		c.Env = append(os.Environ(), "DISPLAY="+display)
		if out, err := c.CombinedOutput(); err != nil {
			m.t.Fatalf("import: %v\n%s", err, out)
		}
		if text := m.zbar(file); text != "" || time.Now().After(deadline) {
			return text
		}
	}
}

// zbar is what zbarimg reads in pictures, byte by byte, or nothing.
func (m *machine) zbar(files ...string) string {
	m.t.Helper()
	need(m.t, "zbarimg", "zbar-tools")
	r := m.run("", "zbarimg", append([]string{"-q", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable", "-Sbinary"}, files...)...)
	return r.stdout
}

// onScreen starts the real program on a terminal of this size, with everything on it.
func (m *machine) onScreen(columns, lines int, args ...string) *console {
	m.t.Helper()
	return m.programOnScreen(columns, lines, append([]string{"ykmfa"}, args...)...)
}

func (m *machine) programOnScreen(columns, lines int, argv ...string) *console {
	m.t.Helper()
	size := fmt.Sprintf(`stty cols %d rows %d && exec "$0" "$@"`, columns, lines)
	cmd := exec.Command("sh", append([]string{"-c", size, filepath.Join(bin, argv[0])}, argv[1:]...)...)
	cmd.Dir, cmd.Env = m.home, m.env
	return startConsole(m.t, cmd, true)
}

// awaitDrawn waits until a code of so many lines is drawn, and the program waits for Enter.
func (c *console) awaitDrawn(lines int) {
	c.t.Helper()
	buf := make([]byte, 4096)
	for strings.Count(c.shown.String(), "\x1b[0m") < lines {
		n, err := c.master.Read(buf)
		if err != nil {
			c.t.Fatalf("only %d lines are drawn: %v", strings.Count(c.shown.String(), "\x1b[0m"), err)
		}
		c.shown.Write(buf[:n])
	}
	c.awaitEcho(false)
}

// drawn makes a picture of what a program drew with half blocks and the colours that it asked for, as a terminal would: so
// what is on the lines counts, not how a font looks. Outside of what was coloured it is grey.
func drawn(text string) []byte {
	const grey, scale = 128, 4
	colours := map[string]byte{"16": 0, "231": 255}
	sgr := regexp.MustCompile(`^\x1b\[38;5;(\d+);48;5;(\d+)m`)
	var rows [][]byte // of modules
	width := 0
	for line := range strings.SplitSeq(text, "\n") {
		var upper, lower []byte
		fore, back := byte(grey), byte(grey)
		for len(line) > 0 {
			if s := sgr.FindStringSubmatch(line); s != nil {
				fore, back = colours[s[1]], colours[s[2]]
				line = line[len(s[0]):]
				continue
			}
			switch rest, half := strings.CutPrefix(line, "▄"); {
			case half:
				upper, lower, line = append(upper, back), append(lower, fore), rest
			case line[0] == ' ':
				upper, lower, line = append(upper, back), append(lower, back), line[1:]
			case strings.HasPrefix(line, "\x1b[0m"):
				fore, back, line = grey, grey, line[4:]
			default:
				line = line[1:]
			}
		}
		rows = append(rows, upper, lower)
		width = max(width, len(upper))
	}
	picture := fmt.Appendf(nil, "P5 %d %d 255\n", width*scale, len(rows)*scale)
	for _, row := range rows {
		row = append(row, bytes.Repeat([]byte{grey}, width-len(row))...)
		for range scale {
			for _, module := range row {
				picture = append(picture, bytes.Repeat([]byte{module}, scale)...)
			}
		}
	}
	return picture
}
