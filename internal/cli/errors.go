package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"

	"ykmfa/internal/source"
	"ykmfa/internal/term"
	"ykmfa/oath"
)

// Exit codes.
const (
	exitFailed    = 1
	exitUsage     = 2
	exitNoKey     = 3
	exitLocked    = 4
	exitNotTouch  = 5
	exitNoAccount = 6
	exitDiffer    = 7
	exitBackup    = 8
	exitBusy      = 9

	exitInterrupted = 130 // 128 + SIGINT, as shells have it
)

var errInterrupted = errors.New("interrupted")

// Error is an error whose exit code and next step its verb knows best.
type Error struct {
	Code int
	Hint string // what to do next; may be empty
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// fail makes an Error. The hint may be empty.
func fail(code int, hint, format string, args ...any) error {
	return &Error{Code: code, Hint: hint, Err: fmt.Errorf(format, args...)}
}

func usage(hint, format string, args ...any) error { return fail(exitUsage, hint, format, args...) }

// advice is the exit code and the next step for what lower layers report.
type advice struct {
	is   error
	code int
	hint string
}

// advices has them in the order in which they count.
func advices() []advice {
	return []advice{
		{errInterrupted, exitInterrupted, "run it again: what was not finished is taken up"},
		{errDiffer, exitDiffer, "which one is right? --force overwrites the key; or correct the backup, or give the flags that it was stored with"},
		{ErrUnsupported, exitNoKey, "build ykmfa with cgo (CGO_ENABLED=1) to use keys"},
		{ErrNoService, exitNoKey, serviceHint()},
		{ErrDenied, exitNoKey, "ykmfa doctor"},
		{ErrNoReader, exitNoKey, "plug in the key; if it is plugged in: ykmfa doctor"},
		{ErrNoCard, exitNoKey, "plug in the key; if it is plugged in: ykmfa doctor"},
		{ErrRemoved, exitNoKey, "plug the key in again and repeat the command: what was not finished is taken up again"},
		{ErrReset, exitBusy, "repeat the command"},
		{ErrBusy, exitBusy, "close the program that uses the key (gpg's scdaemon: gpgconf --kill scdaemon), then try again"},
		{oath.ErrNoApplet, exitNoKey, "enable OATH on the key: ykman config usb --enable OATH"},
		{oath.ErrWrongPassword, exitLocked, "if it is a remembered one: ykmfa password forget"},
		{oath.ErrImpostor, exitLocked, "do not trust this device: it accepted a password that it does not know"},
		{oath.ErrLocked, exitLocked, "ykmfa password remember"},
		{oath.ErrNotTouched, exitNotTouch, "run it again, and touch the key while it blinks"},
		{oath.ErrFull, exitFailed, "make room with ykmfa remove NAME, or use another key"},
		{oath.ErrNotFound, exitNoAccount, "ykmfa list"},
		{oath.ErrNotSupported, exitFailed, "leave it out, or use a newer key: ykmfa keys shows the firmware"},
		{term.ErrNone, exitFailed, "run it on a terminal, or give the answer by a flag: see --help"},
	}
}

// recordHint is the next step after a key was changed, and the account file could not be.
const recordHint = "mend that, and run the same command again: nothing is done twice"

func serviceHint() string {
	switch runtime.GOOS {
	case "linux":
		return "install and start it: apt install pcscd && systemctl start pcscd.socket; then: ykmfa doctor"
	case "windows":
		return "start the service: sc start SCardSvr"
	}
	return "ykmfa doctor"
}

// advise returns the exit code of an error and the next step: what the outermost that knows one says.
func advise(err error) (code int, hint string) {
	for e := err; e != nil; e = errors.Unwrap(e) {
		switch known := e.(type) {
		case *Error:
			return known.Code, known.Hint
		case *source.Error:
			return exitBackup, backupHint(known)
		}
	}
	for _, row := range append(pivAdvices(), advices()...) {
		if errors.Is(err, row.is) {
			return row.code, row.hint
		}
	}
	var refused *oath.Error
	if errors.As(err, &refused) {
		return exitFailed, "ykmfa doctor"
	}
	return exitFailed, ""
}

// backupHint is the next step for a backup that could not be read or written.
func backupHint(err *source.Error) string {
	if errors.Is(err, term.ErrNone) && err.Kind != source.KindLocked {
		return "run it on a terminal, or give the secret on stdin: --secret-from -"
	}
	if err.Hint != "" {
		return err.Hint
	}
	switch err.Kind {
	case source.KindNoSecret:
		return "the secret is the text under the service's QR code, or the otpauth URI in it"
	case source.KindFailed:
		return "" // a full disk, say: the reason is in the error
	}
	return "is it the right reference? ykmfa add --help lists them"
}

// complain shows an error after which the command goes on: report comes later, with the worst. -q does not hide it.
func (a *app) complain(err error) {
	if a.json {
		report(a.Stderr, err, true)
		return
	}
	fmt.Fprintf(a.Stderr, "ykmfa: error: %s\n", term.Clean(err.Error()))
}

// report shows an error and returns the exit code.
func report(w io.Writer, err error, asJSON bool) int {
	code, hint := advise(err)
	text := term.Clean(err.Error())
	if asJSON {
		json.NewEncoder(w).Encode(struct {
			Error string `json:"error"`
			Code  int    `json:"code"`
			Hint  string `json:"hint"`
		}{text, code, hint})
		return code
	}
	fmt.Fprintf(w, "ykmfa: error: %s\n", text)
	if hint != "" {
		fmt.Fprintf(w, "ykmfa: hint: %s\n", hint)
	}
	return code
}
