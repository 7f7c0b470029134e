package cli

import (
	"context"
	"errors"
	"fmt"

	"ykmfa/internal/account"
	"ykmfa/internal/source"
	"ykmfa/oath"
)

// How an account that is missing on the key can stand there besides.
const (
	unfit     standing = "does-not-fit"
	noCounter standing = "no-counter"
)

// refill is the restore of one key.
type refill struct {
	*restoreOptions
	k         *key
	there     contents
	expected  []oath.Credential // there, and what the plan adds
	free      int               // how many credentials fit; less than 0: not known
	items     []*item           // in the order of the account file
	confirmed map[string]bool   // by account: may be overwritten
}

// item is an account in the restore of one key.
type item struct {
	*backup
	standing standing
	write    bool   // it will be stored
	touch    bool   // storing or comparing it waits for a touch
	why      error  // nothing else will be done, or what went wrong
	result   string // "written" or "proven", once it is
}

func countsCodes(acc account.Account) bool { return acc.Type == oath.HOTP }

// plan looks at the key, proves what is there already, and decides what to write.
func (r *refill) plan(ctx context.Context) error {
	var ids [][]byte
	for _, b := range r.backups {
		ids = append(ids, b.account.ID)
	}
	var err error
	if r.there, err = r.k.contents(ids...); err != nil {
		return err
	}
	r.items, r.expected, r.free = nil, r.there.list, -1
	if capacity := r.k.Capacity(); capacity > 0 {
		r.free = max(0, capacity-len(r.there.list))
	}
	for _, b := range r.backups {
		i := &item{backup: b, touch: r.there.touches(b.account.ID)}
		i.standing, i.why = r.app.stand(ctx, r.k, b, r.there, false)
		if i.standing == broken && !onlyThis(i.why) {
			return fmt.Errorf("%s: %w", b.account.Name, i.why)
		}
		r.decide(i)
		r.items = append(r.items, i)
	}
	return nil
}

// decide settles what is done with an account.
func (r *refill) decide(i *item) {
	switch i.standing {
	case same:
		i.result = "proven"
	case missing:
		i.touch = i.account.Touch
		if i.standing, i.why = r.obstacle(i); i.why != nil {
			return
		}
		i.write = true
		r.expected = append(r.expected, oath.Credential{ID: i.account.ID, Type: i.account.Type, Algorithm: i.account.Algorithm})
	case different:
		if r.confirmed[i.account.Name] {
			i.touch = i.account.Touch
			i.write = true
		}
	case unchecked:
		i.write = countsCodes(i.account) && r.unfinished(i)
		if i.write {
			i.touch, i.params.Counter = i.account.Touch, r.counters[i.account.Name]
		}
	}
}

// obstacle is what stands against writing an account that is missing.
func (r *refill) obstacle(i *item) (standing, error) {
	if countsCodes(i.account) {
		n, known := r.counters[i.account.Name]
		if !known {
			return noCounter, fail(exitFailed, "--counter "+source.QuoteArg(i.account.Name)+"=N gives it: one more than that of the last code used",
				"it counts codes (HOTP), and the counter of the next one is not known")
		}
		i.params.Counter = n
	}
	err := r.k.CheckPut(i.credential(), r.expected)
	if errors.Is(err, oath.ErrInvalid) {
		err = fail(exitFailed, "shorten its id in the account file", "%w", err)
	}
	if err != nil {
		return unfit, err
	}
	if added := len(r.expected) - len(r.there.list); r.free >= 0 && added >= r.free {
		return unfit, fmt.Errorf("%w: %d of %d accounts are taken", oath.ErrFull, len(r.expected), r.k.Capacity())
	}
	return missing, nil
}

// unfinished recognises an account that counts codes, is on the key and was never seen proven there, while its counter
// was given: an earlier restore was interrupted.
func (r *refill) unfinished(i *item) bool {
	_, given := r.counters[i.account.Name]
	return given && r.neverProven(i)
}

// interrupted recognises an account that counts codes, is on the key, was never seen proven there and is not to be finished
// now: maybe an earlier restore was interrupted, or another program put it there.
func (r *refill) interrupted(i *item) bool {
	return i.standing == unchecked && countsCodes(i.account) && !i.write && r.neverProven(i)
}

// neverProven reports whether an account was not yet proven on this key, as far as is remembered.
func (r *refill) neverProven(i *item) bool {
	known := r.k.known()
	if known == nil {
		return true
	}
	c := known.Credential(i.account.ID)
	return c == nil || c.Verified.IsZero()
}

// todo is what there is to do, what needs a touch last.
func todo(items []*item) (list []*item, touches int) {
	var last []*item
	for _, i := range items {
		switch {
		case !i.write && !(i.standing == unchecked && i.touch):
		case i.touch:
			last = append(last, i)
		default:
			list = append(list, i)
		}
	}
	return append(list, last...), len(last)
}

// verdict is the error for what is not as it should be on this key.
func (r *refill) verdict() error {
	var t troubles
	for _, i := range r.items {
		leftAlone := i.standing == unchecked && countsCodes(i.account) && !i.write
		if i.result == "" && !leftAlone && !(r.app.onlyLook && r.wouldDo(i)) {
			t = append(t, trouble{i.account.Name, i.why})
		}
	}
	return t.verdict(len(r.items), "not restored to "+r.k.String())
}

// wouldDo reports whether more than looking would be done with an account.
func (r *refill) wouldDo(i *item) bool {
	return i.write || i.standing == unchecked || i.standing == different && r.force
}
