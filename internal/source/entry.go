package source

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ykmfa/internal/otpauth"
)

// role is what a manager says a field is for.
type role int

const (
	roleText     role = iota // anything
	roleOTP                  // the manager's own one-time-password field
	rolePassword             // the password, or what stands in its place
)

// An entry is what a manager has under one name. Values are wiped after use.
type entry struct {
	name   string // as the manager tells entries of one name apart; never content
	fields []field
}

type field struct {
	name  string
	role  role
	value []byte
}

// A candidate is a field that holds a secret.
type candidate struct {
	field  string
	params otpauth.Params
}

// secret finds the entry's secret: in the field of that name, or without a name by the ranks of searches.
func (e entry) secret(name string) (otpauth.Params, error) {
	if name != "" {
		return e.named(name)
	}
	var seen error
	for _, search := range searches {
		found, err := search(e.fields)
		if p, ok, several := choose(found); ok || several != nil {
			return p, several
		}
		if seen == nil {
			seen = err
		}
	}
	if seen == nil {
		seen = errors.New("no field of the entry holds a one-time-password secret")
	}
	return otpauth.Params{}, fail(KindNoSecret, "name the field: #FIELD at the end of the reference", seen)
}

// searches are the places of a secret, surest first. Each returns every secret that it finds, and the shape of what
// it expected to be one and is not.
var searches = []func([]field) ([]candidate, error){ownField, anyURI, telltaleName, password}

func ownField(fields []field) ([]candidate, error) {
	return collect(fields, func(f field) ([]otpauth.Params, error) {
		if f.role != roleOTP || len(f.value) == 0 {
			return nil, nil
		}
		return secretsIn(f.value)
	})
}

func anyURI(fields []field) ([]candidate, error) {
	return collect(fields, func(f field) ([]otpauth.Params, error) { return parseAll(findURIs(f.value)) })
}

func telltaleName(fields []field) ([]candidate, error) {
	return collect(fields, func(f field) ([]otpauth.Params, error) {
		if f.role != roleText || !saysSecret(f.name) || len(f.value) == 0 {
			return nil, nil
		}
		if !oneCase(f.value) && len(findURIs(f.value)) == 0 {
			return nil, errors.New("mixes capital and small letters, which a base32 secret does not")
		}
		return secretsIn(f.value)
	})
}

func password(fields []field) ([]candidate, error) {
	return collect(fields, func(f field) ([]otpauth.Params, error) {
		if f.role != rolePassword || !plausible(f.value) {
			return nil, nil
		}
		return secretsIn(f.value)
	})
}

// collect applies look to every field. The error is the first one, with the name of its field.
func collect(fields []field, look func(field) ([]otpauth.Params, error)) (found []candidate, first error) {
	for i, f := range fields {
		all, err := look(f)
		for _, p := range all {
			found = append(found, candidate{shown(f.name, i), p})
		}
		if err != nil && first == nil {
			first = fmt.Errorf("field %q: %w", shown(f.name, i), err)
		}
	}
	return found, first
}

// choose returns the one secret that all candidates agree on, and wipes the others.
func choose(found []candidate) (p otpauth.Params, ok bool, err error) {
	if len(found) == 0 {
		return otpauth.Params{}, false, nil
	}
	names := []string{}
	for _, c := range found {
		if !same(found[0].params, c.params) {
			err = errDiffer
		}
		if !slices.Contains(names, c.field) {
			names = append(names, c.field)
		}
	}
	if err == nil {
		wipeCandidates(found[1:])
		return found[0].params, true, nil
	}
	wipeCandidates(found)
	return otpauth.Params{}, false, fail(KindSeveral, "name one: #FIELD at the end of the reference",
		fmt.Errorf("%w: in %s", errDiffer, quoteNames(names)))
}

var errDiffer = errors.New("the entry holds several different secrets")

// named returns the secret in the field of that name: spelled exactly so, or else the only one in another case.
func (e entry) named(name string) (otpauth.Params, error) {
	var found []field
	for _, f := range e.fields {
		if f.name == name {
			found = []field{f}
			break
		}
		if strings.EqualFold(f.name, name) {
			found = append(found, f)
		}
	}
	switch {
	case len(found) == 0:
		return otpauth.Params{}, fail(KindNotFound, "the fields are "+quoteNames(e.fieldNames()),
			fmt.Errorf("the entry has no field %q", name))
	case len(found) > 1:
		return otpauth.Params{}, fail(KindSeveral, "spell the field as the manager does",
			fmt.Errorf("%d fields are called %q", len(found), name))
	}
	all, err := secretsIn(found[0].value)
	if err != nil {
		return otpauth.Params{}, fail(KindNoSecret, "", fmt.Errorf("field %q: %w", name, err))
	}
	candidates := make([]candidate, len(all))
	for i, p := range all {
		candidates[i] = candidate{name, p}
	}
	p, _, err := choose(candidates)
	return p, err
}

func (e entry) fieldNames() []string {
	var names []string
	for i, f := range e.fields {
		if n := shown(f.name, i); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// severalEntries lists entries by name, and wipes nothing: its caller does.
func severalEntries(entries []entry) error {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.name
	}
	return fail(KindSeveral, "use the whole name, or the id, of one of them",
		fmt.Errorf("%d entries have this name: %s", len(entries), quoteNames(names)))
}

// shown is a field's name as messages have it. In notes a name is whatever stands before a colon, so one that could
// be part of a secret is replaced by its position.
func shown(name string, i int) string {
	if len(name) > 40 || slices.ContainsFunc(strings.Fields(name), looksSecret) && len(name) > 16 {
		return fmt.Sprintf("field %d", i+1)
	}
	return name
}

func quoteNames(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(quoted, ", ")
}

// same reports whether two secrets give the same codes; labels do not matter.
func same(a, b otpauth.Params) bool {
	a, b = a.WithDefaults(), b.WithDefaults()
	return equalSecret(a, b) && a.Type == b.Type && a.Algorithm == b.Algorithm && a.Digits == b.Digits &&
		a.Period == b.Period && a.Counter == b.Counter
}

func equalSecret(a, b otpauth.Params) bool {
	return subtle.ConstantTimeCompare(a.Secret, b.Secret) == 1
}

func wipeCandidates(cs []candidate) {
	for _, c := range cs {
		otpauth.Wipe(c.params.Secret)
	}
}

func wipeEntries(es []entry) {
	for _, e := range es {
		for _, f := range e.fields {
			otpauth.Wipe(f.value)
		}
	}
}

// fieldsOfText finds lines of the form "name: value" in a note.
func fieldsOfText(text []byte) []field {
	var fields []field
	for line := range bytes.Lines(text) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		name, value = bytes.TrimSpace(name), bytes.TrimSpace(value)
		if !ok || len(name) == 0 || len(name) > 64 || bytes.HasPrefix(value, []byte("//")) {
			continue
		}
		fields = append(fields, field{name: string(name), value: bytes.Clone(value)})
	}
	return fields
}
