package transfer

import (
	"crypto/subtle"
	"encoding/binary"

	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/poly1305" //lint:ignore SA1019 secretstream has an authenticator of its own making, not that of RFC 8439
)

const (
	streamHeader   = 24     // bytes in front of a stream
	streamOverhead = 1 + 16 // bytes that a message is longer than its content
	streamFinal    = 3      // tag of the last message
)

// openStream opens a stream of libsodium's crypto_secretstream_xchacha20poly1305 that is one message, the last.
//
// libsodium's documentation describes the calls, its source the bytes: the key of the stream is HChaCha20 of key and
// header; a message is encrypted with ChaCha20 (RFC 8439) under the nonce 1 || rest of the header. Block 0 is the key
// of Poly1305, block 1 holds the tag, the text begins with block 2. Authenticated are block 1 (the tag encrypted, the
// rest key stream), the text, its padding, and the lengths of the additional data (none) and of block and text.
// The number of padding bytes is an oversight in libsodium, kept there for compatibility: it does not fill up to 16.
func openStream(key, header, sealed []byte) ([]byte, error) {
	if len(key) != chacha20.KeySize || len(header) != streamHeader || len(sealed) < streamOverhead {
		return nil, errDamaged
	}
	subkey, err := chacha20.HChaCha20(key, header[:16])
	if err != nil {
		return nil, errDamaged
	}
	defer clear(subkey)
	nonce := append([]byte{1, 0, 0, 0}, header[16:]...)
	stream, err := chacha20.NewUnauthenticatedCipher(subkey, nonce)
	if err != nil {
		return nil, errDamaged
	}
	body, mac := sealed[1:len(sealed)-16], sealed[len(sealed)-16:]

	var macKey [32]byte
	stream.XORKeyStream(macKey[:], macKey[:])
	defer clear(macKey[:])
	stream.SetCounter(1)
	block := make([]byte, 64)
	block[0] = sealed[0]
	stream.XORKeyStream(block, block)
	tag := block[0]
	block[0] = sealed[0]

	p := poly1305.New(&macKey)
	p.Write(block)
	p.Write(body)
	p.Write(make([]byte, (16-64+len(body))&15))
	p.Write(binary.LittleEndian.AppendUint64(nil, 0))
	p.Write(binary.LittleEndian.AppendUint64(nil, uint64(64+len(body))))
	if subtle.ConstantTimeCompare(p.Sum(nil), mac) != 1 {
		return nil, ErrPassword
	}
	if tag != streamFinal {
		return nil, errDamaged // more should follow
	}
	plain := make([]byte, len(body))
	stream.XORKeyStream(plain, body)
	return plain, nil
}
