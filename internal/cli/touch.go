package cli

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"ykmfa/internal/term"
)

// touchDelay is how long a calculation may take before it is taken for one that waits for a touch.
const touchDelay = 500 * time.Millisecond

// withTouch runs a calculation, and asks for a touch: at once when the credential is known to need one, else when the
// calculation takes long enough to look like it.
func (a *app) withTouch(ctx context.Context, k fmt.Stringer, name string, certain bool, calculate func() error) error {
	if certain {
		defer a.askTouch(ctx, k, name)()
		return calculate()
	}
	done, gone := make(chan struct{}), make(chan struct{})
	late := time.AfterFunc(touchDelay, func() {
		takeAway := a.askTouch(ctx, k, name)
		<-done
		takeAway()
		close(gone)
	})
	err := calculate()
	close(done)
	if !late.Stop() {
		<-gone
	}
	return err
}

// askTouch asks on the terminal, else by a desktop notification, else on stderr. The returned function takes the
// question away.
func (a *app) askTouch(ctx context.Context, k fmt.Stringer, name string) func() {
	text := term.Clean("Touch " + k.String() + " for " + name)
	t, err := term.Open()
	if err == nil {
		t.Printf("%s ... ", text)
		return func() {
			t.Printf("\n")
			t.Close()
		}
	}
	if !notify(ctx, text) {
		a.say("%s", text)
	}
	return func() {}
}

// notify shows a desktop notification. A desktop that does not answer is not waited for: the key is open meanwhile.
func notify(ctx context.Context, text string) bool {
	program, err := exec.LookPath("notify-send")
	if err != nil {
		return false
	}
	limited, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return exec.CommandContext(limited, program, "--", "ykmfa", text).Run() == nil
}
