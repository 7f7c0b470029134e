//go:build linux

package cli_test

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ykmfa/internal/cli"
	"ykmfa/internal/virtualkey"
	"ykmfa/internal/virtualreader"
	"ykmfa/oath"
)

// TestInterruptedUnlock: waiting for a password ends with the context, also where nothing else ends it.
func TestInterruptedUnlock(t *testing.T) {
	r := newReplacement(t, virtualkey.Fault{})
	s, err := oath.Select(r.key)
	if err == nil {
		err = s.SetKey(oath.DeriveKey("correct horse", s.Salt))
	}
	if err != nil {
		t.Fatal(err)
	}
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	fd, err := syscall.Dup(int(in.Fd())) // which the command closes
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var stderr bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- cli.Run(ctx, cli.Options{
			Stdin: strings.NewReader(""), Stdout: &stderr, Stderr: &stderr,
			Environ: append(r.env, "YKMFA_PASSWORD_FD="+strconv.Itoa(fd)),
			Cards:   virtualreader.Readers{r.key}, Now: time.Now,
		}, []string{"code", "aws"})
	}()
	select {
	case code := <-done:
		if code != 130 {
			t.Errorf("exit status %d, %s", code, stderr.String())
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it hangs")
	}
}
