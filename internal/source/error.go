package source

import "errors"

// Kind says what stands between a reference and its secret, so that callers can choose an exit code and an advice.
type Kind int

const (
	KindFailed       Kind = iota // none of the others
	KindUsage                    // the reference cannot mean anything
	KindUnsupported              // this version cannot read, or cannot write, there
	KindDenied                   // the user has not allowed this reference to run a program
	KindNotInstalled             // the manager's program is not on PATH
	KindNotLoggedIn              // nobody is logged in to the manager
	KindLocked                   // the manager needs a password or a key that nobody gave
	KindOffline                  // the manager does not reach its server
	KindNotFound                 // no such entry, file, variable or field
	KindSeveral                  // several entries, or several secrets in one entry
	KindNoSecret                 // what is there is not a one-time-password secret
	KindExists                   // Put would overwrite something else
	KindMismatch                 // what Put wrote does not read back the same
	KindTimeout                  // the program did not answer in time
)

// Error is what every function of this package returns. Its text names the reference and the reason; neither the
// text nor anything it wraps has content that was read, and what a program printed is never repeated.
type Error struct {
	Ref  Ref    // zero when the text was no reference at all
	Kind Kind   // for exit codes and advice
	Hint string // the next command or step for a person, may be empty
	Err  error  // the reason, never nil
}

func (e *Error) Error() string {
	if e.Ref == (Ref{}) {
		return e.Err.Error()
	}
	return e.Ref.String() + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf is the Kind of the *Error in the chain of err, and KindFailed when there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindFailed
}

// fail makes an *Error without a reference; the methods of Resolver fill that in on the way out.
func fail(kind Kind, hint string, err error) *Error {
	return &Error{Kind: kind, Hint: hint, Err: err}
}

// at puts ref into the *Error of this package that err is, or makes one of any other error.
func at(ref Ref, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Ref: ref, Err: err}
	}
	e.Ref = ref
	return e
}
