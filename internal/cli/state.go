package cli

import (
	"time"

	"ykmfa/internal/account"
)

// updateKey changes what is remembered about the key.
func (a *app) updateKey(k *key, change func(*account.Key)) {
	err := a.updateState(func(s *account.State) { change(s.Key(k.DeviceID())) })
	if err != nil {
		a.detail("%v", err)
	}
}

// updateState changes the state directory. Where that cannot be written, this run goes by what it would hold: losing it
// loses nothing but memory. After that the file is not read again either: it has less than this run knows.
func (a *app) updateState(change func(*account.State)) error {
	if a.onlyLook {
		change(a.loadState())
		return nil
	}
	if a.forgetful == nil {
		var now *account.State
		a.forgetful = account.UpdateState(a.paths.State, func(s *account.State) error {
			change(s)
			now = s
			return nil
		})
		if a.forgetful == nil {
			a.state = now
			return nil
		}
	}
	change(a.loadState())
	return a.forgetful
}

// loadState returns what is remembered as this run last saw it. It never fails: what is not remembered is asked again.
func (a *app) loadState() *account.State {
	if a.state == nil {
		state, err := account.LoadState(a.paths.State)
		if err != nil {
			a.detail("%v", err)
		}
		a.state = state
	}
	return a.state
}

// verified notes that an account was proven on a key.
func verified(known *account.Key, acc account.Account, touch bool, at time.Time) {
	c := known.SetCredential(acc.ID)
	c.Type, c.Touch, c.Verified = acc.Type, &touch, at
}

// forgetBefore drops what is remembered of a key from before another program wiped it, which gave it a new device id.
func (a *app) forgetBefore(k *key) {
	err := a.updateState(func(s *account.State) {
		for device, old := range s.Keys {
			if device != k.DeviceID() && old.Serial != 0 && old.Serial == k.serial() {
				delete(s.Keys, device)
			}
		}
	})
	if err != nil {
		a.detail("%v", err)
	}
}
