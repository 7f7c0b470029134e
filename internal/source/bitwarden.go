package source

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"ykmfa/internal/otpauth"
)

// bw get takes the first entry that has the words anywhere, so entries are searched and compared here. Without
// --nointeraction a locked vault is a success that prints an empty line.
var bitwarden = manager{
	form:    "bw:NAME",
	program: "bw",
	install: "install the Bitwarden CLI (https://bitwarden.com/help/cli), then: bw login",
	show:    []string{"list", "items", "--search", "{}", "--nointeraction"},
	insert:  []string{"create", "item", "--nointeraction"},
	encode:  encodeBitwarden,
	parse:   parseBitwarden,
	faults: []fault{
		{"not logged in", KindNotLoggedIn, "bw login, then: export BW_SESSION=$(bw unlock --raw)"},
		{"vault is locked", KindLocked, unlockBitwarden},
		{"session key is invalid", KindLocked, unlockBitwarden},
		{"more than one result", KindSeveral, "bw list items --search {}, and use the id of one as its name"},
		{"not found.", KindNotFound, "bw list items --search {}"},
		{"enotfound", KindOffline, "connect to the network"},
		{"econnrefused", KindOffline, "connect to the network"},
		{"etimedout", KindOffline, "connect to the network"},
		{"fetch failed", KindOffline, "connect to the network"},
	},
}

const unlockBitwarden = "export BW_SESSION=$(bw unlock --raw)"

// bitwardenItem is an object of bw list items; values as they are written there.
type bitwardenItem struct {
	ID    string          `json:"id"`
	Type  int             `json:"type"`
	Name  string          `json:"name"`
	Notes json.RawMessage `json:"notes"`
	Login struct {
		Username json.RawMessage `json:"username"`
		Password json.RawMessage `json:"password"`
		TOTP     json.RawMessage `json:"totp"`
	} `json:"login"`
	Fields []struct {
		Name  string          `json:"name"`
		Value json.RawMessage `json:"value"`
	} `json:"fields"`
}

// bitwardenNote is the type of an item that is only a note.
const bitwardenNote = 2

// parseBitwarden keeps the items of exactly that name or id.
func parseBitwarden(printed []byte, at place) ([]entry, error) {
	if len(bytes.TrimSpace(printed)) == 0 {
		return nil, fail(KindLocked, unlockBitwarden, errors.New("bw said that it succeeded, and printed nothing: "+reasons[KindLocked]))
	}
	var items []bitwardenItem
	if json.Unmarshal(printed, &items) != nil { // whose error may quote what it read
		return nil, errors.New("bw printed something that is not its JSON")
	}
	var entries []entry
	for _, item := range items {
		if item.ID == at.name || item.Name == at.name {
			entries = append(entries, item.entry())
		}
		item.wipe()
	}
	return entries, nil
}

func (i bitwardenItem) entry() entry {
	note := field{name: "notes", value: unquote(i.Notes)}
	if i.Type == bitwardenNote {
		note.role = rolePassword
	}
	e := entry{name: fmt.Sprintf("%s [id: %s]", i.Name, i.ID), fields: []field{
		{name: "totp", role: roleOTP, value: unquote(i.Login.TOTP)},
		{name: "password", role: rolePassword, value: unquote(i.Login.Password)},
		{name: "username", value: unquote(i.Login.Username)},
		note,
	}}
	for _, f := range i.Fields {
		e.fields = append(e.fields, field{name: f.Name, value: unquote(f.Value)})
	}
	e.fields = append(e.fields, fieldsOfText(note.value)...)
	return e
}

func (i bitwardenItem) wipe() {
	for _, raw := range []json.RawMessage{i.Notes, i.Login.Username, i.Login.Password, i.Login.TOTP} {
		otpauth.Wipe(raw)
	}
	for _, f := range i.Fields {
		otpauth.Wipe(f.Value)
	}
}

// encodeBitwarden makes what bw create item reads: the JSON of a login with nothing but the one-time-password field,
// in base64.
func encodeBitwarden(at place, value []byte) []byte {
	item := template(`{"organizationId":null,"collectionIds":null,"folderId":null,"type":1,"name":`, []byte(at.name),
		`,"notes":null,"favorite":false,"reprompt":0,"fields":[],"login":{"uris":[],"username":null,"password":null,"totp":`,
		value, `}}`)
	defer otpauth.Wipe(item)
	return base64.StdEncoding.AppendEncode(nil, item)
}
