package transfer

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"hash"
)

// openCBC decrypts AES-CBC, of which the last byte says how many to take off. It proves nothing: a MAC must have been
// checked before.
func openCBC(key, iv, sealed []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil || len(iv) != aes.BlockSize || len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 {
		return nil, errDamaged
	}
	plain := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, sealed)
	padding := int(plain[len(plain)-1])
	if padding < 1 || padding > aes.BlockSize {
		clear(plain)
		return nil, errDamaged
	}
	return plain[:len(plain)-padding], nil
}

func checkHMAC(h func() hash.Hash, key, mac []byte, message ...[]byte) bool {
	m := hmac.New(h, key)
	for _, piece := range message {
		m.Write(piece)
	}
	return hmac.Equal(m.Sum(nil), mac)
}
