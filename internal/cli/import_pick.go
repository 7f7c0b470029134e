package cli

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"ykmfa/internal/otpauth"
	"ykmfa/internal/term"
)

// choose has the user pick from the list.
func (o *importOptions) choose(ctx context.Context) error {
	t, err := term.Open()
	if err != nil {
		return usage("--only PATTERN chooses without one", "--select needs a terminal: %w", err)
	}
	defer t.Close()
	for n, i := range o.found {
		t.Printf("%4d  %s\n", n+1, term.Clean(strings.Join(i.fields(), "  ")))
	}
	chosen, err := pick(ctx, t, len(o.found))
	if err != nil {
		return err
	}
	for n, i := range o.found { // of two that are the same, the first is the one that is imported
		if first := slices.Index(o.found, i.twin); chosen[n] && first >= 0 {
			chosen[first] = true
		}
	}
	var rest []*incoming
	for n, i := range o.found {
		if chosen[n] {
			rest = append(rest, i)
		} else {
			otpauth.Wipe(i.params.Secret)
		}
	}
	o.found = rest
	return nil
}

// wanted reports whether --only means an entry. A bad one has no name: it is always shown.
func (o *importOptions) wanted(i *incoming) bool {
	if len(o.only) == 0 || i.why != nil && i.title == "" {
		return true
	}
	p := i.params
	for _, pattern := range o.only {
		for _, text := range []string{p.Issuer, p.Account, p.Issuer + ":" + p.Account, i.title} {
			if matchesPattern(pattern, text) {
				return true
			}
		}
	}
	return false
}

// matchesPattern compares without regard to case. A pattern without * and ? may be any part.
func matchesPattern(pattern, text string) bool {
	pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	if !strings.ContainsAny(pattern, "*?[") {
		return pattern != "" && strings.Contains(text, pattern)
	}
	ok, err := path.Match(pattern, strings.ReplaceAll(text, "/", "\x00"))
	return ok && err == nil
}

// pick asks which of a list are meant: numbers, ranges of them, or Enter for all.
func pick(ctx context.Context, t *term.Terminal, n int) ([]bool, error) {
	for {
		answer, err := t.Ask(ctx, fmt.Sprintf("Which? (numbers and ranges as 1 3-5; Enter for all %d):", n))
		if err != nil {
			return nil, err
		}
		chosen, err := parsePick(answer, n)
		if err == nil {
			return chosen, nil
		}
		t.Printf("%v\n", err)
	}
}

func parsePick(answer string, n int) ([]bool, error) {
	chosen := make([]bool, n)
	words := strings.FieldsFunc(answer, func(r rune) bool { return r == ' ' || r == ',' })
	if len(words) == 0 {
		for i := range chosen {
			chosen[i] = true
		}
	}
	for _, word := range words {
		first, last, isRange := strings.Cut(word, "-")
		from, err := strconv.Atoi(first)
		to := from
		if err == nil && isRange {
			to, err = strconv.Atoi(last)
		}
		if err != nil || from < 1 || to > n || from > to {
			return nil, fmt.Errorf("%q is none of 1 to %d", word, n)
		}
		for i := from; i <= to; i++ {
			chosen[i-1] = true
		}
	}
	return chosen, nil
}
