package transfer

import (
	"bytes"
	"unicode/utf8"
)

// isNoise reports whether the bytes could come from a good cipher: no text, and all values about as frequent as each
// other. The measure is Pearson's chi-squared with 255 degrees of freedom, which noise keeps near 255 with a standard
// deviation of 23, however long it is. Texts, programs and pictures are far beyond 400.
func isNoise(data []byte) bool {
	if utf8.Valid(data) {
		return false
	}
	var count [256]float64
	for _, b := range data {
		count[b]++
	}
	expected, sum := float64(len(data))/256, 0.0
	for _, n := range count {
		sum += (n - expected) * (n - expected) / expected
	}
	return sum < 400
}

// hasMagic knows files of ciphers and compressors, which are noise behind their first bytes.
func hasMagic(data []byte) bool {
	for _, magic := range []string{
		"PK", "7z\xbc\xaf", "\x1f\x8b", "\xfd7zXZ", "\x28\xb5\x2f\xfd", "BZh", "Rar!", // archives
		"\x89PNG", "\xff\xd8\xff", "GIF8", "RIFF", "%PDF", "SQLite format 3", // pictures, documents
		"\x84", "\x85", "\x8c", "\x8d", "\xc1", "\xc3", // OpenPGP messages to a key or a password (RFC 9580 section 4.2)
		"age-encryption.org", "Salted__", "\x03\xd9\xa2\x9a", "LUKS", // age, openssl, KeePass, dm-crypt
	} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return true
		}
	}
	return false
}
