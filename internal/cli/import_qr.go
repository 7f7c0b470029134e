package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ykmfa/internal/otpauth"
	"ykmfa/internal/qr"
	"ykmfa/internal/transfer"
)

// picture reads the QR codes in it. What is part of a migration waits until all pictures are read.
func (r *reader) picture(ctx context.Context, name string, data []byte) error {
	codes, err := qr.DecodeFile(ctx, data)
	defer func() {
		for _, code := range codes {
			otpauth.Wipe(code)
		}
	}()
	for n, code := range codes {
		where := name
		if len(codes) > 1 {
			where = fmt.Sprintf("%s, code %d", name, n+1)
		}
		code = bytes.TrimSpace(code)
		if isMigrationPart(code) {
			r.parts, r.places = appendLine(r.parts, code), append(r.places, where)
			continue
		}
		err := r.entries(ctx, code, func(string) string { return where })
		if errors.Is(err, transfer.ErrUnknown) || errors.Is(err, transfer.ErrEmpty) {
			r.options.found, err = append(r.options.found, &incoming{where: where, why: errNoAccountCode}), nil
		}
		if err != nil {
			return err
		}
	}
	return err
}

var errNoAccountCode = errors.New("the QR code is no otpauth URI")

func isMigrationPart(code []byte) bool {
	const scheme = "otpauth-migration:"
	return len(code) > len(scheme) && bytes.EqualFold(code[:len(scheme)], []byte(scheme)) && bytes.IndexByte(code, '\n') < 0
}

// appendLine adds a line, and wipes the text that it outgrows.
func appendLine(text, line []byte) []byte {
	grown := make([]byte, 0, len(text)+len(line)+1)
	grown = append(append(append(grown, text...), line...), '\n')
	clear(text)
	return grown
}

// migration reads the parts that were in QR codes, and tells them by their pictures in place of their lines.
func (r *reader) migration(ctx context.Context) error {
	return r.entries(ctx, r.parts, func(where string) string {
		line, rest, _ := strings.Cut(strings.TrimPrefix(where, "line "), ", ")
		n, err := strconv.Atoi(line)
		if err != nil || n < 1 || n > len(r.places) {
			return where
		}
		if rest != "" {
			rest = ", " + rest
		}
		return r.places[n-1] + rest
	})
}
