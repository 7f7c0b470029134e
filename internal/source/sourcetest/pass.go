package sourcetest

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// PassStore makes a password store for the real pass, encrypted to a new key without a passphrase, with the given
// entries (name to text), and returns the environment that makes pass use it. The gpg-agent that gpg starts for it
// ends with the test.
func PassStore(t testing.TB, entries map[string]string) (env []string) {
	t.Helper()
	dir := shortDir(t)
	home := filepath.Join(dir, "gnupg")
	env = []string{
		"GNUPGHOME=" + home,
		"PASSWORD_STORE_DIR=" + filepath.Join(dir, "store"),
		"PASSWORD_STORE_GPG_OPTS=--batch", // no window, no terminal
	}
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = exec.Command("gpgconf", "--homedir", home, "--kill", "gpg-agent").Run() })
	tool(t, env, nil, "gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "",
		"--quick-generate-key", "alice@example.com", "default", "default", "never")
	tool(t, env, nil, "pass", "init", "alice@example.com")
	for name, text := range entries {
		tool(t, env, strings.NewReader(text), "pass", "insert", "--multiline", "--force", "--", name)
	}
	return env
}

// tool runs a program of a fixture and returns what it printed.
func tool(t testing.TB, env []string, stdin io.Reader, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = stdin
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}
