package clipboard

import (
	"context"
	"errors"
	"io"
	"os/exec"
)

// errLong says that a program printed more than the bound.
var errLong = errors.New("too long an answer")

// output runs the program and reads what it prints, up to a bound. It reads into a buffer that is wiped when a larger
// one takes its place. When ctx ends, it waits no longer for children of the program that hold the pipe.
func output(ctx context.Context, c *exec.Cmd, limit int) ([]byte, error) {
	pipe, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = pipe.Close() })
	defer stop()
	data, err := readAll(pipe, limit)
	if err != nil {
		_ = c.Process.Kill()
	}
	if e := c.Wait(); err == nil {
		err = e
	}
	if err != nil {
		clear(data)
		return nil, err
	}
	return data, nil
}

func readAll(r io.Reader, limit int) ([]byte, error) {
	data := make([]byte, 0, 1<<13)
	for {
		if len(data) == cap(data) {
			larger := append(make([]byte, 0, 2*cap(data)), data...)
			clear(data)
			data = larger
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case len(data) > limit:
			return data, errLong
		case err == io.EOF:
			return data, nil
		case err != nil:
			return data, err
		}
	}
}

// bounded keeps the first max bytes written to it.
type bounded struct {
	data []byte
	max  int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.data = append(b.data, p[:min(len(p), b.max-len(b.data))]...)
	return len(p), nil
}
