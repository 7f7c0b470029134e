package vault

import (
	"crypto/ecdh"

	"filippo.io/age/plugin"
)

// yubikeyText is the recipient of age-plugin-yubikey.
func yubikeyText(public *ecdh.PublicKey) string {
	return plugin.EncodeRecipient("yubikey", compress(public))
}
