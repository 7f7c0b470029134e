package cli

import (
	"context"
	"errors"

	"ykmfa/internal/account"
	"ykmfa/internal/source"
	"ykmfa/oath"
)

// contents is what a key holds.
type contents struct {
	list  []oath.Credential
	touch map[string]bool // by credential id, of those that count time: it is not known of the others
}

// touches reports whether computing with a credential is known to wait for a touch.
func (c contents) touches(id []byte) bool { return c.touch[string(id)] }

// contents lists what is on the key. With one of the ids there, or none asked for, it also finds out which credentials
// need a touch: a comparison must not run into one unawares.
func (k *key) contents(ids ...[]byte) (contents, error) {
	list, err := k.List()
	c := contents{list: list, touch: map[string]bool{}}
	wanted := len(ids) == 0
	for _, id := range ids {
		_, there := find(list, id)
		wanted = wanted || there
	}
	if err != nil || !wanted {
		return c, err
	}
	c.touch, err = k.touchFlags()
	return c, err
}

// touchFlags tells which credentials need a touch, of those that count time.
func (k *key) touchFlags() (map[string]bool, error) {
	answers, err := k.CalculateAll(make([]byte, 8), false)
	touched := map[string]bool{}
	for _, answer := range answers {
		if answer.Type == oath.TOTP {
			touched[string(answer.ID)] = answer.Touch
		}
	}
	return touched, err
}

// remember records which credentials are on a key, and which of them need touch.
func (a *app) remember(k *key) error {
	c, err := k.contents()
	if err != nil {
		return err
	}
	a.updateKey(k, c.note)
	return nil
}

// note makes what is remembered of a key what is on it.
func (c contents) note(known *account.Key) {
	known.Keep(func(id []byte) bool { _, found := find(c.list, id); return found })
	for _, there := range c.list {
		noted := known.SetCredential(there.ID)
		noted.Type = there.Type
		if touch, ok := c.touch[string(there.ID)]; ok {
			noted.Touch = &touch
		}
	}
}

// standing is how an account stands on a key.
type standing string

const (
	same        standing = "same"        // proven equal to its backup
	different   standing = "different"   // not the secret, or not the terms, of the backup
	missing     standing = "missing"     // not on the key
	unreachable standing = "unreachable" // its backup cannot be read
	bare        standing = "no-backup"
	unchecked   standing = "not-checked" // it is there, and comparing would take a touch or use up a code
	broken      standing = "broken"      // the key cannot compute with it
	readable    standing = "readable"    // its backup, whatever is on the key
)

var errNeedsTouch = errors.New("comparing needs a touch: --touch")

// stand finds how an account stands on a key with these contents, and why when it is not the same. touching also
// compares what needs a touch.
func (a *app) stand(ctx context.Context, k *key, b *backup, c contents, touching bool) (standing, error) {
	there, found := find(c.list, b.account.ID)
	switch {
	case b.err != nil:
		return b.unreadable(), b.err
	case !found:
		return missing, fail(exitNoAccount, "ykmfa restore "+source.QuoteArg(b.account.Name), "it is not on %v", k)
	case there.Type == oath.HOTP && b.account.Type == oath.HOTP:
		return unchecked, errUnprovable
	case c.touches(there.ID) && !touching:
		return unchecked, errNeedsTouch
	}
	err := a.proveThere(ctx, k, there, c.touches(there.ID), b.params)
	switch {
	case err == nil:
		return same, nil
	case errors.Is(err, errDiffer):
		return different, fail(exitDiffer,
			"which one is right? ykmfa restore "+source.QuoteArg(b.account.Name)+" --force overwrites the key; or correct the backup", "%w", err)
	}
	return broken, err
}

// touchNote says that an account gives its codes without the touch that it should need. The touch flag is no
// part of the secret: key and backup are the same all the same.
func (c contents) touchNote(acc account.Account) string {
	touch, known := c.touch[string(acc.ID)]
	if !acc.Touch || !known || touch {
		return ""
	}
	return "it needs NO touch there, though it should: ykmfa edit " + source.QuoteArg(acc.Name) + " --touch"
}
