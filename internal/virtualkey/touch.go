package virtualkey

import (
	"context"
	"fmt"
	"time"
)

// Touch is the finger: it is called when the key begins to blink, and returns true when the sensor is touched, or
// false when ctx is done first. It runs while the key is busy and must send it no command.
type Touch func(ctx context.Context) bool

// ParseTouch reads "now", "never", or a time as "2s" after which the key is touched.
func ParseTouch(s string) (Touch, error) {
	switch s {
	case "now":
		return touchNow, nil
	case "never":
		return touchNever, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return nil, fmt.Errorf("virtualkey: touch %q: now, never, or a time such as 2s", s)
	}
	return touchAfter(d), nil
}

func touchNow(context.Context) bool { return true }

func touchNever(ctx context.Context) bool {
	<-ctx.Done()
	return false
}

func touchAfter(d time.Duration) Touch {
	return func(ctx context.Context) bool {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
}
