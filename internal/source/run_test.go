//go:build unix

package source_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/source"
)

func TestCmd(t *testing.T) {
	left := filepath.Join(t.TempDir(), "pid")
	defer func() { end(t, left) }()
	env := fake(t, []string{"SEED=" + hello, "LEFT=" + left}, "seed", `
case "$1" in
plain) echo "$SEED" ;;
args) [ "$#" = 3 ] && [ "$2" = 'a  b' ] && [ "$3" = '$HOME;#' ] && echo "$SEED" ;;
stdin) cat; echo "$SEED" ;;
fail) echo "$SEED"; echo "$SEED" >&2; exit 3 ;;
silent) ;;
talks) echo "your secret: $SEED" ;;
endless) while :; do echo "$SEED$SEED$SEED$SEED"; done ;;
endless2) while :; do echo "$SEED$SEED$SEED$SEED" >&2; done ;;
leaves) sleep 60 & echo $! >"$LEFT"; echo "$SEED" ;;
esac`)
	r := resolver(env)
	for _, arg := range []string{"plain", "args 'a  b' $HOME;#", "stdin", "leaves"} {
		check(t, r, "cmd:seed "+arg, hello, 0)
	}
	for arg, kind := range map[string]source.Kind{
		"fail": source.KindFailed, "silent": source.KindNoSecret, "talks": source.KindNoSecret,
		"endless": source.KindFailed, "endless2": source.KindFailed,
	} {
		check(t, r, "cmd:seed "+arg, "", kind)
	}
	check(t, r, "cmd:ykmfa-no-such-program", "", source.KindNotInstalled)
	check(t, r, "cmd:"+write(t, "data", hello, 0o600), "", source.KindNotInstalled)
}

// TestPlainMessages: what is matched with faults is not translated, and text keeps its encoding.
func TestPlainMessages(t *testing.T) {
	env := []string{"SEED=" + hello, "LC_ALL=de_DE.UTF-8", "LANGUAGE=de", "LC_MESSAGES=de_DE.UTF-8"}
	r := resolver(fake(t, env, "seed", `[ "$LC_MESSAGES/$LC_CTYPE/$LC_ALL/$LANGUAGE" = C/de_DE.UTF-8// ] && echo "$SEED"`))
	check(t, r, "cmd:seed", hello, 0)
}

// end ends the process whose id a script left in a file.
func end(t *testing.T, pidFile string) {
	t.Helper()
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

func TestCmdAllow(t *testing.T) {
	var asked source.Ref
	mark := filepath.Join(t.TempDir(), "ran")
	r := resolver(nil)
	r.Allow = func(ref source.Ref) error { asked = ref; return errors.New("not confirmed here") }
	check(t, r, "cmd:touch "+mark, "", source.KindDenied)
	if asked.Rest != "touch "+mark || exists(mark) {
		t.Errorf("asked for %+v, ran: %t", asked, exists(mark))
	}
	r.Allow = func(source.Ref) error { return nil }
	check(t, r, "cmd:touch "+mark, "", source.KindNoSecret)
	if !exists(mark) {
		t.Error("did not run")
	}
}

// TestManagerFaults has programs that misbehave in the ways that managers were seen to.
func TestManagerFaults(t *testing.T) {
	for name, c := range map[string]struct {
		manager, script string
		kind            source.Kind
		hint            string
	}{
		"silent":           {"lpass", "exit 0", source.KindFailed, ""},
		"several, no JSON": {"lpass", `printf 'Multiple matches found.\nA/aws [id: 1]\nB/aws [id: 2]\n'`, source.KindSeveral, "lpass ls"},
		"no JSON":          {"lpass", "echo " + hello, source.KindFailed, ""},
		"cut JSON":         {"lpass", `printf '[{"id":"1","name":"aws","password":"` + hello + `"'`, source.KindFailed, ""},
		"another entry":    {"lpass", `printf '[{"id":"1","name":"aws2","fullname":"MFA/aws2","password":"` + hello + `"}]'`, source.KindNotFound, ""},
		"no entry":         {"lpass", `echo '[]'`, source.KindNotFound, ""},
		"unknown error":    {"lpass", "echo " + hello + " >&2; exit 7", source.KindFailed, "lpass show"},
		"session gone":     {"lpass", "echo 'Error: Could not find session. Perhaps you need to login with `lpass login`.' >&2; exit 1", source.KindNotLoggedIn, "lpass login YOUR@EMAIL"},
		"no network":       {"lpass", `echo "Error: Couldn't resolve host name." >&2; exit 1`, source.KindOffline, "lpass sync"},
		"silent pass":      {"pass", "exit 0", source.KindNoSecret, ""},
		"locked":           {"pass", "echo 'gpg: decryption failed: No secret key' >&2; exit 2", source.KindLocked, "pass show aws"},
		"hangs":            {"pass", "sleep 60 & wait", source.KindTimeout, "pass show -- aws"},
		"endless":          {"pass", "yes " + hello, source.KindFailed, ""},
	} {
		r := resolver(fake(t, nil, c.manager, c.script))
		if c.kind == source.KindTimeout {
			r.Timeout = 50 * time.Millisecond
		}
		_, err := r.Get(t.Context(), ref(t, c.manager))
		failed(t, name, err, c.kind)
		var e *source.Error
		if errors.As(err, &e) && !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%s: hint %q", name, e.Hint)
		}
	}
	for _, m := range []string{"lpass", "pass"} {
		r := &source.Resolver{Environ: []string{"PATH=" + t.TempDir() + ":relative:"}}
		_, err := r.Get(t.Context(), ref(t, m))
		failed(t, "not installed", err, source.KindNotInstalled)
		if e := err.(*source.Error); !strings.Contains(e.Hint, "install") {
			t.Errorf("hint %q", e.Hint)
		}
	}
}

