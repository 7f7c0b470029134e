package sheet

import "strings"

// alphabet is that of bech32 (BIP 173, "Bech32"): a character stands for its place, 0 to 31. It has no 1, B, I and O.
const alphabet = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"

// prefix begins the text of every age X25519 identity. Up to the 1, which bech32 puts between, it is the human-readable
// part (the age specification, "The X25519 recipient type").
const prefix = "AGE-SECRET-KEY-1"

const (
	dataLength     = 58 // characters behind the prefix: 32 bytes in 52 of them, and
	checksumLength = 6  // the checksum of bech32
)

// validIdentity reports whether the characters behind the prefix, in upper case, are those of an identity.
func validIdentity(data []byte) bool {
	if len(data) != dataLength || foreign(data) {
		return false
	}
	// 52 characters are 260 bits: four too many, which are zero.
	if last := value(data[dataLength-checksumLength-1]); last&0xf != 0 {
		return false
	}
	sum := uint32(1)
	hrp := strings.ToLower(strings.TrimSuffix(prefix, "1"))
	for i := range len(hrp) {
		sum = polymod(sum, uint32(hrp[i]>>5))
	}
	sum = polymod(sum, 0)
	for i := range len(hrp) {
		sum = polymod(sum, uint32(hrp[i]&31))
	}
	for _, c := range data {
		sum = polymod(sum, value(c))
	}
	return sum == 1
}

// polymod takes one more character into a checksum (BIP 173, "Checksum").
func polymod(sum, v uint32) uint32 {
	top := sum >> 25
	sum = sum&0x1ffffff<<5 ^ v
	for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 == 1 {
			sum ^= g
		}
	}
	return sum
}

func value(c byte) uint32 { return uint32(strings.IndexByte(alphabet, c)) }

// foreign reports whether there is a character that bech32 does not have.
func foreign(chars []byte) bool {
	for _, c := range chars {
		if strings.IndexByte(alphabet, c) < 0 {
			return true
		}
	}
	return false
}
