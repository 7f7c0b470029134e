package cli

import (
	"context"
	"os/exec"
	"strings"
)

// toClipboard hands the code to the first clipboard program there is. A code is worthless after its period, so it is
// not taken out again.
func (o *codeOptions) toClipboard(ctx context.Context, code shown) error {
	programs := [][]string{{"pbcopy"}, {"clip.exe"}, {"xclip", "-selection", "clipboard"}, {"xsel", "--clipboard", "--input"}}
	if o.app.getenv("WAYLAND_DISPLAY") != "" {
		programs = append([][]string{{"wl-copy"}}, programs...)
	}
	for _, argv := range programs {
		path, err := exec.LookPath(argv[0])
		if err != nil {
			continue
		}
		c := exec.CommandContext(ctx, path, argv[1:]...)
		c.Stdin = strings.NewReader(code.Code)
		if err := c.Run(); err != nil {
			return fail(exitFailed, "is there a desktop session?", "%s: %w", argv[0], err)
		}
		o.app.say("%s: copied to the clipboard", code.Name)
		return nil
	}
	return fail(exitFailed, "install wl-clipboard, xclip or xsel", "no clipboard program found")
}
