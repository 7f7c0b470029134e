package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"ykmfa/internal/otpauth"
)

var lastPass = manager{
	form:    "lpass:NAME",
	program: "lpass",
	install: "install lastpass-cli, then: lpass login YOUR@EMAIL",
	folders: true,
	// -x because two matches are otherwise a success that prints no entry. Only --json leaves no access log to upload.
	show:   []string{"show", "--json", "-x", "--color=never", "--", "{}"},
	cached: []string{"show", "--sync=no", "--json", "-x", "--color=never", "--", "{}"},
	insert: []string{"add", "--sync=auto", "--non-interactive", "--notes", "--color=never", "--", "{}"},
	// add is done when the entry is queued; sync waits for the queue and fetches what the server then has.
	settle: []string{"sync", "--color=never"},
	parse:  parseLastPass,
	faults: []fault{
		{"could not find specified account", KindNotFound, "lpass ls"},
		{"could not authenticate for protected entry", KindLocked, "run ykmfa in a terminal: LastPass asks again for the password of this entry"},
		{"askpass", KindLocked, "lpass ls (it asks for the master password)"},
		{"pinentry", KindLocked, "lpass ls (it asks for the master password)"},
		{"master password", KindLocked, "lpass ls (it asks for the master password)"},
		{"could not find decryption key", KindNotLoggedIn, "lpass login YOUR@EMAIL"},
		{"could not find session", KindNotLoggedIn, "lpass login YOUR@EMAIL"},
		{"session is invalid", KindNotLoggedIn, "lpass login YOUR@EMAIL"},
		{"resolve host", KindOffline, "connect to the network, then: lpass sync"},
		{"timeout was reached", KindOffline, "connect to the network, then: lpass sync"},
		{"connect to server", KindOffline, "connect to the network, then: lpass sync"},
		{"unable to find shared folder", KindFailed, "make the shared folder in LastPass first, or use another name"},
		{"multiple matches", KindSeveral, "lpass ls, and use the id of the entry as its name"},
	},
	prompts: []string{"Master Password: "},
}

// lastPassEntry is an object of lpass show --json, with the values as they are written there.
type lastPassEntry struct {
	ID       json.RawMessage `json:"id"`
	Name     json.RawMessage `json:"name"`
	FullName json.RawMessage `json:"fullname"`
	Username json.RawMessage `json:"username"`
	Password json.RawMessage `json:"password"`
	URL      json.RawMessage `json:"url"`
	Note     json.RawMessage `json:"note"`
}

// secureNote is the URL by which LastPass marks an entry that is only a note.
const secureNote = "http://sn"

// parseLastPass reads what lpass show --json -x prints, and keeps the entries of exactly that name or id.
func parseLastPass(printed []byte, at place) ([]entry, error) {
	if len(bytes.TrimSpace(printed)) == 0 {
		return nil, errors.New("lpass said that it succeeded, and printed nothing")
	}
	if bytes.HasPrefix(printed, []byte("Multiple matches found")) {
		return nil, fail(KindSeveral, "lpass ls, and use the id of the entry as its name", errors.New("several entries have this name"))
	}
	var objects []lastPassEntry
	if json.Unmarshal(printed, &objects) != nil { // whose error may quote what it read
		return nil, errors.New("lpass printed something that is not its JSON")
	}
	var entries []entry
	for _, o := range objects {
		id, short, full := string(unquote(o.ID)), string(unquote(o.Name)), string(unquote(o.FullName))
		if id == at.name || short == at.name || full == at.name {
			entries = append(entries, o.entry(fmt.Sprintf("%s [id: %s]", full, id)))
		}
		otpauth.Wipe(o.Password)
		otpauth.Wipe(o.Note)
	}
	return entries, nil
}

// entry makes the fields. The note of a secure note stands where another entry has its password.
func (o lastPassEntry) entry(name string) entry {
	note := field{name: "note", value: unquote(o.Note)}
	if string(unquote(o.URL)) == secureNote {
		note.role = rolePassword
	}
	e := entry{name: name, fields: []field{
		{name: "password", role: rolePassword, value: unquote(o.Password)},
		note,
		{name: "username", value: unquote(o.Username)},
		{name: "url", value: unquote(o.URL)},
	}}
	e.fields = append(e.fields, fieldsOfText(note.value)...)
	return e
}
