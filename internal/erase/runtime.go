//go:build goexperiment.runtimesecret && linux && (amd64 || arm64)

package erase

import "runtime/secret"

// Do runs f and erases what it left behind, with the runtime's help: it knows about registers, about stacks that were
// outgrown, and erases memory that f allocated when that is given back.
func Do(f func()) { secret.Do(f) }
