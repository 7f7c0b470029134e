//go:build unix

package source_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ykmfa/internal/source"
)

func write(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFile(t *testing.T) {
	var warnings []string
	r := &source.Resolver{Warn: func(s string) { warnings = append(warnings, s) }}
	private := write(t, "a #1", "\n "+strings.ToLower(hello)+" \r\n", 0o600)
	check(t, r, "file:"+private, hello, 0)
	check(t, r, "file:"+write(t, "uri", rfcURI, 0o400), rfc4226, 0)
	if len(warnings) != 0 {
		t.Errorf("warnings for private files: %q", warnings)
	}
	open := write(t, "open", hello, 0o644)
	check(t, r, "file:"+open, hello, 0)
	if len(warnings) != 1 || !strings.Contains(warnings[0], "chmod 600 "+open) {
		t.Errorf("warnings: %q", warnings)
	}
	r.Getenv = func(name string) string { return map[string]string{"HOME": filepath.Dir(private)}[name] }
	check(t, r, "file:~/a #1", hello, 0)
	for path, kind := range map[string]source.Kind{
		filepath.Join(t.TempDir(), "missing"): source.KindNotFound,
		t.TempDir():                           source.KindUsage,
		"/dev/null":                           source.KindUsage,
		write(t, "empty", " \n", 0o600):       source.KindNoSecret,
		write(t, "lines", hello+"\n"+rfc4226+"\n", 0o600):    source.KindNoSecret,
		write(t, "words", "hunter2!", 0o600):                 source.KindNoSecret,
		write(t, "big", strings.Repeat(hello, 4097), 0o600):  source.KindNoSecret,
		write(t, "huge", strings.Repeat("A", 10<<20), 0o600): source.KindNoSecret,
		filepath.Join(private, "below a file"):               source.KindFailed,
	} {
		check(t, r, "file:"+path, "", kind)
	}
}

func TestFilePipe(t *testing.T) {
	r := &source.Resolver{}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { _ = os.WriteFile(fifo, []byte(hello), 0) }()
	check(t, r, "file:"+fifo, hello, 0)

	in, out, err := os.Pipe() // as in ykmfa add aws --secret-from file:<(...), and file:/dev/stdin
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := out.WriteString(rfcURI + "\n"); err != nil {
		t.Fatal(err)
	}
	out.Close()
	check(t, r, "file:"+filepath.Join("/dev/fd", fd(in)), rfc4226, 0)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := r.Get(ctx, ref(t, "file:"+fifo)); !errors.Is(err, context.DeadlineExceeded) { // nobody writes
		t.Errorf("error %v", err)
	}
	_ = os.WriteFile(fifo, nil, 0) // let the reader end
}

// TestSilentPipe: a pipe into which nobody writes ends like a program that does not answer.
func TestSilentPipe(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, &source.Resolver{Timeout: 20 * time.Millisecond}, "file:"+fifo, "", source.KindTimeout)
	go func() { _ = os.WriteFile(fifo, nil, 0) }() // let the reader end
}

func fd(f *os.File) string {
	link := ""
	for n := f.Fd(); n > 0; n /= 10 {
		link = string(rune('0'+n%10)) + link
	}
	return link
}

func TestFilePut(t *testing.T) {
	r := &source.Resolver{}
	dir := t.TempDir()
	path := filepath.Join(dir, "seed")
	for range 2 { // the second time there is nothing to do
		if _, err := r.Put(t.Context(), ref(t, "file:"+path), []byte(rfcURI)); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if b, _ := os.ReadFile(path); string(b) != rfcURI+"\n" {
		t.Errorf("content %q", b)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	empty := write(t, "empty", "", 0o600)
	for p, kind := range map[string]source.Kind{
		path: source.KindExists, empty: source.KindExists, filepath.Join(dir, "link"): source.KindExists,
		dir: source.KindUsage, filepath.Join(dir, "no", "such"): source.KindFailed,
	} {
		failed(t, p, put(r.Put(t.Context(), ref(t, "file:"+p), []byte(hello))), kind)
	}
	check(t, r, "file:"+path, rfc4226, 0)
	names, err := filepath.Glob(filepath.Join(dir, ".ykmfa*"))
	if err != nil || len(names) != 0 || exists(filepath.Join(dir, "nowhere")) {
		t.Errorf("left behind: %q, %v", names, err)
	}
}

func TestPutRefuses(t *testing.T) {
	r := &source.Resolver{Stdin: strings.NewReader(hello), Getenv: func(string) string { return hello }}
	for _, text := range []string{"-", "prompt", "env:X", "cmd:cat", "lpass:a#b", "pass:a#b"} {
		if r.CanWrite(ref(t, text)) {
			t.Errorf("%s can be written", text)
		}
		failed(t, text, put(r.Put(t.Context(), ref(t, text), []byte(hello))), source.KindUnsupported)
	}
	for _, text := range []string{"lpass:MFA/", "lpass:/aws", "pass:MFA/", "pass:/aws"} {
		failed(t, text, put(r.Put(t.Context(), ref(t, text), []byte(hello))), source.KindUsage)
	}
	path := filepath.Join(t.TempDir(), "seed")
	for _, value := range []string{"", "hunter2!", hello + "\n" + hello, "otpauth://totp/x"} {
		failed(t, value, put(r.Put(t.Context(), ref(t, "file:"+path), []byte(value))), source.KindNoSecret)
	}
	if exists(path) {
		t.Error("something was written")
	}
}

func TestStdinPromptEnv(t *testing.T) {
	asked := ""
	r := &source.Resolver{
		Stdin:  strings.NewReader(rfcURI + "\n"),
		Getenv: func(name string) string { return map[string]string{"SEED": hello, "BAD": "hunter2!"}[name] },
		Prompt: func(_ context.Context, question string) ([]byte, error) { asked = question; return []byte(hello), nil },
	}
	check(t, r, "-", rfc4226, 0)
	check(t, r, "-", "", source.KindNoSecret) // at its end
	check(t, r, "env:SEED", hello, 0)
	check(t, r, "env:BAD", "", source.KindNoSecret)
	check(t, r, "env:NOPE", "", source.KindNotFound)
	check(t, r, "prompt", hello, 0)
	if asked == "" {
		t.Error("no question")
	}
	r.Stdin = io.LimitReader(zeros{}, 10<<20)
	check(t, r, "-", "", source.KindNoSecret)
	check(t, &source.Resolver{}, "-", "", source.KindNotFound)
	check(t, &source.Resolver{}, "prompt", "", source.KindNotFound)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("A"), len(p))), nil }
