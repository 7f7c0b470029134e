//go:build unix

package source_test

import (
	"context"
	"encoding/base32"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/otpauth"
	"ykmfa/internal/source"
	"ykmfa/internal/source/sourcetest"
)

// The secrets are the ASCII strings of RFC 4226 appendix D and RFC 6238 appendix B, and Hello!\xDE\xAD\xBE\xEF.
const (
	rfc4226 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	hello   = "JBSWY3DPEHPK3PXP"
	rfcURI  = "otpauth://totp/Example:alice@example.com?secret=" + rfc4226 + "&issuer=Example"
)

func resolver(env []string) *source.Resolver {
	return &source.Resolver{Environ: append(os.Environ(), env...), Timeout: 20 * time.Second}
}

func ref(t testing.TB, s string) source.Ref {
	t.Helper()
	r, err := source.ParseRef(s, "aws")
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return r
}

func bytesOf(t testing.TB, b32 string) []byte {
	t.Helper()
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(b32)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// check compares one Get with the secret, or with the kind of its error, and that no error repeats anything secret.
func check(t *testing.T, r *source.Resolver, text, want string, kind source.Kind, secrets ...string) {
	t.Helper()
	p, err := r.Get(t.Context(), ref(t, text))
	if want != "" {
		if err != nil || string(p.Secret) != string(bytesOf(t, want)) {
			t.Errorf("%s: %x, %v", text, p.Secret, err)
		}
		return
	}
	failed(t, text, err, kind, secrets...)
}

// failed checks the kind of an error and that neither it nor its hint has any of the secrets, or of the usual ones.
func failed(t *testing.T, what string, err error, kind source.Kind, secrets ...string) {
	t.Helper()
	var e *source.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Errorf("%s: error %v of kind %d, want kind %d", what, err, source.KindOf(err), kind)
		return
	}
	said := strings.ToUpper(err.Error() + " " + e.Hint)
	for _, s := range append(secrets, hello, rfc4226, "hunter2") {
		if strings.Contains(said, strings.ToUpper(s)) {
			t.Errorf("%s: the error repeats a secret: %v (%s)", what, err, e.Hint)
		}
	}
}

func TestLastPass(t *testing.T) {
	r := resolver(sourcetest.LastPassHome(t, []sourcetest.Item{
		{Name: "aws", Group: "MFA", Username: "alice", Password: "jbsw y3dp ehpk 3pxp", URL: "https://example.com"},
		{Name: "uri", Password: hello, URL: "https://example.com", Note: "made by hand\nthe code: " + rfcURI + " (old phone)\n"},
		{Name: "note", Note: "NoteType:Custom\nLanguage:en-US\nTOTP Secret:" + hello + "\nNotes:first line\nsecond line"},
		{Name: "plain", Note: hello},
		{Name: "two", Note: "MFA one: " + hello + "\nMFA two: " + rfc4226},
		{Name: "twice", Note: "MFA: " + hello + "\nTOTP: " + strings.ToLower(hello)},
		{Name: "twin", Group: "A", Password: hello},
		{Name: "twin", Group: "B", Password: hello},
		{Name: "login", Username: "alice@example.com", Password: "hunter2-hunter2"},
		{Name: "code", Note: "MFA: 492039"},
		{Name: "jörg", Group: "Bücher", Note: "Schlüssel für ä\nTOTP: " + hello},
		{Name: "C#", Note: "TOTP: " + hello},
		{Name: "protected", Password: hello, Protect: true},
	}))
	for text, want := range map[string]string{
		"lpass": hello, "lpass:MFA/aws": hello, "lpass:1001": hello, "lpass:aws#Password": hello,
		"lpass:uri": rfc4226, "lpass:uri#password": hello, "lpass:uri#note": rfc4226,
		"lpass:note": hello, "lpass:note#totp secret": hello, "lpass:plain": hello, "lpass:twice": hello,
		"lpass:two#MFA two": rfc4226, "lpass:A/twin": hello, "lpass:jörg": hello, "lpass:Bücher/jörg": hello, "lpass:C##": hello,
	} {
		check(t, r, text, want, 0)
	}
	for text, kind := range map[string]source.Kind{
		"lpass:nope": source.KindNotFound, "lpass:aws#nope": source.KindNotFound, "lpass:two": source.KindSeveral,
		"lpass:twin": source.KindSeveral, "lpass:login": source.KindNoSecret, "lpass:login#username": source.KindNoSecret,
		"lpass:code": source.KindNoSecret, "lpass:protected": source.KindLocked, "lpass:mfa/AWS": source.KindNotFound,
	} {
		check(t, r, text, "", kind, "492039")
	}
	_, err := r.Get(t.Context(), ref(t, "lpass:twin"))
	for _, name := range []string{"A/twin [id: 1007]", "B/twin [id: 1008]"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not list %s", err, name)
		}
	}
	_, err = r.Get(t.Context(), ref(t, "lpass:two"))
	for _, name := range []string{"MFA one", "MFA two"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not list %s", err, name)
		}
	}
}

