//go:build unix

package source_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/source"
)

// refs has one reference for each program.
var refs = map[string]string{
	"lpass": "lpass", "op": "op://Private/aws", "bw": "bw", "pass": "pass", "gopass": "gopass",
	"vault": "hcvault:secret/aws", "bao": "hcvault:secret/aws", "aws": "aws-sm:aws",
}

// TestFaults: what managers say when they fail, where it is known to the letter.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		program, says string
		code          string
		kind          source.Kind
		hint          string
	}{
		"op, signed out":      {"op", "[ERROR] 2026/01/02 03:04:05 You are not currently signed in. Please run `op signin --help` for instructions", "1", source.KindNotLoggedIn, "op signin"},
		"op, account":         {"op", "[ERROR] 2026/01/02 03:04:05 account is not signed in", "1", source.KindNotLoggedIn, "op signin"},
		"op, no account":      {"op", "[ERROR] 2026/01/02 03:04:05 No accounts configured for use with 1Password CLI.", "1", source.KindNotLoggedIn, "op account add"},
		"op, missing":         {"op", `[ERROR] 2026/01/02 03:04:05 "aws" isn't an item in the "Private" vault. Specify the item with its UUID, name, or domain.`, "1", source.KindNotFound, "op item list"},
		"op, several":         {"op", `[ERROR] 2026/01/02 03:04:05 More than one item matches "aws". Try again and specify the item by its ID:`, "1", source.KindSeveral, "op item list"},
		"op, vault":           {"op", `[ERROR] 2026/01/02 03:04:05 "Private" isn't a vault in this account.`, "1", source.KindFailed, "op vault list"},
		"op, anything":        {"op", "[ERROR] 2026/01/02 03:04:05 (409) Conflict: " + hello, "1", source.KindFailed, "op item get"},
		"bw, locked":          {"bw", "Vault is locked.", "1", source.KindLocked, "bw unlock"},
		"bw, logged out":      {"bw", "You are not logged in.", "1", source.KindNotLoggedIn, "bw login"},
		"bw, missing":         {"bw", "Not found.", "1", source.KindNotFound, "bw list items --search aws"},
		"bw, several":         {"bw", "More than one result was found. Try getting a specific object by `id` instead. The following objects were found:\n6f1b3a1e-0000-4000-8000-000000000001", "1", source.KindSeveral, "id"},
		"gopass, missing":     {"gopass", `Error: failed to retrieve secret "aws": entry is not in the password store`, "11", source.KindNotFound, "gopass ls"},
		"gopass, no store":    {"gopass", "Error: password-store is not initialized. Try 'gopass init'", "6", source.KindNotFound, "gopass setup"},
		"gopass, other":       {"gopass", "flag provided but not defined: -n", "1", source.KindNotInstalled, "gopass.pw"},
		"gopass, locked":      {"gopass", "gpg: decryption failed: No secret key", "2", source.KindLocked, "gopass show aws"},
		"vault, missing":      {"vault", "No value found at secret/data/aws", "2", source.KindNotFound, "vault kv list -mount=secret"},
		"vault, field":        {"vault", `Field "x" not present in secret`, "1", source.KindNotFound, "vault kv get"},
		"vault, denied":       {"vault", "Code: 403. Errors:\n\n* permission denied", "2", source.KindNotLoggedIn, "vault login"},
		"vault, sealed":       {"vault", "Code: 503. Errors:\n\n* Vault is sealed", "2", source.KindLocked, "vault operator unseal"},
		"vault, no server":    {"vault", `Get "https://127.0.0.1:8200/v1/sys": dial tcp 127.0.0.1:8200: connect: connection refused`, "2", source.KindOffline, "VAULT_ADDR"},
		"aws, missing":        {"aws", "An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: Secrets Manager can't find the specified secret.", "254", source.KindNotFound, "list-secrets"},
		"aws, no credentials": {"aws", `Unable to locate credentials. You can configure credentials by running "aws configure".`, "253", source.KindNotLoggedIn, "aws configure"},
		"aws, expired":        {"aws", "An error occurred (ExpiredTokenException) when calling the GetSecretValue operation: The security token included in the request is expired", "254", source.KindNotLoggedIn, "aws sso login"},
		"aws, denied":         {"aws", "An error occurred (AccessDeniedException) when calling the GetSecretValue operation: no", "254", source.KindDenied, "permission"},
		"aws, parameters":     {"aws", "usage: aws [options]", "252", source.KindUsage, ""},
		"aws, region":         {"aws", `You must specify a region. You can also configure your region by running "aws configure".`, "253", source.KindNotLoggedIn, "AWS_REGION"},
		"aws, no network":     {"aws", `Could not connect to the endpoint URL: "https://secretsmanager.eu-west-1.amazonaws.com/"`, "255", source.KindOffline, "network"},
	} {
		script := "cat >&2 <<'END'\n" + c.says + "\nEND\nexit " + c.code
		_, err := resolver(fake(t, nil, c.program, script)).Get(t.Context(), ref(t, refs[c.program]))
		failed(t, name, err, c.kind)
		var e *source.Error
		if errors.As(err, &e) && !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%s: hint %q", name, e.Hint)
		}
	}
}

