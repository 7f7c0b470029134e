//go:build unix

package source_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"ykmfa/internal/source"
	"ykmfa/internal/source/sourcetest"
)

// keePass has the real keepassxc-cli, and a person who types a password and is counted.
func keePass(t *testing.T, asked *int, password string) *source.Resolver {
	t.Helper()
	r := resolver(nil)
	r.Prompt = func(context.Context, string) ([]byte, error) { *asked++; return []byte(password), nil }
	return r
}

func TestKeePassXC(t *testing.T) {
	db := "keepassxc:" + sourcetest.KeePassXC(t, []sourcetest.KeePassEntry{
		{Title: "aws", Fields: map[string]string{"otp": "otpauth://totp/x?secret=" + hello, "TOTP Seed": rfc4226, "Password": "hunter2", "Notes": "line\notp: " + rfc4226}},
		{Group: "MFA", Title: "seed", Fields: map[string]string{"TOTP Seed": hello, "TOTP Settings": "30;6", "Password": rfc4226}},
		{Group: "MFA", Title: "eight", Fields: map[string]string{"TOTP Seed": hello, "TOTP Settings": "60;8"}},
		{Group: "MFA", Title: "password", Fields: map[string]string{"Password": hello}},
		{Group: "MFA", Title: "note", Fields: map[string]string{"Password": "hunter2", "Notes": "first\nMFA: " + hello + "\n"}},
		{Group: "MFA", Title: "C#", Fields: map[string]string{"Password": hello}},
		{Group: "MFA", Title: "none", Fields: map[string]string{"Password": "hunter2"}},
		{Group: "A", Title: "twin", Fields: map[string]string{"Password": hello}},
		{Group: "B", Title: "twin", Fields: map[string]string{"Password": rfc4226}},
		{Group: "A", Title: "same", Fields: map[string]string{"Password": hello}},
		{Group: "A", Title: "same", Fields: map[string]string{"Password": rfc4226}},
	})
	asked := 0
	r := keePass(t, &asked, sourcetest.KeePassPassword)
	for text, want := range map[string]string{
		"": hello, "#aws": hello, "#aws#TOTP Seed": rfc4226, "#MFA/seed": hello, "#seed": hello, "#seed#Password": rfc4226, "#/MFA/seed": hello,
		"#password": hello, "#note": hello, "#note#mfa": hello, "#C##": hello, "#A/twin": hello, "#B/twin": rfc4226,
	} {
		check(t, r, db+text, want, 0)
	}
	for text, kind := range map[string]source.Kind{
		"#nope": source.KindNotFound, "#MFA/nope": source.KindNotFound, "#twin": source.KindSeveral, "#A/same": source.KindSeveral,
		"#none": source.KindNoSecret, "#aws#nope": source.KindNotFound, "#MFA": source.KindNotFound,
	} {
		check(t, r, db+text, "", kind)
	}
	p, err := r.Get(t.Context(), ref(t, db+"#eight"))
	if err != nil || p.Digits != 8 || p.Period.Seconds() != 60 {
		t.Errorf("digits %d, period %v, %v", p.Digits, p.Period, err)
	}
	_, err = r.Get(t.Context(), ref(t, db+"#twin"))
	if err == nil || !strings.Contains(err.Error(), `"A/twin", "B/twin"`) {
		t.Errorf("the entries are not listed: %v", err)
	}
	if asked != 1 {
		t.Errorf("the password was asked for %d times", asked)
	}
}

func TestKeePassXCPut(t *testing.T) {
	path := sourcetest.KeePassXC(t, []sourcetest.KeePassEntry{
		{Group: "MFA", Title: "taken", Fields: map[string]string{"Password": "hunter2"}},
	})
	asked := 0
	r := keePass(t, &asked, sourcetest.KeePassPassword)
	for _, name := range []string{"new", "new", "MFA/new", "MFA/C##"} { // the second time there is nothing to do
		if _, err := r.Put(t.Context(), ref(t, "keepassxc:"+path+"#"+name), []byte(rfcURI)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	check(t, r, "keepassxc:"+path+"#new", "", source.KindSeveral) // in two groups by now
	check(t, r, "keepassxc:"+path+"#/new", rfc4226, 0)
	for name, kind := range map[string]source.Kind{"MFA/taken": source.KindExists, "MFA/new": source.KindExists, "none/x": source.KindFailed} {
		failed(t, name, put(r.Put(t.Context(), ref(t, "keepassxc:"+path+"#"+name), []byte(hello))), kind)
	}
	check(t, r, "keepassxc:"+path+"#MFA/new", rfc4226, 0)
	if asked != 1 {
		t.Errorf("the password was asked for %d times", asked)
	}
}

func TestKeePassXCLocked(t *testing.T) {
	path := sourcetest.KeePassXC(t, []sourcetest.KeePassEntry{{Title: "aws", Fields: map[string]string{"Password": hello}}})
	asked := 0
	r := keePass(t, &asked, "wrong")
	for range 2 { // mistyped once does not mean wrong for ever
		check(t, r, "keepassxc:"+path, "", source.KindLocked)
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	r.Prompt = func(context.Context, string) ([]byte, error) { return nil, errors.New("no terminal") }
	check(t, r, "keepassxc:"+path, "", source.KindLocked)
	check(t, resolver(nil), "keepassxc:"+path, "", source.KindLocked)
	check(t, r, "keepassxc:"+path+".none", "", source.KindFailed)
	r.Getenv = func(name string) string {
		return map[string]string{"YKMFA_KEEPASSXC_PASSWORD_COMMAND": "echo '" + sourcetest.KeePassPassword + "'"}[name]
	}
	check(t, r, "keepassxc:"+path, hello, 0)
}