func TestLastPassLoggedOut(t *testing.T) {
	r := resolver([]string{"LPASS_HOME=" + t.TempDir(), "LPASS_ASKPASS=/bin/false"})
	check(t, r, "lpass", "", source.KindNotLoggedIn)
	home := sourcetest.LastPassHome(t, nil)
	dir := strings.TrimPrefix(home[0], "LPASS_HOME=")
	if err := os.Remove(filepath.Join(dir, "plaintext_key")); err != nil {
		t.Fatal(err)
	}
	check(t, resolver(home), "lpass", "", source.KindLocked)
	// Without any program that asks, lpass reads the master password from standard input, and finds none there.
	check(t, resolver(append(home, "LPASS_ASKPASS=", "LPASS_DISABLE_PINENTRY=1")), "lpass", "", source.KindLocked)
}

// TestLastPassCache: a key can be filled again where there is no network.
func TestLastPassCache(t *testing.T) {
	env := sourcetest.LastPassHome(t, []sourcetest.Item{{Name: "aws", Password: hello}})
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(strings.TrimPrefix(env[0], "LPASS_HOME="), "blob"), old, old); err != nil {
		t.Fatal(err)
	}
	r := resolver(append(env, "LPASS_AUTO_SYNC_TIME=1"))
	var warnings []string
	r.Warn = func(s string) { warnings = append(warnings, s) }
	check(t, r, "lpass", hello, 0)
	check(t, r, "lpass:nope", "", source.KindNotFound)
	if len(warnings) != 2 {
		t.Errorf("warnings: %q", warnings)
	}
}

// onlineLastPass puts a program lpass before the real one that does the same, except that sync finds its server.
func onlineLastPass(t *testing.T, env []string) []string {
	t.Helper()
	real, err := exec.LookPath("lpass")
	if err != nil {
		t.Fatal(err)
	}
	return fake(t, env, "lpass", `[ "$1" = sync ] && exit 0; exec `+real+` "$@"`)
}

// fake puts a shell script under a program's name on PATH, before all others.
func fake(t *testing.T, env []string, name, script string) []string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return append(env[:len(env):len(env)], "PATH="+dir+":"+os.Getenv("PATH"))
}

func TestLastPassPut(t *testing.T) {
	env := onlineLastPass(t, sourcetest.LastPassHome(t, []sourcetest.Item{
		{Name: "taken", Password: "hunter2"}, {Name: "same", Password: hello}, {Name: "twin", Group: "A"}, {Name: "twin", Group: "B"},
	}))
	r := resolver(env)
	for name, value := range map[string]string{"MFA/uri": rfcURI, "base32": rfc4226} {
		if _, err := r.Put(t.Context(), ref(t, "lpass:"+name), []byte(value)); err != nil {
			t.Fatal(err)
		}
		check(t, r, "lpass:"+name, rfc4226, 0)
	}
	before := blob(t, env)
	for _, name := range []string{"same", "MFA/uri"} { // whose secrets are equal: nothing to write
		value := map[string]string{"same": hello, "MFA/uri": rfc4226}[name]
		if _, err := r.Put(t.Context(), ref(t, "lpass:"+name), []byte(value)); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"taken", "same", "twin", "MFA/uri"} {
		_, err := r.Put(t.Context(), ref(t, "lpass:"+name), []byte("MFRGGZDFMZTWQ2LK"))
		failed(t, name, err, source.KindExists, "MFRGGZDFMZTWQ2LK")
	}
	if after := blob(t, env); string(before) != string(after) {
		t.Error("lpass wrote, and should not have been asked to")
	}
}

