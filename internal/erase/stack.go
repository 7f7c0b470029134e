//go:build !(goexperiment.runtimesecret && linux && (amd64 || arm64))

package erase

// Do runs f and overwrites the stack below it, as far as hashing and reading JSON are known to go down. Where the stack is
// too short for that it grows before: one that f outgrew would stay behind as it is.
func Do(f func()) {
	room(false)
	f()
	overwrite()
}

const depth = 16 << 10 // bytes

// room makes the stack long enough for f and overwrite. That the function has room in its frame is enough.
//
//go:noinline
func room(use bool) byte {
	if !use {
		return 0
	}
	var room [2 * depth]byte
	keep(room[:])
	return room[0]
}

//go:noinline
func overwrite() {
	var zeros [depth]byte
	keep(zeros[:])
}

// keep makes the compiler believe that the bytes are used.
//
//go:noinline
func keep([]byte) {}
