package pivkey

import "ykmfa/internal/iso7816"

// metadata is what GET METADATA tells about a key, the PIN or the management key ("Get metadata", table 1). What was
// not told is nil. The tags are the order of the fields: 01 to 06.
type metadata struct {
	algorithm, policy, origin, public, isDefault, retries []byte
}

const originGenerated = 1

func (s *Session) hasMetadata() bool { return !s.Version.Less(Version{5, 3, 0}) }

func (s *Session) metadata(reference byte) (metadata, error) {
	resp, err := s.send(iso7816.Command{INS: insMetadata, P2: reference})
	if err != nil {
		return metadata{}, err
	}
	m, ok := parseMetadata(resp)
	if !ok {
		return metadata{}, corrupt(insMetadata)
	}
	return m, nil
}

// parseMetadata takes the tags in any order and skips those that it does not know.
func parseMetadata(resp []byte) (m metadata, ok bool) {
	fields := [...]*[]byte{1: &m.algorithm, &m.policy, &m.origin, &m.public, &m.isDefault, &m.retries}
	for in := iso7816.String(resp); !in.Empty(); {
		var tag byte
		var value []byte
		if !in.ReadTLV(&tag, &value) {
			return metadata{}, false
		}
		if int(tag) < len(fields) && fields[tag] != nil {
			*fields[tag] = value
		}
	}
	return m, len(m.algorithm) == 1 && (m.policy == nil || len(m.policy) == 2)
}

func (m metadata) pinPolicy() PINPolicy {
	if m.policy == nil {
		return PINUnknown
	}
	return PINPolicy(m.policy[0])
}

func (m metadata) touchPolicy() TouchPolicy {
	if m.policy == nil {
		return TouchUnknown
	}
	return TouchPolicy(m.policy[1])
}
