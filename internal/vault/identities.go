package vault

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"filippo.io/age"
	"filippo.io/age/plugin"
)

// parseIdentities reads a file of identities. Those of plugins other than age-plugin-yubikey are passed over: their
// programs may still read the vault.
func parseIdentities(text []byte) (ids []age.Identity, keys []Key, err error) {
	for n, line := 1, []byte(nil); len(text) > 0; n++ {
		line, text, _ = bytes.Cut(text, []byte("\n"))
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0 || line[0] == '#':
		case bytes.HasPrefix(line, []byte("AGE-PLUGIN-")):
			if k, ok := parseKeyIdentity(string(line)); ok {
				keys = append(keys, k)
			}
		default:
			id, err := age.ParseIdentities(bytes.NewReader(line))
			if err != nil {
				return nil, nil, fmt.Errorf("identities: line %d is no identity of age", n)
			}
			ids = append(ids, id...)
		}
	}
	return ids, keys, nil
}

// parseKeyIdentity reads AGE-PLUGIN-YUBIKEY-1...: serial number, slot and tag.
func parseKeyIdentity(line string) (Key, bool) {
	name, data, err := plugin.ParseIdentity(strings.TrimSpace(line))
	if err != nil || name != "yubikey" || len(data) != 9 {
		return Key{}, false
	}
	return Key{Serial: binary.LittleEndian.Uint32(data), Slot: data[4], Tag: [4]byte(data[5:])}, true
}

// Keys are the YubiKeys that may open entries: recipients, and identities that are not encrypted.
func (v *Vault) Keys() ([]Key, error) {
	list, err := v.EveryRecipient()
	if err != nil {
		return nil, err
	}
	var keys []Key
	for _, r := range list {
		if r.Key != nil {
			keys = append(keys, *r.Key)
		}
	}
	if encrypted, there := v.Encrypted(); encrypted || !there {
		return keys, nil
	}
	text, err := v.Identities(nil)
	if err != nil {
		return keys, err
	}
	defer clear(text)
	_, more, err := parseIdentities(text)
	return append(keys, more...), err
}
