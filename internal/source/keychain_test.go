//go:build unix

package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeSecurity is a program security that answers as documented: 44 without the entry, 36 and no word when locked, and
// hexadecimal for what has several lines. A session of it succeeds whatever its commands did.
const fakeSecurity = `#!/bin/sh
case "$*$(env)" in *JBSWY3DP*|*GEZDGNBV*) echo "$*" >>"$DIR/leaks"; exit 99;; esac
[ ! -e "$DIR/locked" ] || exit 36
if [ "$*" = -i ]; then
	read -r line
	set -- $line
	[ "$#" = 7 ] && [ "$1 $2 $3 $4 $6" = "add-generic-password -s ykmfa -a -w" ] || { echo "bad command" >&2; exit 0; }
	name=$(echo "$5" | tr -d "'")
	[ -e "$DIR/$name" ] && { echo "security: SecKeychainItemCreateFromContent (<default>): The specified item already exists in the keychain." >&2; exit 0; }
	printf %s "$7" >"$DIR/$name"
	exit 0
fi
[ "$1 $2 $3 $4 $6" = "find-generic-password -s ykmfa -a -w" ] || exit 2
if [ ! -e "$DIR/$5" ]; then
	echo "security: SecKeychainSearchCopyNext: The specified item could not be found in the keychain." >&2
	exit 44
fi
if [ "$(wc -l <"$DIR/$5")" -gt 0 ]; then od -An -v -tx1 "$DIR/$5" | tr -d ' \n'; else cat "$DIR/$5"; fi
echo
`

func TestKeychain(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("security", fakeSecurity, 0o700)
	write("plain", one, 0o600)
	write("lines", uri(one)+"\n", 0o600)
	r := &Resolver{Environ: []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "DIR=" + dir}, testOnlyMacOS: true}
	get := func(name string) ([]byte, error) {
		p, err := r.Get(t.Context(), Ref{Scheme: "keyring", Rest: name})
		return p.Secret, err
	}
	if _, err := r.Put(t.Context(), Ref{Scheme: "keyring", Rest: "new"}, []byte(uri(one))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain", "lines", "new"} {
		if secret, err := get(name); err != nil || string(secret) != "Hello!\xde\xad\xbe\xef" {
			t.Errorf("%s: %x, %v", name, secret, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "new")); err != nil || !strings.HasPrefix(string(text), keychainBase64) {
		t.Errorf("written as %q, %v", text, err)
	}
	if _, err := get("none"); KindOf(err) != KindNotFound {
		t.Errorf("not found: %v", err)
	}
	if _, err := r.Put(t.Context(), Ref{Scheme: "keyring", Rest: "plain"}, []byte(two)); KindOf(err) != KindExists {
		t.Errorf("taken: %v", err)
	}
	write("locked", "", 0o600)
	if _, err := get("plain"); KindOf(err) != KindLocked || !strings.Contains(err.(*Error).Hint, "security unlock-keychain") {
		t.Errorf("locked: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "leaks")); err == nil {
		t.Error("a secret was in an argument or the environment")
	}
}
