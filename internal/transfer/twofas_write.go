package transfer

import (
	"cmp"
	"errors"
	"math"
	"strings"
	"time"

	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

var errOddSteam = errors.New("it asks for codes of Steam that are unlike Steam's own, which have SHA1 and 30 seconds")

// fitsSteam: programs that have a type of its own for Steam take all the rest from Steam.
func fitsSteam(p otpauth.Params) error {
	if isSteam(p.Issuer) && (p.Algorithm != oath.SHA1 || p.Period != oath.DefaultPeriod) {
		return errOddSteam
	}
	return nil
}

func fits2FAS(p otpauth.Params) error {
	if p.Counter > math.MaxInt32 {
		return errors.New("its counter is beyond what 2FAS counts to") // BackupService.kt: an Int
	}
	return fitsSteam(p)
}

// write2FAS writes a backup as data/services of 2FAS does (BackupContent.kt, BackupService.kt; schema 4).
func write2FAS(entries []Entry) ([]byte, error) {
	now := time.Now().UnixMilli()
	w := newJSONWriter(entries, 500)
	w.add(`{"services":[`)
	w.list(entries, func(i int, p otpauth.Params) {
		kind, digits := p.Type.String(), p.Digits
		if isSteam(p.Issuer) {
			kind, digits = "STEAM", 5
		}
		name := cmp.Or(p.Issuer, p.Account)
		w.add(`{"name":`, quoted(name), `,"secret":`)
		w.secret(p.Secret)
		w.add(`,"updatedAt":`, now, `,"otp":{"label":`, quoted(p.Account), `,"account":`, quoted(p.Account), `,"issuer":`, quoted(p.Issuer))
		w.add(`,"digits":`, digits, `,"algorithm":"`, p.Algorithm, `","tokenType":"`, kind, `","source":"Manual"`)
		w.movingFactor(p)
		w.add(`},"order":{"position":`, i, `},"icon":{"selected":"Label","label":{"text":`, quoted(initials(name)))
		w.add(`,"backgroundColor":"LightBlue"},"iconCollection":{"id":"a5b3fb65-4ec5-43e6-8ec1-49e24ca9e7ad"}}}`) // the default one
	})
	w.add(`],"groups":[],"updatedAt":`, now, ",\"schemaVersion\":4,\"appOrigin\":\"android\"}\n")
	return w.buf, nil
}

// initials are the letters that stand in place of an icon.
func initials(name string) string {
	runes := []rune(strings.ToUpper(name))
	return string(runes[:min(len(runes), 2)])
}
