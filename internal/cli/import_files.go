package cli

import (
	"io"
	"io/fs"
	"os"

	"ykmfa/internal/transfer"
)

// readFile reads a file, which is refused by its size before a byte of it is read.
func readFile(name string, info fs.FileInfo) ([]byte, error) {
	size := int64(0)
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	if size > transfer.MaxSize {
		return nil, transfer.ErrTooBig
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, size)
}

// readAll reads to the end. The memory that the text outgrows is wiped.
func readAll(from io.Reader, size int64) ([]byte, error) {
	data := make([]byte, 0, max(size, 4095)+1)
	for {
		n, err := from.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case len(data) > transfer.MaxSize:
			clear(data)
			return nil, transfer.ErrTooBig
		case err == io.EOF:
			return data, nil
		case err != nil:
			clear(data)
			return nil, err
		case len(data) == cap(data):
			grown := append(make([]byte, 0, 2*cap(data)), data...)
			clear(data)
			data = grown
		}
	}
}
