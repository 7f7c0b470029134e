package transfer

import (
	"context"

	"ykmfa/internal/otpauth"
)

// isDuo: Duo Mobile keeps its accounts in files/duokit/accounts.json.
func isDuo(data []byte) bool { return looksJSON(data, '[', "otpGenerator", "otpSecret") }

func readDuo(_ context.Context, in Input) (*File, error) {
	var list raw
	if err := parseJSON(in.Data, &list); err != nil {
		return nil, err
	}
	var file File
	err := list.each(func(n int, element raw) error {
		p, err := duoAccount(element)
		return file.add(entryNumber(n), "", p, err)
	})
	return file.unless(err)
}

// duoAccount: what has a counter counts, and the others go by the time.
func duoAccount(element raw) (otpauth.Params, error) {
	var a struct {
		Name         string
		OTPGenerator struct {
			OTPSecret text
			Counter   *number
		}
	}
	err := parseEntry(element, &a)
	defer otpauth.Wipe(a.OTPGenerator.OTPSecret)
	if err != nil {
		return otpauth.Params{}, err
	}
	f := otpauth.Fields{Account: a.Name, Secret: a.OTPGenerator.OTPSecret}
	if counter := a.OTPGenerator.Counter; counter != nil {
		f.Type, f.Counter = "hotp", counter.String()
	}
	return f.Params()
}