// TestTimeoutKillsGroup: no process of a program outlives its time.
func TestTimeoutKillsGroup(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	r := resolver(fake(t, nil, "pass", "sleep 60 & echo $! >"+pids+".new; mv "+pids+".new "+pids+"; wait"))
	r.Timeout = 500 * time.Millisecond
	check(t, r, "pass", "", source.KindTimeout)
	text, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); running(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the program's child still runs")
		}
	}
}

// running reports whether a process is there and more than a zombie that waits for its new parent.
func running(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// TestPutReadsBack: a success that stored nothing, or something else, is found out.
func TestPutReadsBack(t *testing.T) {
	missing := "echo 'Error: aws is not in the password store.' >&2; exit 1"
	store := filepath.Join(t.TempDir(), "store")
	for name, script := range map[string]string{
		"nothing": `[ "$1" = insert ] && exit 0; ` + missing,
		"other":   `if [ "$1" = insert ]; then echo ` + rfc4226 + ` >` + store + `; exit; fi; cat ` + store + ` 2>/dev/null && exit; ` + missing,
	} {
		_, err := resolver(fake(t, nil, "pass", script)).Put(t.Context(), ref(t, "pass"), []byte(hello))
		failed(t, name, err, source.KindMismatch)
	}
}

// TestPutKeepsSecretsOut: the secret goes through standard input, and nowhere else.
func TestPutKeepsSecretsOut(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	for manager, show := range map[string]string{
		"pass":  `cat ` + log + `.in && exit; echo 'Error: aws is not in the password store.' >&2; exit 1`,
		"lpass": `[ -e ` + log + `.in ] && printf '[{"id":"0","name":"aws","fullname":"aws","note":"` + hello + `","url":"http://sn"}]' && exit; echo 'Error: Could not find specified account(s).' >&2; exit 1`,
	} {
		_ = os.Remove(log + ".in")
		script := `{ echo "$@"; env; } >>` + log + `; case "$1" in insert|add) cat >` + log + `.in ;; sync) ;; *) ` + show + ` ;; esac`
		if _, err := resolver(fake(t, nil, manager, script)).Put(t.Context(), ref(t, manager), []byte(hello)); err != nil {
			t.Fatal(err)
		}
		if in, err := os.ReadFile(log + ".in"); err != nil || string(in) != hello+"\n" {
			t.Errorf("%s: standard input %q, %v", manager, in, err)
		}
	}
	if text, err := os.ReadFile(log); err != nil || strings.Contains(string(text), hello) {
		t.Errorf("arguments or environment with the secret, or %v", err)
	}
}
