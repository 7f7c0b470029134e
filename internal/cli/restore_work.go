package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ykmfa/internal/account"
	"ykmfa/internal/term"
	"ykmfa/oath"
)

// questions are the accounts that the user is asked about before anything is written. Without a terminal there is
// nobody to ask for a counter.
func (r *refill) questions() (overwrite, counters []*item) {
	for _, i := range r.items {
		switch {
		case i.standing == different && r.force && !r.confirmed[i.account.Name]:
			overwrite = append(overwrite, i)
		case (i.standing == noCounter || r.interrupted(i)) && hasTerminal():
			counters = append(counters, i)
		}
	}
	return overwrite, counters
}

func hasTerminal() bool {
	t, err := term.Open()
	if err == nil {
		t.Close()
	}
	return err == nil
}

// ask asks them, and leaves the key to others meanwhile.
func (r *refill) ask(ctx context.Context, overwrite, counters []*item) error {
	err := r.app.away(ctx, r.k, func() error { return r.answers(ctx, overwrite, counters) })
	if err != nil {
		return err
	}
	return r.app.unlock(ctx, r.k)
}

func (r *refill) answers(ctx context.Context, overwrite, counters []*item) error {
	if len(overwrite) > 0 {
		question := fmt.Sprintf("Overwrite on %v, from the backup: %s? The secrets that are there now will be gone.", r.k, names(overwrite))
		if err := r.app.confirm(ctx, question, r.yes); err != nil {
			return err
		}
	}
	for _, i := range overwrite {
		r.confirmed[i.account.Name] = true
	}
	for _, i := range counters {
		if err := r.askCounter(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func names(items []*item) string {
	var list []string
	for _, i := range items {
		list = append(list, i.account.Name)
	}
	return strings.Join(list, ", ")
}

// askCounter asks until the answer is a counter, or nothing.
func (r *refill) askCounter(ctx context.Context, i *item) error {
	acc := i.account
	t, err := term.Open()
	if err != nil {
		return err
	}
	defer t.Close()
	t.Printf("%s counts codes (HOTP): the key needs the counter of the next one, one more than that of the last code used.\n"+
		"Too low, and its codes are refused; far too high, and the service gives up on it.\n", term.Clean(acc.Name))
	if r.interrupted(i) {
		t.Printf("It is on the key already and was never proven: if a restore was interrupted, the counter that was given there finishes it.\n")
	}
	for {
		answer, err := t.Ask(ctx, "Counter of the next code (Enter leaves the account out):")
		if err != nil || answer == "" {
			return err
		}
		n, err := parseCounter(answer)
		if err == nil {
			r.counters[acc.Name] = n
			return nil
		}
		t.Printf("%v\n", err)
	}
}

// workOnDifferent overwrites, once that is confirmed, what it took a touch to see that it differs.
func (r *refill) workOnDifferent(ctx context.Context) error {
	overwrite, _ := r.questions()
	if overwrite == nil {
		return nil
	}
	if err := r.ask(ctx, overwrite, nil); err != nil {
		return err
	}
	for _, i := range overwrite {
		r.decide(i)
	}
	return r.work(ctx, overwrite)
}

// work writes and proves one account after the other. It stops at what would stop the next one, too.
func (r *refill) work(ctx context.Context, items []*item) error {
	todo, touches := todo(items)
	p := r.app.progress()
	defer p.clear()
	for n, i := range todo {
		if n == len(todo)-touches {
			r.app.say("%s a touch, asked for one after the other: touch the key whenever it blinks", need(touches))
		}
		p.show("%s  %s ... ", p.count(n+1, len(todo)), i.account.Name)
		err := r.do(ctx, i)
		p.clear()
		if i.why = err; err != nil && !onlyThis(err) {
			return fmt.Errorf("%s: %w", i.account.Name, err)
		}
		r.app.tell("%s%s", p.count(n+1, len(todo)), r.line(i))
	}
	return nil
}

func need(n int) string {
	if n == 1 {
		return "1 account needs"
	}
	return fmt.Sprintf("%d accounts need", n)
}

// do writes and proves an account, or proves one that needed a touch for it.
func (r *refill) do(ctx context.Context, i *item) error {
	var err error
	switch {
	case !i.write:
		var now standing
		if now, err = r.app.stand(ctx, r.k, i.backup, r.there, true); err == nil || onlyThis(err) {
			i.standing = now
		}
	case i.standing == unchecked:
		err = r.app.resumeCounter(ctx, r.k, i.credential(), i.params)
	default:
		err = r.app.write(ctx, r.k, i.credential(), i.params, i.standing == different)
	}
	if errors.Is(err, oath.ErrNotTouched) {
		return fail(exitNotTouch, "run it again, and touch the key while it blinks: what is done stays done", "%w", err)
	}
	if err != nil {
		return err
	}
	i.result = "proven"
	if i.write {
		i.result = "written"
	}
	if countsCodes(i.account) { // at once: it cannot be proven again
		r.app.updateKey(r.k, func(known *account.Key) { verified(known, i.account, i.touch, r.app.Now()) })
	}
	return nil
}
