package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"ykmfa/internal/otpauth"
)

// A new version of a path replaces all of its fields, so -cas=0 has put make new paths only.
var hashiVault = manager{
	form:    "hcvault:MOUNT/PATH[#FIELD]",
	program: "vault",
	orElse:  "bao",
	install: "install vault (HashiCorp Vault) or bao (OpenBao), set VAULT_ADDR, then: vault login",
	split:   splitVault,
	show:    []string{"kv", "get", "-mount={in}", "-format=json", "{}"},
	insert:  []string{"kv", "put", "-mount={in}", "-cas=0", "{}", "{field}=-"},
	inField: "totp", // found again by its name
	encode:  func(_ place, value []byte) []byte { return bytes.Clone(value) },
	parse:   parseVault,
	faults: []fault{
		{"no value found at", KindNotFound, "{program} kv list -mount={in}"},
		{"not present in secret", KindNotFound, "{program} kv get -mount={in} {}"},
		{"check-and-set", KindExists, "choose another path"},
		{"missing client token", KindNotLoggedIn, "{program} login"},
		{"invalid token", KindNotLoggedIn, "{program} login"},
		{"permission denied", KindNotLoggedIn, "{program} login, with a policy that allows this path"},
		{"is sealed", KindLocked, "{program} operator unseal"},
		{"no handler for route", KindFailed, "{program} secrets list: the first part of the path is where a kv store is mounted"},
		{"preflight capability check", KindFailed, "{program} secrets list: the first part of the path is where a kv store is mounted"},
		{"connection refused", KindOffline, "is VAULT_ADDR right? {program} status"},
		{"no such host", KindOffline, "is VAULT_ADDR right? {program} status"},
		{"i/o timeout", KindOffline, "is VAULT_ADDR right? {program} status"},
		{"deadline exceeded", KindOffline, "is VAULT_ADDR right? {program} status"},
		{"gave http response to https client", KindOffline, "export VAULT_ADDR=http://..."},
	},
}

// splitVault reads MOUNT/PATH. A path that climbs out of its mount is none, and what vault would take for the name of
// a file, or for a value, is no field.
func splitVault(ref Ref) (place, error) {
	mount, path, _ := strings.Cut(strings.Trim(ref.Rest, "/"), "/")
	at := place{in: mount, name: path, field: ref.Field}
	switch parts := strings.Split(ref.Rest, "/"); {
	case mount == "" || path == "":
		return place{}, errors.New("needs MOUNT/PATH")
	case slices.Contains(parts, "..") || slices.Contains(parts, "."):
		return place{}, errors.New("climbs in its path")
	case strings.HasPrefix(at.field, "@") || strings.Contains(at.field, "="):
		return place{}, errors.New("a field cannot begin with @, or hold =")
	}
	return at, nil
}

// parseVault reads the JSON of kv get. In version 2 of the store the fields are one level further in, beside their
// metadata; a deleted version has only the metadata.
func parseVault(printed []byte, at place) ([]entry, error) {
	if len(bytes.TrimSpace(printed)) == 0 {
		return nil, errors.New("it said that it succeeded, and printed nothing")
	}
	var answer struct {
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(printed, &answer) != nil || answer.Data == nil { // whose error may quote what it read
		return nil, errors.New("it printed something that is not its JSON")
	}
	defer otpauth.Wipe(answer.Data)
	var second struct {
		Data     json.RawMessage            `json:"data"`
		Metadata map[string]json.RawMessage `json:"metadata"`
	}
	object := answer.Data
	if json.Unmarshal(object, &second) == nil && second.Metadata["version"] != nil {
		object = second.Data
		defer otpauth.Wipe(object)
	}
	if len(object) == 0 || string(object) == "null" {
		return nil, fail(KindNotFound, "the newest version was deleted", errors.New("no such entry"))
	}
	fields, err := fieldsOfObject(object)
	if err != nil {
		return nil, errors.New("it printed something that is not its JSON")
	}
	return []entry{{name: at.name, fields: fields}}, nil
}
