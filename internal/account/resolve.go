package account

import (
	"strings"

	"ykmfa/oath"
)

// Candidate is something that a name on the command line may mean: an account, or a credential that no account names.
type Candidate struct {
	Name    string // short name; empty when there is no account
	ID      []byte
	Type    oath.Type
	Account *Account
}

// Resolve finds what a name means. The first rank with a match counts: exact account, exact credential id, exact name
// part of an id, case-insensitive part of an account's name or an id. More than one result is for the user to choose
// from. A credential that an account names is one candidate, not two.
func Resolve(name string, candidates []Candidate) []Candidate {
	if name == "" {
		return nil
	}
	candidates = unique(candidates)
	lower := strings.ToLower(name)
	ranks := []func(Candidate) bool{
		func(c Candidate) bool { return c.Name == name },
		func(c Candidate) bool { return string(c.ID) == name },
		func(c Candidate) bool { return part(c) == name },
		func(c Candidate) bool { return oath.ParseName(c.ID, c.Type).String() == name },
		func(c Candidate) bool {
			return strings.Contains(strings.ToLower(c.Name), lower) || strings.Contains(strings.ToLower(string(c.ID)), lower)
		},
	}
	for _, matches := range ranks {
		var hits []Candidate
		for _, c := range candidates {
			if matches(c) {
				hits = append(hits, c)
			}
		}
		if hits != nil {
			return hits
		}
	}
	return nil
}

// part is the account part of a credential id.
func part(c Candidate) string { return oath.ParseName(c.ID, c.Type).Account }

// unique drops credentials without an account whose id an account has, or another credential before them. Accounts are
// never dropped: two with one id are two.
func unique(candidates []Candidate) []Candidate {
	seen := map[string]bool{}
	for _, c := range candidates {
		if c.named() {
			seen[string(c.ID)] = true
		}
	}
	var list []Candidate
	for _, c := range candidates {
		if !c.named() && seen[string(c.ID)] {
			continue
		}
		seen[string(c.ID)] = true
		list = append(list, c)
	}
	return list
}

func (c Candidate) named() bool { return c.Account != nil || c.Name != "" }
