package transfer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"ykmfa/internal/otpauth"
)

// The vault of Aegis, as its docs/vault.md describes it ("Aegis" below).

type aegisVault struct {
	Version number
	Header  struct {
		Slots  []aegisSlot
		Params aegisSeal
	}
	DB raw
}

// aegisSlot is one way to the master key (Aegis, Slots).
type aegisSlot struct {
	Type      number
	Key       string
	KeyParams aegisSeal `json:"key_params"`
	N, R, P   number
	Salt      string
}

// aegisSeal is what AES-GCM needs besides the key, in hexadecimal.
type aegisSeal struct {
	Nonce, Tag string
}

const (
	aegisPassword = 1  // type of slot
	aegisMaxSlots = 16 // each costs a key derivation
)

func isAegis(data []byte) bool { return looksJSON(data, '{', "header", "slots", "db") }

func readAegis(ctx context.Context, in Input) (*File, error) {
	var vault aegisVault
	if err := parseJSON(in.Data, &vault); err != nil {
		return nil, err
	}
	if vault.Version != 1 {
		return nil, fmt.Errorf("version %d of the vault is not known", vault.Version)
	}
	if vault.DB.null() {
		return nil, errShape
	}
	if vault.DB[0] != '"' {
		return aegisEntries(vault.DB)
	}
	plain, err := vault.open(ctx, in)
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(plain)
	return aegisEntries(plain)
}

// open decrypts the content with the master key, which any of the password slots holds.
func (v *aegisVault) open(ctx context.Context, in Input) ([]byte, error) {
	unlock, err := v.slots()
	if err != nil {
		return nil, err
	}
	var sealed []byte
	if err := parseJSON(v.DB, &sealed); err != nil { // base64
		return nil, errDamaged
	}
	master, err := in.ask(ctx, "password of the Aegis vault", unlock)
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(master)
	plain, err := v.Header.Params.open(master, sealed)
	if err != nil {
		return nil, errDamaged // the password was right
	}
	return plain, nil
}

// slots returns what tries a password on each slot that has one. Of other slots the key never leaves the phone.
func (v *aegisVault) slots() (derivation, error) {
	var unlock []derivation
	for _, slot := range v.Header.Slots {
		if slot.Type != aegisPassword {
			continue
		}
		try, err := slot.derivation()
		if err != nil {
			return nil, err
		}
		unlock = append(unlock, try)
	}
	switch {
	case len(unlock) == 0:
		return nil, errors.New("it opens by fingerprint only: export again with a password")
	case len(unlock) > aegisMaxSlots:
		return nil, errCost("too many passwords")
	}
	return func(password []byte) ([]byte, error) {
		for _, try := range unlock {
			if master, err := try(password); err == nil {
				return master, nil
			}
		}
		return nil, ErrPassword
	}, nil
}

func (s *aegisSlot) derivation() (derivation, error) {
	salt, err1 := hex.DecodeString(s.Salt)
	key, err2 := hex.DecodeString(s.Key)
	if err1 != nil || err2 != nil {
		return nil, errDamaged
	}
	derive, err := byScrypt(salt, int64(s.N), int64(s.R), int64(s.P))
	if err != nil {
		return nil, err
	}
	return func(password []byte) ([]byte, error) {
		wrapper, err := derive(password)
		if err != nil {
			return nil, err
		}
		defer otpauth.Wipe(wrapper)
		return s.KeyParams.open(wrapper, key)
	}, nil
}

func (s aegisSeal) open(key, sealed []byte) ([]byte, error) {
	nonce, err1 := hex.DecodeString(s.Nonce)
	tag, err2 := hex.DecodeString(s.Tag)
	if err1 != nil || err2 != nil {
		return nil, errDamaged
	}
	return openGCM(key, nonce, slices.Concat(sealed, tag))
}

// aegisEntries reads the content (Aegis, Content).
func aegisEntries(data []byte) (*File, error) {
	var db struct{ Entries raw }
	if err := parseJSON(data, &db); err != nil {
		return nil, err
	}
	file := &File{}
	err := db.Entries.each(func(n int, element raw) error {
		p, err := aegisEntry(element)
		return file.add(entryNumber(n), "", p, err)
	})
	return file.unless(err)
}

func aegisEntry(element raw) (otpauth.Params, error) {
	var e struct {
		Type, Name, Issuer string
		Info               struct {
			Secret                  text
			Algo                    string
			Digits, Period, Counter number
		}
	}
	err := parseEntry(element, &e)
	defer otpauth.Wipe(e.Info.Secret)
	if err != nil {
		return otpauth.Params{}, err
	}
	if e.Type == "yandex" {
		e.Type = "yaotp" // as URIs call it
	}
	return otpauth.Fields{Type: e.Type, Issuer: e.Issuer, Account: e.Name, Secret: e.Info.Secret, Algorithm: e.Info.Algo,
		Digits: e.Info.Digits.String(), Period: e.Info.Period.String(), Counter: e.Info.Counter.String()}.Params()
}
