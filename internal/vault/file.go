package vault

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"filippo.io/age"
	"filippo.io/age/armor"
	"golang.org/x/crypto/chacha20poly1305"

	"ykmfa/internal/disk"
)

// An entry is an age file of one chunk (age-encryption.org/v1). The header is age's own; the chunk is sealed and opened
// here, because age's readers and writers leave the text in buffers that nobody can wipe.
const (
	maxText = 32 << 10         // bytes in the clear: less than a chunk, far more than any URI
	maxFile = maxText + 64<<10 // bytes of a file: room for many recipients
	nonce   = 16               // bytes between header and chunk
	last    = 0x01             // flag of the last chunk, at the end of its nonce
	payload = "payload"        // what the chunk's key is derived for
)

// spy keeps the file key that age makes, so that what was written can be proven without any identity.
type spy struct {
	age.Recipient
	fileKey *[]byte
}

// WrapWithLabels implements age.RecipientWithLabels.
func (s spy) WrapWithLabels(fileKey []byte) ([]*age.Stanza, []string, error) {
	*s.fileKey = bytes.Clone(fileKey)
	if labelled, ok := s.Recipient.(age.RecipientWithLabels); ok {
		return labelled.WrapWithLabels(fileKey)
	}
	stanzas, err := s.Recipient.Wrap(fileKey)
	return stanzas, nil, err
}

// seal encrypts text, and proves that it opens again.
func seal(text []byte, to []Recipient) ([]byte, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("longer than %d KiB", maxText>>10)
	}
	var fileKey []byte
	recipients := make([]age.Recipient, len(to))
	for i, r := range to {
		if recipients[i] = r.age; r.age == nil {
			return nil, fmt.Errorf("%w: %s: %s", ErrRecipients, r.Text, r.Bad)
		}
	}
	if len(recipients) == 0 {
		return nil, errNoRecipients
	}
	recipients[0] = spy{recipients[0], &fileKey}
	var out bytes.Buffer
	if _, err := age.Encrypt(&out, recipients...); err != nil { // writes header and nonce; the chunk is ours
		return nil, fmt.Errorf("%w: %w", ErrRecipients, err)
	}
	defer clear(fileKey)
	aead, err := chunkKey(fileKey, out.Bytes()[out.Len()-nonce:])
	if err != nil {
		return nil, err
	}
	data := aead.Seal(out.Bytes(), chunkNonce(), text, nil)
	back, err := open(data, age.NewInjectedFileKeyIdentity(fileKey))
	defer clear(back)
	if err != nil || !bytes.Equal(back, text) {
		return nil, errors.New("internal error: what was encrypted does not open")
	}
	return data, nil
}

// open decrypts an age file of one chunk.
func open(data []byte, identities ...Identity) ([]byte, error) {
	data, err := dearmor(data)
	if err != nil {
		return nil, err
	}
	header, err := age.ExtractHeader(bytes.NewReader(data))
	if err != nil || !bytes.HasPrefix(data, header) || len(data) < len(header)+nonce {
		return nil, ErrDamaged
	}
	fileKey, err := unwrap(header, identities)
	if err != nil {
		return nil, err
	}
	defer clear(fileKey)
	rest := data[len(header):]
	aead, err := chunkKey(fileKey, rest[:nonce])
	if err != nil {
		return nil, err
	}
	text, err := aead.Open(nil, chunkNonce(), rest[nonce:], nil)
	if err != nil {
		return nil, ErrDamaged
	}
	return text, nil
}

// dearmor takes off the armor of age, where there is one.
func dearmor(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte(armor.Header)) {
		return data, nil
	}
	data, err := io.ReadAll(armor.NewReader(bytes.NewReader(data)))
	if err != nil {
		return nil, ErrDamaged
	}
	return data, nil
}

func unwrap(header []byte, identities []Identity) ([]byte, error) {
	if len(identities) == 0 {
		return nil, ErrNoMatch
	}
	fileKey, err := age.DecryptHeader(header, identities...)
	var none *age.NoIdentityMatchError
	var own *identityError
	switch {
	case errors.As(err, &none):
		return nil, ErrNoMatch
	case errors.As(err, &own):
		return nil, own
	case err != nil: // a bad MAC, or a stanza that cannot be
		return nil, ErrDamaged
	}
	return fileKey, nil
}

func chunkKey(fileKey, nonce []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, fileKey, nonce, payload, chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return chacha20poly1305.New(key)
}

// chunkNonce is that of a chunk which is both first and last.
func chunkNonce() []byte {
	n := make([]byte, chacha20poly1305.NonceSize)
	n[len(n)-1] = last
	return n
}

func readBounded(file string) ([]byte, error) {
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() { // nobody may ever write to a pipe
		return nil, fmt.Errorf("%w: %s is not a file", ErrDamaged, filepath.Base(file))
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, fmt.Errorf("%w: larger than %d KiB", ErrDamaged, maxFile>>10)
	}
	return data, err
}

// replace writes a file in place of the one that is there, or that a link there leads to, with mode 0600, and proves it.
func replace(file string, data []byte) error {
	real, err := disk.Real(file)
	if err != nil {
		return err
	}
	os.Chmod(real, 0o600) // of a checkout of git, say; Replace keeps the mode
	if err := disk.Replace(real, data, true); err != nil {
		return err
	}
	return readBack(real, data)
}

// readBack proves that the disk has what was written.
func readBack(file string, data []byte) error {
	back, err := readBounded(file)
	if err != nil || !bytes.Equal(back, data) {
		return errors.Join(errors.New("was written, but does not read back the same"), err)
	}
	return nil
}

// Encrypt encrypts a text of any length to recipients (age1...), for "age -d".
func Encrypt(text []byte, recipients []string) ([]byte, error) {
	var to []age.Recipient
	for _, one := range recipients {
		r, err := ParseRecipient(one)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", one, err)
		}
		to = append(to, r.age)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}