// TestHangs: every program has its time, and what is not installed is said with how to get it.
func TestHangs(t *testing.T) {
	for program, text := range refs {
		r := &source.Resolver{Environ: []string{"PATH=" + t.TempDir()}}
		_, err := r.Get(t.Context(), ref(t, text))
		failed(t, program, err, source.KindNotInstalled)
		if e := err.(*source.Error); !strings.Contains(e.Hint, "install") {
			t.Errorf("%s: hint %q", program, e.Hint)
		}
		r = resolver(fake(t, nil, program, "sleep 60 & wait"))
		r.Timeout = 50 * time.Millisecond
		check(t, r, text, "", source.KindTimeout)
	}
	db := write(t, "a.kdbx", "", 0o600)
	r := resolver(fake(t, nil, "keepassxc-cli", "sleep 60 & wait"))
	r.Timeout = 50 * time.Millisecond
	r.Prompt = func(context.Context, string) ([]byte, error) { return []byte("x"), nil }
	check(t, r, "keepassxc:"+db, "", source.KindTimeout)
	r = resolver(fake(t, nil, "mine", "sleep 60 & wait"))
	r.Timeout = 50 * time.Millisecond
	r.Sources = map[string]source.Custom{"mine": {Get: []string{"mine", "{}"}}}
	_, err := r.Get(t.Context(), source.Ref{Scheme: "mine", Rest: "aws"})
	failed(t, "mine", err, source.KindTimeout)
}

// TestCustom: sources of the user's run when the user lets them, and write only where nothing is.
func TestCustom(t *testing.T) {
	mine := map[string]source.Custom{"mine": {Get: []string{"seed", "{}", "x{}y"}, Put: []string{"seed"}}}
	r := resolver(fake(t, []string{"SEED=" + hello}, "seed", `[ "$*" = '$HOME a x$HOME ay' ] && echo "$SEED"`))
	r.Sources = mine
	mineRef := source.Ref{Scheme: "mine", Rest: "$HOME a"}
	if p, err := r.Get(t.Context(), mineRef); err != nil || string(p.Secret) != string(bytesOf(t, hello)) {
		t.Errorf("%x, %v", p.Secret, err)
	}
	r.Allow = func(source.Ref) error { return errors.New("no") }
	_, err := r.Get(t.Context(), mineRef)
	failed(t, "not allowed", err, source.KindDenied)
	failed(t, "not allowed", put(r.Put(t.Context(), mineRef, []byte(hello))), source.KindDenied)
	if got, err := source.ParseRef("mine", "aws", "mine"); err != nil || got != (source.Ref{Scheme: "mine", Rest: "aws"}) || !r.CanWrite(got) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := r.Get(t.Context(), source.Ref{Scheme: "other", Rest: "aws"}); source.KindOf(err) != source.KindUnsupported {
		t.Errorf("another: %v", err)
	}
	for name, c := range map[string]source.Custom{
		"lpass": {Get: []string{"x"}}, "file": {Get: []string{"x"}}, "vault": {Get: []string{"x"}}, "Mine": {Get: []string{"x"}}, "-": {Get: []string{"x"}},
		"a b": {Get: []string{"x"}}, "": {Get: []string{"x"}}, "a": {}, "b": {Get: []string{""}}, "c": {Get: []string{"x"}, Put: []string{}},
		"d": {Get: []string{"{}"}}, "e": {Get: []string{"./x"}},
	} {
		if source.CheckCustom(name, c) == nil {
			t.Errorf("%q: %+v is accepted", name, c)
		}
	}
}
