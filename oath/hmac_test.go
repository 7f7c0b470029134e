package oath_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"testing"

	"ykmfa/oath"
)

// TestHMAC: the standard library computes the same for keys of all lengths around a block, and leaves the key as it is.
func TestHMAC(t *testing.T) {
	for algorithm, h := range map[oath.Algorithm]func() hash.Hash{oath.SHA1: sha1.New, oath.SHA256: sha256.New, oath.SHA512: sha512.New} {
		for size := range 3 * h().BlockSize() {
			key, challenge := make([]byte, size), make([]byte, 1+size%70)
			rand.Read(key)
			rand.Read(challenge)
			before := bytes.Clone(key)
			mac := hmac.New(h, key)
			mac.Write(challenge)
			if got, want := algorithm.HMAC(key, challenge), mac.Sum(nil); !bytes.Equal(got, want) {
				t.Errorf("%v, key of %d bytes: %x, want %x", algorithm, size, got, want)
			}
			if !bytes.Equal(key, before) {
				t.Fatal("the caller's key was changed")
			}
		}
	}
}
