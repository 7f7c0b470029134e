package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"ykmfa/internal/disk"
)

// path expands ~/ at the beginning of a reference's path.
func (r *Resolver) path(rest string) string {
	if below, ok := strings.CutPrefix(rest, "~/"); ok {
		if home := r.getenv("HOME"); home != "" {
			return filepath.Join(home, below)
		}
	}
	return rest
}

// readFile reads a regular file or a pipe.
func (r *Resolver) readFile(ctx context.Context, rest string) ([]byte, error) {
	path := r.path(rest)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileError(err)
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return nil, fail(KindUsage, "name a file in it", errors.New("is a directory"))
	case !mode.IsRegular() && mode.Type() != fs.ModeNamedPipe:
		return nil, fail(KindUsage, "", errors.New("is neither a file nor a pipe"))
	case mode.IsRegular() && mode.Perm()&0o077 != 0 && runtime.GOOS != "windows":
		r.warn("%q can be read by others (mode %04o): chmod 600 %s", path, mode.Perm(), QuoteArg(path))
	}
	inner, cancel := context.WithTimeout(ctx, r.timeout())
	defer cancel()
	text, err := readBounded(inner, func(b *buffer) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = b.ReadFrom(f)
		return err
	})
	switch {
	case err != nil && inner.Err() != nil && ctx.Err() == nil: // a pipe, or a file on a server that is gone
		return nil, fail(KindTimeout, "see what should write there: "+QuoteArg(path), errors.New("nothing came from it in time"))
	case err == nil || KindOf(err) != KindFailed || ctx.Err() != nil:
		return text, err
	}
	return nil, fileError(err)
}

// fileError drops the path, which the reference says already, and keeps the reason.
func fileError(err error) error {
	kind, hint := KindFailed, ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail(KindNotFound, "", errors.New("no such file"))
	case errors.Is(err, fs.ErrExist):
		kind, hint = KindExists, "choose another name, or remove what is there first"
	}
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		err = pe.Err
	case errors.As(err, &le):
		err = le.Err
	}
	return fail(kind, hint, err)
}

// writeFile makes a new file of mode 0600 that appears whole or not at all, and never replaces one.
func (r *Resolver) writeFile(rest string, text []byte) error {
	path := r.path(rest)
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fail(KindFailed, "mkdir -p -m 700 "+QuoteArg(dir), fmt.Errorf("there is no directory %q", dir))
	}
	if err := disk.Create(path, text); err != nil {
		return fileError(err)
	}
	return nil
}
