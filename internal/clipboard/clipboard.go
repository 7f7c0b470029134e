// Package clipboard reads the clipboard, through the programs that each desktop has for it. It runs them without a
// shell, keeps nothing on disk, and bounds what they may answer and how long they may take.
package clipboard

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
	"unicode"
)

// Bounds of what is read.
const (
	maxText  = 1 << 20
	maxImage = 64 << 20
	timeOut  = 10 * time.Second // PowerShell alone may take two to start
)

// ErrEmpty says that the clipboard holds nothing of the kind that was asked for.
var ErrEmpty = errors.New("there is none in the clipboard")

// Text is the text in the clipboard, for the caller to wipe.
func Text(ctx context.Context) ([]byte, error) { return here().read(ctx, text) }

// Image is the picture in the clipboard as a PNG file, for the caller to wipe.
func Image(ctx context.Context) ([]byte, error) { return here().read(ctx, picture) }

// kind is what to read.
type kind struct {
	name string
	max  int
}

var (
	text    = kind{"text", maxText}
	picture = kind{"picture", maxImage}
)

// is reports whether data can be of the kind: some owners of a clipboard answer to every type with what they have.
func (k kind) is(data []byte) bool {
	return len(data) > 0 && bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")) == (k == picture)
}

// program is a way to read one kind. It serves where its variable is set, if it has one.
type program struct {
	kind     string
	variable string
	argv     []string
	decode   func([]byte) ([]byte, error)
	required bool // to be installed; the others come with the system, or are no choice of ours to suggest
}

// desktop is where the programs run.
type desktop struct {
	system string
	getenv func(string) string
}

func here() desktop { return desktop{runtime.GOOS, os.Getenv} }

// programs are the ways of a system, the best first.
func (d desktop) programs() []program {
	windows := []program{
		{kind: text.name, argv: powershell("$t = Get-Clipboard -Raw; if ($t) { [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($t)) }"), decode: fromBase64},
		{kind: picture.name, argv: powershell("Add-Type -AssemblyName System.Drawing; $i = Get-Clipboard -Format Image; " +
			"if ($i) { $m = New-Object IO.MemoryStream; $i.Save($m, [Drawing.Imaging.ImageFormat]::Png); [Convert]::ToBase64String($m.ToArray()) }"), decode: fromBase64},
	}
	switch d.system {
	case "windows":
		return windows
	case "darwin":
		return []program{
			{kind: text.name, argv: []string{"pbpaste", "-Prefer", "txt"}},
			{kind: picture.name, argv: []string{"osascript", "-e", "get the clipboard as «class PNGf»"}, decode: fromAppleScript},
		}
	}
	return append([]program{
		{kind: text.name, variable: "WAYLAND_DISPLAY", argv: []string{"wl-paste", "--no-newline", "--type", "text"}, required: true},
		{kind: picture.name, variable: "WAYLAND_DISPLAY", argv: []string{"wl-paste", "--type", "image/png"}, required: true},
		{kind: text.name, variable: "DISPLAY", argv: []string{"xclip", "-selection", "clipboard", "-target", "UTF8_STRING", "-out"}, required: true},
		{kind: picture.name, variable: "DISPLAY", argv: []string{"xclip", "-selection", "clipboard", "-target", "image/png", "-out"}, required: true},
		{kind: text.name, variable: "DISPLAY", argv: []string{"xsel", "--clipboard", "--output"}},
	}, windows...) // Linux on Windows (WSL) finds Windows' programs on its PATH
}

// powershell runs a script of Windows' own PowerShell. Its answers go through base64, as a console has a character set.
func powershell(script string) []string {
	return []string{"powershell.exe", "-NoProfile", "-NonInteractive", "-Command", "$ErrorActionPreference = 'Stop'; " + script}
}

// read runs the first program that is there.
func (d desktop) read(ctx context.Context, k kind) ([]byte, error) {
	var install []string
	for _, p := range d.programs() {
		if p.kind != k.name || p.variable != "" && d.getenv(p.variable) == "" {
			continue
		}
		path, err := exec.LookPath(p.argv[0])
		if err != nil {
			if p.required {
				install = append(install, p.argv[0])
			}
			continue
		}
		return p.run(ctx, path, k)
	}
	return nil, d.missing(install)
}

// missing says what would help.
func (d desktop) missing(install []string) error {
	switch {
	case len(install) > 0:
		names := strings.NewReplacer("wl-paste", "wl-clipboard").Replace(strings.Join(install, " or "))
		return fmt.Errorf("no program to read the clipboard with: install %s", names)
	case d.system == "windows", d.system == "darwin":
		return errors.New("the system's program to read the clipboard is not on the PATH")
	}
	return errors.New("no desktop session: neither WAYLAND_DISPLAY nor DISPLAY is set")
}

// run takes what the program prints.
func (p program) run(ctx context.Context, path string, k kind) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeOut)
	defer cancel()
	c := exec.CommandContext(ctx, path, p.argv[1:]...)
	c.WaitDelay = time.Second // a child of the program may keep the pipes
	complaint := &bounded{max: 4096}
	c.Stderr = complaint
	limit := k.max
	if p.decode != nil {
		limit *= 3 // hexadecimal digits and some words
	}
	out, err := output(ctx, c, limit)
	if err == nil && p.decode != nil {
		raw := out
		out, err = p.decode(raw)
		clear(raw)
	}
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("%s did not answer: %w", p.argv[0], ctx.Err())
	case err == nil && len(out) > k.max, errors.Is(err, errLong):
		err = fmt.Errorf("the %s in the clipboard is longer than %d MiB", k.name, k.max>>20)
	case err != nil && nothing(complaint.data), err == nil && !k.is(out):
		err = fmt.Errorf("no %s: %w", k.name, ErrEmpty)
	case err != nil:
		err = fmt.Errorf("%s: %w%s", p.argv[0], err, firstLine(complaint.data))
	}
	if err != nil {
		clear(out)
		return nil, err
	}
	return out, nil
}

// nothing recognises how the programs say that the clipboard is empty or holds something else: wl-paste, xclip, and
// AppleScript's error for a coercion that is not possible.
func nothing(complaint []byte) bool {
	for _, s := range []string{"Nothing is copied", "No selection", "No suitable type", "not available", "(-1700)", "(-25133)"} {
		if bytes.Contains(complaint, []byte(s)) {
			return true
		}
	}
	return false
}

// firstLine of a complaint, for a message.
func firstLine(complaint []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(complaint)), "\n")
	line = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, line)
	if line == "" {
		return ""
	}
	return ": " + line[:min(len(line), 200)]
}

func fromBase64(out []byte) ([]byte, error) {
	out = bytes.TrimSpace(out)
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(out)))
	n, err := base64.StdEncoding.Decode(raw, out)
	if err != nil {
		return nil, errors.New("its answer is not base64")
	}
	return raw[:n], nil
}

// fromAppleScript reads «data PNGf89504E47...».
func fromAppleScript(out []byte) ([]byte, error) {
	out = bytes.TrimSpace(out)
	if len(out) == 0 {
		return nil, nil
	}
	body, ok := bytes.CutPrefix(out, []byte("«data PNGf"))
	body, end := bytes.CutSuffix(body, []byte("»"))
	raw := make([]byte, hex.DecodedLen(len(body)))
	if _, err := hex.Decode(raw, body); err != nil || !ok || !end {
		return nil, errors.New("its answer is not a picture")
	}
	return raw, nil
}
