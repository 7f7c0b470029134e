package cli

import (
	"context"
	"fmt"
	"time"

	"ykmfa/oath"
)

// shown is one line of output.
type shown struct {
	Name string `json:"name"`
	credentialID
	Type   string `json:"type"`
	Code   string `json:"code"` // empty: needs touch, or would use up a counter
	Touch  bool   `json:"touch"`
	From   string `json:"from"` // "key" or "software"
	Serial uint32 `json:"serial,omitempty"`
	Device string `json:"device,omitempty"`
	Since  int64  `json:"valid_from,omitempty"`  // Unix seconds
	Until  int64  `json:"valid_until,omitempty"` // Unix seconds
}

func (o *codeOptions) show(k *key, t target, code string, at time.Time) shown {
	s := shown{
		Name: t.name(), credentialID: jsonID(t.id), Type: t.typ.String(), Code: code, Touch: touches(k, t),
		From: "key", Serial: k.serial(), Device: k.DeviceID(),
	}
	s.lives(t, at)
	return s
}

// lives says for how long the code of a time is good.
func (s *shown) lives(t target, at time.Time) {
	if t.typ == oath.TOTP {
		seconds := int64(period(t) / time.Second)
		s.Since = int64(step(at, period(t))) * seconds
		s.Until = s.Since + seconds
	}
}

// print writes the bare code for one name, else a table.
func (o *codeOptions) print(codes []shown) error {
	if o.app.json {
		return o.app.printJSON(codes)
	}
	if len(o.names) == 1 {
		_, err := fmt.Fprintln(o.app.Stdout, codes[0].Code)
		return err
	}
	t := o.app.table("NAME", "CODE")
	for _, c := range codes {
		t.row(c.Name, c.text(t.tty))
	}
	return t.flush()
}

// text explains a missing code to a person; a program gets an empty field.
func (s shown) text(tty bool) string {
	switch {
	case s.Code != "" || !tty:
		return s.Code
	case s.Touch:
		return "(needs touch)"
	}
	return "(counter)"
}

// runWatch prints, leaves the key to others until a code changes, and prints again.
func (o *codeOptions) runWatch(ctx context.Context) error {
	for {
		codes, err := o.codes(ctx)
		if err != nil {
			return err
		}
		if err := o.print(codes); err != nil {
			return err
		}
		until := o.app.Now().Add(oath.DefaultPeriod)
		for _, c := range codes {
			if end := time.Unix(c.Until, 0); c.Until != 0 && end.Before(until) {
				until = end
			}
		}
		if err := o.sleepUntil(ctx, until); err != nil {
			return nil // interrupted, as intended
		}
	}
}
