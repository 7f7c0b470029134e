package source

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"ykmfa/internal/clipboard"
	"ykmfa/internal/otpauth"
	"ykmfa/internal/qr"
)

// qrClipboard, in the place of a file, is the picture in the clipboard.
const qrClipboard = "clipboard"

// readQR returns what the one QR code of a picture holds: of a file, of standard input (qr:-), or in the clipboard.
func (r *Resolver) readQR(ctx context.Context, rest string) ([]byte, error) {
	codes, err := r.QRCodes(ctx, rest)
	if err != nil {
		return nil, err
	}
	if len(codes) == 1 {
		return codes[0], nil
	}
	for _, c := range codes {
		otpauth.Wipe(c)
	}
	return nil, fail(KindSeveral, "ykmfa import takes them all, or --only some of them", errors.New("the picture has several QR codes"))
}

// QRCodes returns what the QR codes of a picture hold, for the caller to wipe. There is at least one. Errors are *Error.
func (r *Resolver) QRCodes(ctx context.Context, rest string) ([][]byte, error) {
	picture, err := r.picture(ctx, rest)
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(picture)
	codes, err := qr.DecodeFile(ctx, picture)
	if err != nil {
		return nil, fail(KindNoSecret, "show the whole code, larger or sharper", err)
	}
	return codes, nil
}

func (r *Resolver) picture(ctx context.Context, rest string) ([]byte, error) {
	switch rest {
	case "-":
		if r.Stdin == nil {
			return nil, fail(KindNotFound, "", errors.New("no standard input here"))
		}
		return readPicture(r.Stdin)
	case qrClipboard:
		picture, err := clipboard.Image(ctx)
		if errors.Is(err, clipboard.ErrEmpty) {
			return nil, fail(KindNotFound, "copy a screenshot of the QR code", errors.New("the clipboard has no picture"))
		}
		if err != nil {
			return nil, fail(KindNotInstalled, "", err)
		}
		return picture, nil
	}
	f, err := os.Open(r.path(rest))
	if err != nil {
		return nil, fileError(err)
	}
	defer f.Close()
	return readPicture(f)
}

func readPicture(from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, qr.MaxFile+1))
	if err != nil {
		return nil, fileError(err)
	}
	if len(data) > qr.MaxFile {
		return nil, fail(KindNoSecret, "", errors.New("it is larger than any picture that is read here"))
	}
	return data, nil
}

// IsPicture reports whether data begin like a PNG, JPEG, GIF or WebP file.
func IsPicture(data []byte) bool {
	for _, magic := range []string{"\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "GIF87a", "GIF89a"} {
		if strings.HasPrefix(string(data[:min(len(data), 16)]), magic) {
			return true
		}
	}
	return len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP"
}