func blob(t *testing.T, env []string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(strings.TrimPrefix(env[0], "LPASS_HOME="), "blob"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestLastPassOffline has the real lpass wait for its server in vain: a backup that is only in its queue is none yet.
func TestLastPassOffline(t *testing.T) {
	r := resolver(sourcetest.LastPassHome(t, nil))
	r.Timeout = 2 * time.Second
	_, err := r.Put(t.Context(), ref(t, "lpass:new"), []byte(hello))
	failed(t, "offline", err, source.KindTimeout)
	check(t, r, "lpass:new", hello, 0)
}

func TestPass(t *testing.T) {
	env := sourcetest.PassStore(t, map[string]string{
		"aws":       hello,
		"login":     "hunter2\nuser: alice\n" + rfcURI + "\n",
		"team/mfa":  "hunter2\nTOTP secret: " + hello + "\nurl: https://example.com\n",
		"two":       "x\notpauth://totp/a?secret=" + hello + "\notpauth://totp/b?secret=" + rfc4226 + "\n",
		"none":      "correct horse battery staple\nuser: alice@example.com\n",
		"empty":     "\n",
		"folder/a":  hello,
		"folder/b":  hello,
		"üml äut x": hello,
	})
	r := resolver(env)
	for text, want := range map[string]string{
		"pass": hello, "pass:aws#password": hello, "pass:login": rfc4226, "pass:team/mfa": hello, "pass:team/mfa#TOTP SECRET": hello, "pass:üml äut x": hello,
	} {
		check(t, r, text, want, 0)
	}
	for text, kind := range map[string]source.Kind{
		"pass:nope": source.KindNotFound, "pass:two": source.KindSeveral, "pass:none": source.KindNoSecret, "pass:empty": source.KindNoSecret,
		"pass:folder": source.KindSeveral, "pass:folder/": source.KindSeveral, "pass:../../etc/passwd": source.KindUsage, "pass:aws#user": source.KindNotFound,
		"pass:none#user": source.KindNoSecret,
	} {
		check(t, r, text, "", kind)
	}
	// The same store for somebody who does not have the key.
	check(t, resolver(append(env, "GNUPGHOME="+t.TempDir())), "pass", "", source.KindLocked)
	check(t, resolver(append(env, "PASSWORD_STORE_DIR="+t.TempDir())), "pass", "", source.KindNotFound)
}

func TestPassPut(t *testing.T) {
	env := sourcetest.PassStore(t, map[string]string{"taken": "hunter2\n", "same": hello + "\nnote\n", "folder/a": hello})
	r := resolver(env)
	if _, err := r.Put(t.Context(), ref(t, "pass:new/uri"), []byte(rfcURI)); err != nil {
		t.Fatal(err)
	}
	show := exec.Command("pass", "show", "new/uri")
	show.Env = append(os.Environ(), env...)
	if out, err := show.Output(); err != nil || string(out) != rfcURI+"\n" {
		t.Errorf("pass show: %q, %v", out, err)
	}
	if _, err := r.Put(t.Context(), ref(t, "pass:same"), []byte(strings.ToLower(hello))); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"taken", "same", "folder"} {
		failed(t, name, put(r.Put(t.Context(), ref(t, "pass:"+name), []byte(rfc4226))), source.KindExists)
	}
	check(t, r, "pass:same", hello, 0)
	if p := filepath.Join(strings.TrimPrefix(env[1], "PASSWORD_STORE_DIR="), "folder.gpg"); exists(p) {
		t.Error("an entry was made beside a folder of that name")
	}
	r = resolver(append(env, "PASSWORD_STORE_DIR="+t.TempDir()))
	failed(t, "no store", put(r.Put(t.Context(), ref(t, "pass:new"), []byte(hello))), source.KindNotFound)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := resolver(fake(t, nil, "pass", "sleep 60")).Get(ctx, ref(t, "pass"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// put is the error of a Put.
func put(p otpauth.Params, err error) error {
	otpauth.Wipe(p.Secret)
	return err
}
