package source_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"ykmfa/internal/source"
	"ykmfa/internal/source/sourcetest"
)

// openTerminal returns the two ends of a new pseudo-terminal (pty(7)).
func openTerminal(t *testing.T) (person, terminal *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	var n, unlocked int32
	ioctl(t, person, syscall.TIOCSPTLCK, &unlocked)
	ioctl(t, person, syscall.TIOCGPTN, &n)
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(n)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return person, terminal
}

func ioctl(t *testing.T, f *os.File, request uintptr, arg *int32) {
	t.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(arg))); errno != 0 {
		t.Fatal(errno)
	}
}

// TestTerminal has the real lpass ask for the master password on a terminal, and a person who types it.
func TestTerminal(t *testing.T) {
	env := sourcetest.LastPassHome(t, []sourcetest.Item{{Name: "aws", Password: hello}})
	if err := os.Remove(filepath.Join(strings.TrimPrefix(env[0], "LPASS_HOME="), "plaintext_key")); err != nil {
		t.Fatal(err)
	}
	person, terminal := openTerminal(t)
	r := resolver(append(withoutAskpass(env), "LPASS_DISABLE_PINENTRY=1"))
	r.TTY = terminal
	go func() {
		var seen []byte
		for buf := make([]byte, 256); !bytes.Contains(seen, []byte("Master Password: ")); {
			n, err := person.Read(buf)
			if err != nil {
				return
			}
			seen = append(seen, buf[:n]...)
		}
		_, _ = person.WriteString(sourcetest.LastPassPassword + "\n")
	}()
	check(t, r, "lpass", hello, 0)
}

func withoutAskpass(env []string) (kept []string) {
	for _, kv := range env {
		if !strings.HasPrefix(kv, "LPASS_ASKPASS=") {
			kept = append(kept, kv)
		}
	}
	return kept
}

// TestStdinTerminal: a secret is not read with an echo.
func TestStdinTerminal(t *testing.T) {
	_, terminal := openTerminal(t)
	r := &source.Resolver{Stdin: terminal}
	check(t, r, "-", "", source.KindNotFound)
}

// TestSession: without a terminal to give, a program does not find ours either. It leads a session of its own, and its
// standard input is empty.
func TestSession(t *testing.T) {
	r := resolver(fake(t, []string{"SEED=" + hello}, "seed", `IFS=" " read -r pid name state parent group session rest </proc/$$/stat
[ "$session" = $$ ] && [ "$(readlink /proc/$$/fd/0)" = /dev/null ] && echo "$SEED"`))
	check(t, r, "cmd:seed", hello, 0)
	_, r.TTY = openTerminal(t)
	check(t, r, "cmd:seed", "", source.KindFailed)
}

// TestFilesAreClosed: of many backups in files, none stays open.
func TestFilesAreClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "aws")
	if err := os.WriteFile(path, []byte(hello), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func() int {
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(fds)
	}
	before := open()
	for range 20 {
		check(t, &source.Resolver{}, "file:"+path, hello, 0)
	}
	if now := open(); now > before+5 {
		t.Errorf("%d open files, %d before", now, before)
	}
}
