package cli

import (
	"strconv"
	"strings"
	"time"

	"ykmfa/internal/account"
	"ykmfa/oath"
)

// parseTime reads the TIME of --at.
func parseTime(s string, now time.Time) (time.Time, error) {
	if strings.HasPrefix(s, "+") || strings.HasPrefix(s, "-") {
		if d, err := time.ParseDuration(s); err == nil {
			return now.Add(d), nil
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 {
		return time.Unix(n, 0), nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil && t.Unix() >= 0 {
		return t, nil
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			y, m, d := now.Date()
			return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, now.Location()), nil
		}
	}
	return time.Time{}, usage("for example --at 2026-01-31T12:00:00Z, --at 12:00, --at +30s", "cannot read the time %q", s)
}

// touches reports whether the credential is known to need a touch.
func touches(k *key, t target) bool {
	if t.account != nil && t.account.Touch {
		return true
	}
	known := k.known()
	if known == nil {
		return false
	}
	c := known.Credential(t.id)
	return c != nil && c.Touch != nil && *c.Touch
}

// spend notes that the code of a period is handed out. What is noted behind the latest period that can be was when the
// clock was ahead: it is forgotten, so that nothing waits for that time to come.
func (a *app) spend(id []byte, step, latest uint64) (last uint64, before bool, err error) {
	err = a.updateState(func(s *account.State) {
		if s.Spent[string(id)] > latest {
			delete(s.Spent, string(id))
		}
		last, before = s.Spend(id, step)
	})
	return last, before, err
}

// period is the period of a credential: the one in its id, which is what other programs go by.
func period(t target) time.Duration {
	name := oath.ParseName(t.id, t.typ)
	if name.Steam() || name.Period < time.Second {
		return oath.DefaultPeriod
	}
	return name.Period
}

// step is the number of whole periods since 1970.
func step(at time.Time, period time.Duration) uint64 {
	return uint64(at.Unix() / int64(period/time.Second))
}
