package clipboard

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/displaytest"
)

// need skips a test whose programs are not installed, but not under CI.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil && os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed: run test/deps", p)
		} else if err != nil {
			t.Skipf("%s is not installed", p)
		}
	}
}

// display starts an X server and makes it the only desktop.
func display(t *testing.T) {
	t.Helper()
	need(t, "xclip")
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("DISPLAY", displaytest.Start(t))
}

// own puts something into the clipboard, and returns once xclip says that it waits for those who ask for it.
func own(t *testing.T, target string, data []byte) {
	t.Helper()
	c := exec.Command("xclip", "-quiet", "-selection", "clipboard", "-target", target, "-in")
	c.Stdin = bytes.NewReader(data)
	said, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	for r := bufio.NewScanner(said); r.Scan(); {
		if strings.Contains(r.Text(), "Waiting for selection request") {
			return
		}
	}
	t.Fatal("xclip ended early")
}

// TestX11: with a real X server and xclip, byte by byte.
func TestX11(t *testing.T) {
	display(t)
	ctx := context.Background()
	if _, err := Text(ctx); !errors.Is(err, ErrEmpty) {
		t.Errorf("nothing there: %v", err)
	}
	want := []byte("otpauth://totp/Z\u00fcrich?secret=GEZDGNBV \u20ac\n")
	own(t, "UTF8_STRING", want)
	if got, err := Text(ctx); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Image(ctx); !errors.Is(err, ErrEmpty) || !strings.Contains(err.Error(), "picture") {
		t.Errorf("no picture there: %v", err)
	}
	picture := []byte("\x89PNG\r\n\x1a\n" + strings.Repeat("\x00\xff\r\n", 200000))
	own(t, "image/png", picture)
	if got, err := Image(ctx); err != nil || !bytes.Equal(got, picture) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := Text(ctx); !errors.Is(err, ErrEmpty) || !strings.Contains(err.Error(), "text") {
		t.Errorf("no text there: %v", err)
	}
	own(t, "UTF8_STRING", make([]byte, maxText+1))
	if got, err := Text(ctx); got != nil || err == nil || !strings.Contains(err.Error(), "longer than 1 MiB") {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	t.Setenv("DISPLAY", ":9999")
	if _, err := Text(ctx); err == nil || errors.Is(err, ErrEmpty) || !strings.Contains(err.Error(), "xclip: exit status 1: Error: Can't open display") {
		t.Errorf("no X server: %v", err)
	}
}

// fake puts a program on a PATH of its own, that insists on its arguments and then does what body says.
func fake(t *testing.T, dir, name string, args []string, body string) {
	t.Helper()
	script := "#!/bin/sh\n[ $# = " + fmt.Sprint(len(args)) + " ] || exit 90\n"
	for i, a := range args {
		script += fmt.Sprintf("[ \"${%d}\" = '%s' ] || exit 9%d\n", i+1, strings.ReplaceAll(a, "'", `'\''`), i+1)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(script+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func desktopOf(system string, env ...string) desktop {
	return desktop{system, func(name string) string {
		for _, e := range env {
			if value, ok := strings.CutPrefix(e, name+"="); ok {
				return value
			}
		}
		return ""
	}}
}

// TestPrograms: each desktop's program is asked as its manual says.
func TestPrograms(t *testing.T) {
	powershellText := []string{"-NoProfile", "-NonInteractive", "-Command", "$ErrorActionPreference = 'Stop'; $t = Get-Clipboard -Raw; " +
		"if ($t) { [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($t)) }"}
	powershellImage := []string{"-NoProfile", "-NonInteractive", "-Command", "$ErrorActionPreference = 'Stop'; Add-Type -AssemblyName System.Drawing; " +
		"$i = Get-Clipboard -Format Image; if ($i) { $m = New-Object IO.MemoryStream; " +
		"$i.Save($m, [Drawing.Imaging.ImageFormat]::Png); [Convert]::ToBase64String($m.ToArray()) }"}
	both := []string{"WAYLAND_DISPLAY=wayland-0", "DISPLAY=:0"}
	appleScript := []string{"-e", "get the clipboard as «class PNGf»"}
	for _, c := range []struct {
		what    string
		d       desktop
		kind    kind
		program string
		args    []string
		body    string
		want    string
		err     string
	}{
		{"Wayland", desktopOf("linux", both...), text, "wl-paste", []string{"--no-newline", "--type", "text"}, `printf 'a b\n'`, "a b\n", ""},
		{"Wayland", desktopOf("freebsd", both...), picture, "wl-paste", []string{"--type", "image/png"}, `printf '\211PNG\r\n\032\n'`, "\x89PNG\r\n\x1a\n", ""},
		{"Wayland, empty", desktopOf("linux", both...), text, "wl-paste", []string{"--no-newline", "--type", "text"}, "echo Nothing is copied >&2; exit 1", "", "no text: there is none in the clipboard"},
		{"Wayland, no picture", desktopOf("linux", both...), picture, "wl-paste", []string{"--type", "image/png"},
			`echo 'Clipboard content is not available as requested type "image/png"' >&2; exit 1`, "", "no picture: there is none in the clipboard"},
		{"Wayland, no server", desktopOf("linux", both...), text, "wl-paste", []string{"--no-newline", "--type", "text"},
			`printf 'Failed to connect to a Wayland\033[2J server\nmore' >&2; exit 1`, "", "wl-paste: exit status 1: Failed to connect to a Wayland[2J server"},
		{"X11 on Wayland", desktopOf("linux", both...), text, "xclip", []string{"-selection", "clipboard", "-target", "UTF8_STRING", "-out"}, "printf a", "a", ""},
		{"X11, picture", desktopOf("linux", "DISPLAY=:0"), picture, "xclip", []string{"-selection", "clipboard", "-target", "image/png", "-out"}, `printf '\211PNG\r\n\032\n...'`, "\x89PNG\r\n\x1a\n...", ""},
		{"xsel", desktopOf("openbsd", "DISPLAY=:0"), text, "xsel", []string{"--clipboard", "--output"}, "printf a", "a", ""},
		{"macOS", desktopOf("darwin"), text, "pbpaste", []string{"-Prefer", "txt"}, "printf a", "a", ""},
		{"macOS, picture", desktopOf("darwin"), picture, "osascript", appleScript, "echo '«data PNGf89504E470D0A1A0A»'", "\x89PNG\r\n\x1a\n", ""},
		{"macOS, no picture", desktopOf("darwin"), picture, "osascript", appleScript,
			"echo '0:33: execution error: Can’t make some data into the expected type. (-1700)' >&2; exit 1", "", "no picture: there is none in the clipboard"},
		{"macOS, other data", desktopOf("darwin"), picture, "osascript", appleScript, "echo '«data TIFF89504E47»'", "", "osascript: its answer is not a picture"},
		{"Windows", desktopOf("windows"), text, "powershell.exe", powershellText, `printf 'w7w=\r\n'`, "\u00fc", ""},
		{"Windows, picture", desktopOf("windows"), picture, "powershell.exe", powershellImage, `printf 'iVBORw0KGgo=\r\n'`, "\x89PNG\r\n\x1a\n", ""},
		{"Windows, empty", desktopOf("windows"), picture, "powershell.exe", powershellImage, "", "", "no picture: there is none in the clipboard"},
		{"Windows, no base64", desktopOf("windows"), text, "powershell.exe", powershellText, "echo '??'", "", "powershell.exe: its answer is not base64"},
		{"Linux on Windows", desktopOf("linux"), text, "powershell.exe", powershellText, "echo YQ==", "a", ""},
		{"nothing on Wayland", desktopOf("linux", both...), text, "none", nil, "", "", "no program to read the clipboard with: install wl-clipboard or xclip"},
		{"nothing on X11", desktopOf("linux", "DISPLAY=:0"), picture, "none", nil, "", "", "no program to read the clipboard with: install xclip"},
		{"no desktop", desktopOf("linux"), text, "xclip", nil, "", "", "no desktop session: neither WAYLAND_DISPLAY nor DISPLAY is set"},
		{"no PowerShell", desktopOf("windows"), text, "none", nil, "", "", "the system's program to read the clipboard is not on the PATH"},
	} {
		dir := t.TempDir()
		fake(t, dir, c.program, c.args, c.body)
		t.Setenv("PATH", dir)
		got, err := c.d.read(context.Background(), c.kind)
		if string(got) != c.want || err == nil && c.err != "" || err != nil && err.Error() != c.err {
			t.Errorf("%s: %q, %v; want %q, %s", c.what, got, err, c.want, c.err)
		}
	}
}

// TestStuck: a program whose clipboard's owner does not answer is given up, with the children that hold its pipes.
func TestStuck(t *testing.T) {
	dir := t.TempDir()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	fake(t, dir, "pbpaste", []string{"-Prefer", "txt"}, "printf secret; "+sleep+" 60; true")
	t.Setenv("PATH", dir)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	got, err := desktopOf("darwin").read(ctx, text)
	if got != nil || !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "secret") {
		t.Errorf("%q, %v", got, err)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("given up after %v", d)
	}
}

// TestBounded: what never ends is cut off.
func TestBounded(t *testing.T) {
	dir := t.TempDir()
	cat, err := exec.LookPath("cat")
	if err != nil {
		t.Fatal(err)
	}
	fake(t, dir, "pbpaste", []string{"-Prefer", "txt"}, "exec "+cat+" /dev/zero")
	fake(t, dir, "powershell.exe", desktopOf("windows").programs()[0].argv[1:], "exec "+cat+" '"+writeBase64(t, dir)+"'")
	t.Setenv("PATH", dir)
	for _, system := range []string{"darwin", "windows"} {
		got, err := desktopOf(system).read(context.Background(), text)
		if got != nil || err == nil || !strings.Contains(err.Error(), "longer than 1 MiB") {
			t.Errorf("%s: %d bytes, %v", system, len(got), err)
		}
	}
}

func writeBase64(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "long")
	if err := os.WriteFile(name, []byte(base64.StdEncoding.EncodeToString(make([]byte, maxText+1))), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
