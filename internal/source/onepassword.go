package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"ykmfa/internal/otpauth"
)

// op read of a one-time-password field gives the current code with ?attribute=otp, so the whole item is read, and the
// stored value of the field. op item create takes a template on a pipe only.
var onePassword = manager{
	form:    "op://VAULT/ITEM[/FIELD]",
	program: "op",
	install: "install the 1Password CLI (https://developer.1password.com/docs/cli), then: op signin",
	split:   splitOnePassword,
	show:    []string{"item", "get", "--format=json", "--vault={in}", "--", "{}"},
	insert:  []string{"item", "create", "--format=json", "--vault={in}", "-"},
	inField: "one-time password",
	encode:  encodeOnePassword,
	parse:   parseOnePassword,
	faults: []fault{
		{"more than one item matches", KindSeveral, "op item list, and use the id of one as its name"},
		{"isn't an item", KindNotFound, "op item list"},
		{"isn't a vault", KindFailed, "op vault list"},
		{"more than one vault matches", KindSeveral, "op vault list, and use the id of one as its name"},
		{"not currently signed in", KindNotLoggedIn, "eval $(op signin)"},
		{"not signed in", KindNotLoggedIn, "eval $(op signin)"},
		{"session expired", KindNotLoggedIn, "eval $(op signin)"},
		{"no accounts configured", KindNotLoggedIn, "op account add, or turn on the CLI in the settings of the 1Password app"},
		{"authorization prompt dismissed", KindLocked, "run it again, and unlock 1Password when it asks"},
		{"authorization timeout", KindLocked, "run it again, and unlock 1Password when it asks"},
		{"connecting to desktop app", KindLocked, "start the 1Password app and unlock it"},
		{"a vault query must be provided", KindUsage, "name the vault: op://VAULT/ITEM"},
		{"no such host", KindOffline, "connect to the network"},
		{"network is unreachable", KindOffline, "connect to the network"},
		{"connection refused", KindOffline, "connect to the network"},
	},
}

// splitOnePassword reads //VAULT/ITEM[/[SECTION/]FIELD], as 1Password itself writes it, or else the name of an item.
func splitOnePassword(ref Ref) (place, error) {
	rest, own := strings.CutPrefix(ref.Rest, "//")
	if !own {
		return place{name: ref.Rest, field: ref.Field}, nil
	}
	if strings.Contains(rest, "?") {
		return place{}, errors.New("has a ?, and with ?attribute=otp it would be a current code: leave it out")
	}
	parts := strings.SplitN(rest, "/", 3)
	at := place{in: parts[0], field: ref.Field}
	if len(parts) > 1 {
		at.name = parts[1]
	}
	if len(parts) > 2 && ref.Field != "" {
		return place{}, errors.New("names a field twice")
	}
	if len(parts) > 2 {
		at.field = parts[2]
	}
	if strings.TrimSpace(at.in) == "" || len(parts) > 2 && parts[2] == "" || strings.Count(at.field, "/") > 1 {
		return place{}, errors.New("is not //VAULT/ITEM[/[SECTION/]FIELD]")
	}
	return at, nil
}

// onePasswordItem is what op item get --format json prints. A field of type OTP also has the current code, in totp,
// which is no secret to keep.
type onePasswordItem struct {
	ID     string             `json:"id"`
	Title  string             `json:"title"`
	Fields []onePasswordField `json:"fields"`
}

type onePasswordField struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Purpose string          `json:"purpose"`
	Label   string          `json:"label"`
	Value   json.RawMessage `json:"value"`
	Section struct {
		ID    string `json:"id"`
		Label string `json:"label"`
	} `json:"section"`
}

func parseOnePassword(printed []byte, at place) ([]entry, error) {
	if len(bytes.TrimSpace(printed)) == 0 {
		return nil, errors.New("op said that it succeeded, and printed nothing")
	}
	var item onePasswordItem
	if json.Unmarshal(printed, &item) != nil { // whose error may quote what it read
		return nil, errors.New("op printed something that is not its JSON")
	}
	e := entry{name: fmt.Sprintf("%s [id: %s]", item.Title, item.ID)}
	for _, f := range item.Fields {
		e.fields = append(e.fields, f.fields(at)...)
		otpauth.Wipe(f.Value)
	}
	if !strings.EqualFold(item.Title, at.name) && item.ID != at.name { // op searches
		wipeEntries([]entry{e})
		return nil, nil
	}
	return []entry{e}, nil
}

// fields makes one field, and of a note also those that are in its text.
func (f onePasswordField) fields(at place) []field {
	one := field{name: f.called(at.field), value: unquote(f.Value)}
	switch {
	case f.Type == "OTP":
		one.role = roleOTP
	case f.Purpose == "PASSWORD":
		one.role = rolePassword
	case f.Purpose == "NOTES":
		return append([]field{one}, fieldsOfText(one.value)...)
	}
	return []field{one}
}

// called is the field's name: its label, unless the reference calls it by id, or with its section.
func (f onePasswordField) called(wanted string) string {
	section, name, sectioned := strings.Cut(wanted, "/")
	if !sectioned {
		section, name = "", wanted
	}
	label := f.Label
	if label == "" || f.ID == name {
		label = f.ID
	}
	if sectioned && (strings.EqualFold(f.Section.Label, section) || f.Section.ID == section) {
		return section + "/" + label
	}
	return label
}

// encodeOnePassword makes the template of a login that has nothing but a one-time-password field.
func encodeOnePassword(at place, value []byte) []byte {
	return template(`{"title":`, []byte(at.name), `,"category":"LOGIN","fields":[{"id":"otp","type":"OTP","label":`,
		[]byte(at.field), `,"value":`, value, `}]}`)
}
