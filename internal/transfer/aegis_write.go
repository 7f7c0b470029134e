package transfer

import (
	"time"

	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

// writeAegis writes a plain vault (Aegis, docs/vault.md): version 1 of the file, version 3 of its content.
func writeAegis(entries []Entry) ([]byte, error) {
	w := newJSONWriter(entries, 400)
	w.add(`{"version":1,"header":{"slots":null,"params":null},"db":{"version":3,"entries":[`)
	w.list(entries, func(_ int, p otpauth.Params) {
		kind, digits := "totp", p.Digits
		switch {
		case isSteam(p.Issuer):
			kind, digits = "steam", 5
		case p.Type == oath.HOTP:
			kind = "hotp"
		}
		w.add(`{"type":"`, kind, `","uuid":"`, newUUID(), `","name":`, quoted(p.Account), `,"issuer":`, quoted(p.Issuer))
		w.add(`,"note":"","favorite":false,"icon":null,"info":{"secret":`)
		w.secret(p.Secret)
		w.add(`,"algo":"`, p.Algorithm, `","digits":`, digits)
		w.movingFactor(p)
		w.add(`},"groups":[]}`)
	})
	w.add("],\"groups\":[],\"icons_optimized\":true}}\n")
	return w.buf, nil
}

// movingFactor appends the counter or the period.
func (w *jsonWriter) movingFactor(p otpauth.Params) {
	if p.Type == oath.HOTP {
		w.add(`,"counter":`, p.Counter)
		return
	}
	w.add(`,"period":`, int64(p.Period/time.Second))
}
