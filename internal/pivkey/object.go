package pivkey

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"ykmfa/internal/iso7816"
)

const (
	tagObjectID    = 0x5c
	tagObject      = 0x53
	tagCertificate = 0x70 // 800-73 part 1, table 10 and the following
	tagCertInfo    = 0x71 // 01: compressed
	tagLRC         = 0xfe
)

// Certificate reads the certificate in a slot, as DER. It is not looked into. ErrNoCertificate: there is none.
func (s *Session) Certificate(slot Slot) ([]byte, error) {
	if err := slot.check(); err != nil {
		return nil, err
	}
	object, err := s.getData(slot.object())
	if err != nil {
		return nil, err
	}
	if len(object) == 0 { // how some programs delete one
		return nil, fmt.Errorf("slot %v: %w", slot, ErrNoCertificate)
	}
	der, info, ok := parseCertificateObject(object)
	if !ok {
		return nil, corrupt(insGetData)
	}
	if info != 0 {
		return nil, fmt.Errorf("compressed certificate in slot %v: %w", slot, ErrNotSupported)
	}
	return slices.Clone(der), nil
}

// parseCertificateObject takes the tags in any order and skips those that it does not know.
func parseCertificateObject(object []byte) (der []byte, info byte, ok bool) {
	for in := iso7816.String(object); !in.Empty(); {
		var tag byte
		var value []byte
		if !in.ReadTLV(&tag, &value) {
			return nil, 0, false
		}
		switch {
		case tag == tagCertificate:
			der = value
		case tag == tagCertInfo && len(value) > 0:
			info = value[0]
		}
	}
	return der, info, len(der) > 0
}

// WriteCertificate puts a certificate into a slot that has none, after AuthenticateManagement, and reads it back.
// ErrOccupied: there is another one; the same one is not written again.
func (s *Session) WriteCertificate(slot Slot, der []byte) error {
	if err := slot.check(); err != nil {
		return err
	}
	if len(der) == 0 {
		return fmt.Errorf("%w: an empty certificate", ErrInvalid)
	}
	content := iso7816.AppendTLV(nil, tagCertificate, der)
	content = append(content, tagCertInfo, 1, 0, tagLRC, 0)
	old, err := s.getData(slot.object())
	switch {
	case err == nil && bytes.Equal(old, content):
		return nil
	case err == nil && len(old) > 0:
		return fmt.Errorf("certificate in slot %v: %w", slot, ErrOccupied)
	case err != nil && !errors.Is(err, ErrNoCertificate):
		return err
	}
	if err := s.putData(slot.object(), content); err != nil {
		return err
	}
	written, err := s.getData(slot.object())
	if err != nil {
		return err
	}
	if !bytes.Equal(written, content) {
		return fmt.Errorf("the certificate in slot %v is not the one that was written: %w", slot, ErrCorrupt)
	}
	return nil
}

// getData reads a data object (800-73 section 3.1.2) and returns what is under its tag 53.
func (s *Session) getData(id []byte) ([]byte, error) {
	resp, err := s.send(iso7816.Command{INS: insGetData, P1: 0x3f, P2: 0xff, Data: iso7816.AppendTLV(nil, tagObjectID, id)})
	if err != nil {
		return nil, err
	}
	in := iso7816.String(resp)
	var content []byte
	if !in.ReadTag(tagObject, &content) || !in.Empty() {
		clear(resp)
		return nil, corrupt(insGetData)
	}
	return content, nil
}

func (s *Session) putData(id, content []byte) error {
	data := iso7816.AppendTLV(nil, tagObjectID, id)
	data = iso7816.AppendTLV(data, tagObject, content)
	_, err := s.send(iso7816.Command{INS: insPutData, P1: 0x3f, P2: 0xff, Data: data})
	return err
}
