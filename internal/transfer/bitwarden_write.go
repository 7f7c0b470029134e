package transfer

import (
	"cmp"
	"errors"

	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

func fitsBitwarden(p otpauth.Params) error {
	if p.Type == oath.HOTP {
		return errors.New("it counts, and Bitwarden knows only codes that go by the time")
	}
	return fitsSteam(p)
}

// writeBitwarden writes logins that have nothing but a one-time password. What Bitwarden needs of them is listed in its
// help ("Condition a Bitwarden .csv or .json"); the rest is as it exports it.
func writeBitwarden(entries []Entry) ([]byte, error) {
	w := newJSONWriter(entries, 500)
	w.add(`{"encrypted":false,"folders":[],"items":[`)
	w.list(entries, func(_ int, p otpauth.Params) {
		uri := bitwardenURI(p)
		defer otpauth.Wipe(uri)
		w.add(`{"id":"`, newUUID(), `","organizationId":null,"folderId":null,"type":1,"reprompt":0,"name":`)
		w.add(quoted(cmp.Or(p.Issuer, p.Account)), `,"notes":null,"favorite":false,"login":{"uris":[],"username":`)
		w.add(quoted(p.Account), `,"password":null,"totp":`, quoted(uri), `},"collectionIds":null}`)
	})
	w.add("]}\n")
	return w.buf, nil
}

func bitwardenURI(p otpauth.Params) []byte {
	if !isSteam(p.Issuer) {
		return p.URI()
	}
	text := otpauth.EncodeSecret(p.Secret)
	defer otpauth.Wipe(text)
	return append(append(make([]byte, 0, len(text)+8), "steam://"...), text...)
}
