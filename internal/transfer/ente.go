package transfer

import (
	"context"
	"encoding/base64"
	"fmt"

	"ykmfa/internal/otpauth"
)

// The encrypted export of Ente Auth (docs/auth/migration/export of ente-io/ente). Its content is what the program exports
// without encryption: otpauth URIs, one in a line.

func isEnte(data []byte) bool {
	return looksJSON(data, '{', "kdfParams", "encryptedData", "encryptionNonce")
}

func readEnte(ctx context.Context, in Input) (*File, error) {
	var export struct {
		Version   number
		KDFParams struct {
			MemLimit, OpsLimit number // as libsodium's crypto_pwhash has them: bytes and passes
			Salt               string
		}
		EncryptedData, EncryptionNonce text
	}
	if err := parseJSON(in.Data, &export); err != nil {
		return nil, err
	}
	if export.Version != 1 {
		return nil, fmt.Errorf("version %d of the export is not known", export.Version)
	}
	salt, err1 := base64.StdEncoding.DecodeString(export.KDFParams.Salt)
	sealed, err2 := base64.StdEncoding.AppendDecode(nil, export.EncryptedData)
	header, err3 := base64.StdEncoding.AppendDecode(nil, export.EncryptionNonce)
	if err1 != nil || err2 != nil || err3 != nil || len(header) != streamHeader || len(sealed) < streamOverhead {
		return nil, errDamaged
	}
	derive, err := byArgon2(salt, int64(export.KDFParams.OpsLimit), int64(export.KDFParams.MemLimit)>>10, 1)
	if err != nil {
		return nil, err
	}
	key, err := in.ask(ctx, "password of the Ente Auth export", derive)
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(key)
	plain, err := openStream(key, header, sealed)
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(plain)
	return readURIs(ctx, Input{Data: plain})
}
