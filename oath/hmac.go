package oath

import (
	"hash"
	"slices"

	"ykmfa/internal/erase"
)

// HMAC computes in software what CALCULATE computes on the card: HMAC(secret, challenge). It panics on an algorithm
// that does not exist.
//
// It is spelled out here (RFC 2104 section 2) because crypto/hmac leaves the key, under its two pads, where nobody can
// wipe it.
func (a Algorithm) HMAC(secret, challenge []byte) []byte {
	h := a.hash()()
	mac := make([]byte, 0, h.Size())
	erase.Do(func() {
		defer forget(h)
		key := a.shorten(secret)
		defer clear(key)
		const inner, outer = 0x36, 0x5c
		mac = padded(h, outer, key, padded(h, inner, key, challenge, nil), mac)
	})
	return mac
}

// padded appends the hash of the key under a pad, which fills one block, and of a text.
func padded(h hash.Hash, pad byte, key, text, dst []byte) []byte {
	block := make([]byte, h.BlockSize())
	defer clear(block)
	copy(block, key)
	for i := range block {
		block[i] ^= pad
	}
	h.Reset()
	h.Write(block)
	h.Write(text)
	return h.Sum(dst)
}

// shorten makes a key that is no longer than the hash's block: the hash of a longer secret (RFC 2104 section 2), else
// a copy. The caller wipes it.
func (a Algorithm) shorten(secret []byte) []byte {
	h := a.hash()()
	if len(secret) <= h.BlockSize() {
		return slices.Clone(secret)
	}
	defer forget(h)
	h.Write(secret)
	return h.Sum(nil)
}

// forget writes over what a hash keeps: the state that a key has led to, which is as good as the key, and the beginning
// of a block.
func forget(h hash.Hash) {
	zeros := make([]byte, h.BlockSize())
	h.Reset()
	h.Write(zeros[:1]) // a whole block would not go through the memory where beginnings are kept
	h.Write(zeros[1:])
}
