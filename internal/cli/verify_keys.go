package cli

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"ykmfa/oath"
)

// crossing compares keys with each other.
type crossing struct {
	*verifyOptions
	seen []*crossed
	on   []keyID
}

// crossed is a credential, and what each key that holds it answered to its challenge.
type crossed struct {
	oath.Credential
	challenge []byte
	keys      []string
	answers   []oath.Response
	differs   bool  // by what LIST says
	why       error // there is an answer missing
}

// runKeys has every key compute on the same random challenge for the same credential. One key after the other is open.
func (o *verifyOptions) runKeys(ctx context.Context) error {
	readers, err := o.app.keyReaders(ctx)
	if err != nil {
		return err
	}
	if len(readers) < 2 {
		return fail(exitNoKey, "plug in the other one; with the backups: ykmfa verify", "one key alone has none to be compared with")
	}
	x := &crossing{verifyOptions: o}
	err = o.app.onEachKey(ctx, func(k *key) error { return x.ask(ctx, k) })
	if err != nil { // a comparison without one of the keys would say too little
		return err
	}
	return x.report()
}

// ask has a key answer for all that it holds, what needs a touch last.
func (x *crossing) ask(ctx context.Context, k *key) error {
	there, err := k.contents()
	if err != nil {
		return err
	}
	k.app.updateKey(k, there.note)
	on := k.id()
	x.on = append(x.on, on)
	var late []*crossed
	for _, c := range there.list {
		one := x.credential(c)
		one.keys = append(one.keys, on.label())
		switch {
		case c.Type == oath.HOTP:
			one.why = errUnprovable
		case there.touches(c.ID) && !x.touch:
			one.why = errNeedsTouch
		case there.touches(c.ID):
			late = append(late, one)
		default:
			err = one.answer(ctx, k, false)
		}
		if err != nil {
			return err
		}
	}
	if len(late) > 0 {
		x.app.say("%v: %s a touch, asked for one after the other: touch the key whenever it blinks", k, need(len(late)))
	}
	for _, one := range late {
		if err := one.answer(ctx, k, true); err != nil {
			return err
		}
	}
	return nil
}

// credential finds a credential among those seen on any key, or makes a challenge for it.
func (x *crossing) credential(c oath.Credential) *crossed {
	for _, one := range x.seen {
		if bytes.Equal(one.ID, c.ID) {
			one.differs = one.differs || one.Type != c.Type || one.Algorithm != c.Algorithm
			return one
		}
	}
	one := &crossed{Credential: c, challenge: make([]byte, 8)}
	rand.Read(one.challenge)
	x.seen = append(x.seen, one)
	return one
}

// answer asks one key. A credential that it cannot compute with does not stop the others.
func (c *crossed) answer(ctx context.Context, k *key, touch bool) error {
	name := oath.ParseName(c.ID, c.Type).String()
	return k.app.withTouch(ctx, k, name, touch, func() error {
		full, err := k.CalculateFull(c.ID, c.challenge)
		if err != nil && onlyThis(err) {
			c.why = fmt.Errorf("%v: %w", k, err)
			return nil
		}
		c.answers = append(c.answers, full)
		return err
	})
}

// result is what the answers of all keys say together.
func (c *crossed) result(keys int) (standing, error) {
	if c.differs {
		return different, fmt.Errorf("type or algorithm: %w", errKeysDiffer)
	}
	for _, a := range c.answers {
		if a.Digits != c.answers[0].Digits || !hmac.Equal(a.HMAC, c.answers[0].HMAC) {
			return different, errKeysDiffer
		}
	}
	switch {
	case len(c.keys) < keys:
		return missing, fail(exitNoAccount, "ykmfa restore --all-keys", "only on %s", strings.Join(c.keys, ", "))
	case errors.Is(c.why, errUnprovable), errors.Is(c.why, errNeedsTouch):
		return unchecked, c.why
	case c.why != nil:
		return broken, c.why
	}
	return same, nil
}

var errKeysDiffer = fail(exitDiffer, "ykmfa verify --all-keys finds which one differs from the backup", "the keys differ")

// crossedLine is what is printed of a credential.
type crossedLine struct {
	Name string `json:"name"`
	credentialID
	Result standing `json:"result"`
	Why    string   `json:"why,omitempty"`
	On     []string `json:"on"` // serial numbers, or device ids of keys without one
}

func (x *crossing) report() error {
	accounts, err := x.app.accounts()
	if err != nil {
		return err
	}
	var t troubles
	lines := []crossedLine{}
	proven := 0
	for _, c := range x.seen {
		name := target{id: c.ID, typ: c.Type, account: accountOf(accounts, c.ID)}.name()
		line := crossedLine{Name: name, credentialID: jsonID(c.ID), On: c.keys}
		result, why := c.result(len(x.on))
		if line.Result = result; why != nil {
			line.Why = why.Error()
		}
		lines = append(lines, line)
		switch result {
		case same:
			proven++
		case unchecked:
		default:
			t = append(t, trouble{name, why})
		}
	}
	if err := x.printCrossed(lines); err != nil {
		return err
	}
	all := x.app.Now().Sub(x.start)
	x.app.tell("%d of %s the same on all %d keys, in %s", proven, plural(len(lines), "credential"), len(x.on), took(all))
	return t.verdict(len(lines), "not the same on all keys")
}

func (x *crossing) printCrossed(lines []crossedLine) error {
	if x.app.json {
		return x.app.printJSON(struct {
			Keys        []keyID       `json:"keys"`
			Credentials []crossedLine `json:"credentials"`
			Seconds     float64       `json:"seconds"`
		}{x.on, lines, x.app.Now().Sub(x.start).Seconds()})
	}
	t := x.app.table("NAME", "RESULT", "ON", "WHY")
	for _, l := range lines {
		t.row(l.Name, string(l.Result), strings.Join(l.On, ", "), l.Why)
	}
	return t.flush()
}
