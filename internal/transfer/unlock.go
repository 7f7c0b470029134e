package transfer

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"
)

// Bounds of the work that a file may ask for, checked before any of it is done, and before the password is asked for.
// The strongest settings that programs offer stay below: Bitwarden's 2 million rounds of PBKDF2, or 10 passes of Argon2
// over 1 GiB; libsodium's "sensitive" (4 passes over 1 GiB), which Ente trades for more passes over less.
const (
	maxRounds = 10_000_000 // of PBKDF2
	maxWork   = 16 << 30   // bytes that are gone through by scrypt or Argon2
)

var errDamaged = errors.New("the file is damaged")

func errCost(what string) error {
	return fmt.Errorf("it asks for %s to turn the password into a key, which is more than any program does", what)
}

// derivation turns a password into a key.
type derivation func(password []byte) ([]byte, error)

// ask asks for the password and derives the key.
func (in Input) ask(ctx context.Context, question string, derive derivation) ([]byte, error) {
	password, err := in.askPassword(ctx, question)
	if err != nil {
		return nil, err
	}
	defer clear(password)
	return derive(password)
}

func (in Input) askPassword(ctx context.Context, question string) ([]byte, error) {
	if in.Password == nil {
		return nil, ErrLocked
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return in.Password(ctx, question)
}

// byScrypt checks the cost of scrypt (RFC 7914 section 2: 128*n*r bytes, gone through p times).
func byScrypt(salt []byte, n, r, p int64) (derivation, error) {
	const most = 1 << 30
	switch {
	case n < 2 || n&(n-1) != 0 || r < 1 || p < 1:
		return nil, errDamaged
	case n > most || r > most || p > most || n*r > maxMemory/128:
		return nil, errCost("more than 1 GiB of memory")
	case p > maxWork/(128*n*r):
		return nil, errCost("too much scrypt")
	}
	return func(password []byte) ([]byte, error) {
		return scrypt.Key(password, salt, int(n), int(r), int(p), 32)
	}, nil
}

// byArgon2 checks the cost of Argon2id (RFC 9106 section 3.1). Memory is in KiB.
func byArgon2(salt []byte, passes, memory, lanes int64) (derivation, error) {
	switch {
	case passes < 1 || memory < 1 || lanes < 1 || len(salt) < 8:
		return nil, errDamaged
	case memory > maxMemory>>10:
		return nil, errCost("more than 1 GiB of memory")
	case lanes > 64 || passes > maxWork>>10/max(memory, 8*lanes):
		return nil, errCost("too much Argon2")
	}
	return func(password []byte) ([]byte, error) {
		return argon2.IDKey(password, salt, uint32(passes), uint32(memory), uint8(lanes), 32), nil
	}, nil
}

// byPBKDF2 checks the cost of PBKDF2 (RFC 8018 section 5.2).
func byPBKDF2[H hash.Hash](h func() H, salt []byte, rounds int64, length int) (derivation, error) {
	switch {
	case rounds < 1:
		return nil, errDamaged
	case rounds > maxRounds:
		return nil, errCost(fmt.Sprintf("more than %d rounds", maxRounds))
	}
	return func(password []byte) ([]byte, error) {
		return pbkdf2.Key(h, string(password), salt, int(rounds), length)
	}, nil
}

// openGCM opens what AES-GCM sealed, with the tag at its end.
func openGCM(key, nonce, sealed []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errDamaged
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(nonce) != gcm.NonceSize() || len(sealed) < gcm.Overhead() {
		return nil, errDamaged
	}
	plain, err := gcm.Open(nil, nonce, sealed, nil)
	if err != nil {
		return nil, ErrPassword
	}
	return plain, nil
}
