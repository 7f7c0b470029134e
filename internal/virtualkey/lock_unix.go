//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package virtualkey

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// lockFile takes an exclusive lock on the file, which it makes if need be and never removes: removing it would let two
// holders lock two files of the same name.
func lockFile(path string, wait time.Duration) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(wait); ; time.Sleep(20 * time.Millisecond) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("locking %q: %w", path, err), f.Close())
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(errors.New("another process uses it; stop that one, or name another file"), f.Close())
		}
	}
}
