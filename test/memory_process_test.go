//go:build linux

package test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// atExit starts a program and runs it to its end. There, while its memory is all there still, the kernel stops it and look
// looks at it. while, which may be nil, runs beside it.
func atExit(t *testing.T, c *exec.Cmd, while, look func(pid int)) {
	t.Helper()
	runtime.LockOSThread() // a tracer is a thread
	defer runtime.UnlockOSThread()
	c.SysProcAttr.Ptrace = true
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		c.Process.Kill()
		c.Wait()
	}()
	pid := c.Process.Pid
	// Threads other than the first are not traced, and end by themselves: it is the first one that keeps the memory.
	if err := stopAt(pid, unix.SIGTRAP); err != nil {
		t.Fatal(err)
	}
	if err := unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACEEXIT|unix.PTRACE_O_EXITKILL); err != nil {
		t.Fatal(err)
	}
	if err := unix.PtraceCont(pid, 0); err != nil {
		t.Fatal(err)
	}
	if while != nil {
		go while(pid)
	}
	if err := stopAt(pid, unix.SIGTRAP|unix.PTRACE_EVENT_EXIT<<8); err != nil {
		t.Fatal(err)
	}
	look(pid)
	if err := unix.PtraceCont(pid, 0); err != nil {
		t.Fatal(err)
	}
	c.Wait() // whose exit status is the caller's to judge
}

// stopAt waits until a traced process stops for this reason, and passes on the signals that come before.
func stopAt(pid int, reason unix.Signal) error {
	for {
		var status unix.WaitStatus
		switch _, err := unix.Wait4(pid, &status, unix.WALL, nil); {
		case err == unix.EINTR:
			continue
		case err != nil:
			return err
		case !status.Stopped():
			return fmt.Errorf("the program ended without a stop: %#x", status)
		case unix.Signal(status>>8) == reason:
			return nil
		}
		if err := unix.PtraceCont(pid, int(status.StopSignal())); err != nil {
			return err
		}
	}
}

// A pattern is something that must not be in memory, or must.
type pattern struct {
	name string
	text []byte
}

// pieces cuts a text so that what is left of a part of it is found, too: at the odds of chance being nil.
func pieces(name string, text []byte, size int) []pattern {
	var list []pattern
	for i := 0; i+size <= len(text); i += 4 {
		list = append(list, pattern{fmt.Sprintf("%s, %d bytes from %d", name, size, i), text[i : i+size]})
	}
	return list
}

// traces are all forms of a secret that are as good as the secret: its bytes, its letters, and the key of the HMAC as
// RFC 2104 section 2 mixes it and as hashes read it, in words of big-endian order.
func traces(secret []byte) []pattern {
	const rawSize, textSize = 8, 12
	letters := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	list := append(pieces("base32", []byte(letters), textSize), pieces("base32 in small letters", []byte(strings.ToLower(letters)), textSize)...)
	list = append(list, pieces("base32 in groups", []byte(grouped(letters)), textSize)...)
	keys := map[string][]byte{"the secret": secret}
	one, two, three := sha1.Sum(secret), sha256.Sum256(secret), sha512.Sum512(secret)
	for name, sum := range map[string][]byte{"SHA1": one[:], "SHA256": two[:], "SHA512": three[:]} {
		keys["the secret's "+name] = sum
	}
	for name, key := range keys {
		for pad, with := range map[byte]string{0: "", 0x36: " as inner pad", 0x5c: " as outer pad"} {
			mixed := make([]byte, len(key))
			for i := range key {
				mixed[i] = key[i] ^ pad
			}
			for _, word := range []int{1, 4, 8} {
				list = append(list, pieces(fmt.Sprintf("%s%s in words of %d", name, with, word), swapped(mixed, word), rawSize)...)
			}
		}
	}
	return list
}

// swapped turns around the bytes of every word.
func swapped(b []byte, word int) []byte {
	out := make([]byte, 0, len(b))
	for ; len(b) >= word; b = b[word:] {
		for i := word - 1; i >= 0; i-- {
			out = append(out, b[i])
		}
	}
	return out
}

// grouped writes letters as web pages do.
func grouped(letters string) string {
	var b strings.Builder
	for i, c := range strings.ToLower(letters) {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// found looks for patterns in all memory of a process that it could write to, and says where they are.
func found(t *testing.T, pid int, patterns []pattern) []string {
	t.Helper()
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer maps.Close()
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	index := map[[4]byte][]pattern{}
	for _, p := range patterns {
		first := [4]byte(p.text)
		index[first] = append(index[first], p)
	}
	var hits []string
	read := 0
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to uint64
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &mode); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(mode, "rw") {
			continue // the program itself
		}
		content := make([]byte, to-from)
		if _, err := memory.ReadAt(content, int64(from)); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		read += len(content)
		for _, hit := range search(content, index) {
			hits = append(hits, fmt.Sprintf("%s at %x of %s", hit.name, from+uint64(hit.at), lines.Text()))
		}
	}
	if read < 1<<20 {
		t.Fatalf("%d bytes of memory: that is not all of it", read)
	}
	return hits
}

type hit struct {
	pattern
	at int
}

// search finds patterns by their first four bytes.
func search(content []byte, index map[[4]byte][]pattern) []hit {
	var first [1 << 16]bool // of the first two: most memory is passed over by them
	for key := range index {
		first[int(key[0])<<8|int(key[1])] = true
	}
	var hits []hit
	const page = 4096
	zeros := make([]byte, page)
	for i := 0; i+4 <= len(content); i++ {
		if i%page == 0 && bytes.HasPrefix(content[i:], zeros) { // never used
			i += page - 1
			continue
		}
		if !first[int(content[i])<<8|int(content[i+1])] {
			continue
		}
		for _, p := range index[[4]byte(content[i:])] {
			if bytes.HasPrefix(content[i:], p.text) {
				hits = append(hits, hit{p, i})
			}
		}
	}
	return hits
}
