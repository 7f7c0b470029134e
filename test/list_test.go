//go:build linux && cgo

package test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestListOnTerminal: accounts by keys, at a glance. What a key does not have, what has no backup, and what no account
// names, is seen; so is which key is not here.
func TestListOnTerminal(t *testing.T) {
	m := &machine{t: t, home: t.TempDir()}
	m.file("aws.txt", s20)
	show := func(keys, args string) string {
		t.Helper()
		c := startOnTerminal(t, m.home, strings.Fields(keys), strings.Fields(args), true)
		if code := c.ended(); code != 0 {
			t.Fatalf("%s: exit status %d, %s", args, code, c.shown.String())
		}
		return strings.ReplaceAll(c.shown.String(), "\r\n", "\n")
	}
	const one, two = "--state=one.json --serial=12345678", "--state=two.json --serial=23456789"
	for i := range 3 {
		show(one, fmt.Sprintf("add account%d --secret-from file:~/aws.txt", i))
	}
	show(two, "add account1")
	show(two, "add account2 --touch --force")
	show(two, "add bare --secret-from file:~/aws.txt --no-backup")
	show(two, "add lost --secret-from file:~/aws.txt --issuer Other --account program")
	show(two, "remove lost --forget --yes")
	got := regexp.MustCompile(`\d{4}-\d\d-\d\d`).ReplaceAllString(show("--state=one.json", "list"), "verified--")
	want := `NAME      12345678    (23456789)  TOUCH    BACKUP          ID
account0  verified--  -           no       file:~/aws.txt  account0
account1  verified--  verified--  no       file:~/aws.txt  account1
account2  verified--  verified--  differs  file:~/aws.txt  account2
bare      -           verified--  no       -               bare
a key in parentheses is not plugged in: as it was last seen
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got = show(two, "list")
	for _, want := range []string{"(12345678)", "\nOther:program  ", "hint: what has ? for a backup is no account", "add NAME --secret-from REF"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}
