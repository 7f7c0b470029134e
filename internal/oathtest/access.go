package oathtest

import (
	"errors"

	"ykmfa/oath"
)

// password: set, needed after a power cycle, removed.
func (t *suite) password() {
	t.put(t.totp("a"))
	t.must(t.s.SetKey(t.key()), "SET CODE")
	t.wantCode("a", oath.TOTP, t59, "287082")
	t.must(t.card.PowerCycle(), "power")
	t.open()
	if !t.s.HasPassword() || !t.s.Locked() {
		t.Fatal("no password after SET CODE")
	}
	t.must(t.s.Validate(t.key()), "VALIDATE")
	t.wantCode("a", oath.TOTP, t59, "287082")
	err := t.s.ClearKey()
	if errors.Is(err, oath.ErrPolicy) {
		t.leftOut("removing the password", "the key refuses (FIPS)")
		return
	}
	t.must(err, "removing the key")
	t.must(t.card.PowerCycle(), "power")
	t.open()
	if t.s.HasPassword() {
		t.Error("a password after its removal")
	}
	t.wantCode("a", oath.TOTP, t59, "287082")
}

// changePassword: the second opens, the first does not any more.
func (t *suite) changePassword() {
	t.put(t.totp("a"))
	t.must(t.s.SetKey(t.key()), "SET CODE")
	t.must(t.s.SetKey(t.secondKey()), "changing the key")
	t.must(t.card.PowerCycle(), "power")
	t.open()
	if err := t.s.Validate(t.key()); !errors.Is(err, oath.ErrWrongPassword) {
		t.Errorf("the first key after the change: %v", err)
	}
	t.reopen(t.secondKey())
	t.wantCode("a", oath.TOTP, t59, "287082")
}

func (t *suite) wrongPassword() {
	t.must(t.s.SetKey(t.key()), "SET CODE")
	for range 10 { // no count of tries is known of any card
		t.must(t.card.PowerCycle(), "power")
		t.open()
		if err := t.s.Validate(oath.DeriveKey("wrong", t.s.Salt)); !errors.Is(err, oath.ErrWrongPassword) {
			t.Fatalf("a wrong key: %v", err)
		}
		if _, err := t.s.List(); !errors.Is(err, oath.ErrLocked) {
			t.Errorf("LIST after a wrong key: %v", err)
		}
	}
	t.reopen(t.key())
	t.wantIDs()
}

// locked: nothing is told or changed before VALIDATE.
func (t *suite) locked() {
	t.put(t.totp("a"))
	t.must(t.s.SetKey(t.key()), "SET CODE")
	t.must(t.card.PowerCycle(), "power")
	t.open()
	id, challenge := []byte("a"), oath.CounterChallenge(1)
	_, list := t.s.List()
	_, calculate := t.s.Calculate(id, challenge)
	_, full := t.s.CalculateFull(id, challenge)
	_, all := t.s.CalculateAll(challenge, false)
	for what, err := range map[string]error{
		"LIST": list, "CALCULATE": calculate, "CALCULATE, full": full, "CALCULATE ALL": all,
		"PUT": t.s.Put(t.totp("b")), "DELETE": t.s.Delete(id), "removing the key": t.s.ClearKey(), "changing the key": t.s.SetKey(t.secondKey()),
	} {
		if !errors.Is(err, oath.ErrLocked) {
			t.Errorf("%s while locked: %v", what, err)
		}
	}
	if !t.lacks("RENAME", oath.Version{5, 3, 0}) {
		if err := t.s.Rename(id, []byte("b")); !errors.Is(err, oath.ErrLocked) {
			t.Errorf("RENAME while locked: %v", err)
		}
	}
	t.reopen(t.key())
	t.wantIDs("a")
	t.wantCode("a", oath.TOTP, t59, "287082")
}

// selectLocks: SELECT is enough to lock, and gives out another challenge.
func (t *suite) selectLocks() {
	if t.foreign() {
		t.leftOut("SELECT locks", "cards that are no YubiKeys may stay open")
		return
	}
	t.must(t.s.SetKey(t.key()), "SET CODE")
	before := string(t.s.Challenge)
	t.open()
	if !t.s.Locked() || string(t.s.Challenge) == before {
		t.Errorf("locked %v, the same challenge %v", t.s.Locked(), string(t.s.Challenge) == before)
	}
	if _, err := t.s.List(); !errors.Is(err, oath.ErrLocked) {
		t.Errorf("LIST after SELECT: %v", err)
	}
}

// noPassword: without a password there is nothing to validate.
func (t *suite) noPassword() {
	if t.s.HasPassword() {
		t.leftOut("no password", "the key needs one (FIPS)")
		return
	}
	if err := t.s.Validate(t.key()); !errors.Is(err, oath.ErrNoPassword) {
		t.Errorf("VALIDATE: %v", err)
	}
	t.s.Challenge = make([]byte, 8) // now it asks the card
	if err := t.s.Validate(t.key()); !errors.Is(err, oath.ErrNoPassword) {
		t.Errorf("VALIDATE, asking the card: %v", err)
	}
}

// reset: needs no unlocking, and leaves nothing.
func (t *suite) reset() {
	t.put(t.totp("a"))
	t.must(t.s.SetKey(t.key()), "SET CODE")
	t.must(t.card.PowerCycle(), "power")
	t.open()
	id := t.s.DeviceID()
	err := t.s.Reset()
	if errors.Is(err, oath.ErrNotSupported) {
		t.leftOut("RESET", "the card has no such command")
		return
	}
	t.must(err, "RESET while locked")
	if t.s.HasPassword() || t.s.DeviceID() == id {
		t.Errorf("password %v, the same device id %v", t.s.HasPassword(), t.s.DeviceID() == id)
	}
	t.wantIDs()
	t.must(t.card.PowerCycle(), "power")
	t.open()
	if t.s.HasPassword() || t.s.DeviceID() == id {
		t.Error("RESET is undone by a power cycle")
	}
}

// powerCycle: what is stored stays, what is unlocked does not.
func (t *suite) powerCycle() {
	t.put(t.totp("a"))
	t.must(t.s.SetKey(t.key()), "SET CODE")
	id := t.s.DeviceID()
	t.must(t.card.PowerCycle(), "power")
	if _, err := t.s.List(); err == nil {
		t.Error("LIST without SELECT after a power cycle")
	}
	t.open()
	if !t.s.Locked() || t.s.DeviceID() != id {
		t.Errorf("locked %v, device id %s, was %s", t.s.Locked(), t.s.DeviceID(), id)
	}
	t.must(t.s.Validate(t.key()), "VALIDATE")
	t.wantIDs("a")
	t.wantCode("a", oath.TOTP, t59, "287082")
}
