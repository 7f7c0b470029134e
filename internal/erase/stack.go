//go:build !(goexperiment.runtimesecret && linux && (amd64 || arm64))

package erase

// Do runs f and overwrites the stack below it, as far as hashing and reading JSON are known to go down, and the registers
// that copying goes through: a signal that comes later would save those to where nobody wipes. Where the stack is too
// short it grows before: one that f outgrew would stay behind as it is.
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
	move(zeros[:registers], zeros[registers:2*registers])
}

// registers is how many bytes are copied through all 16 vector registers of an amd64 at once.
const registers = 256

//go:noinline
func move(to, from []byte) { copy(to, from) }

// keep makes the compiler believe that the bytes are used.
//
//go:noinline
func keep([]byte) {}
