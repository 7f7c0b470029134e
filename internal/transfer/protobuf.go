package transfer

import (
	"encoding/binary"
	"iter"
)

// The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), as much of it as one message needs.

// protoField is a field of a message: a number, or bytes.
type protoField struct {
	number uint64 // of the field
	value  uint64 // wire type 0
	bytes  []byte // wire type 2; nil for other types
}

// protoFields yields the fields of a message. A damaged message ends with ok false. Fields of fixed size are passed over:
// no message here has any. So would groups have to be, but nobody has written those for years: they count as damage.
func protoFields(message []byte) iter.Seq2[protoField, bool] {
	return func(yield func(f protoField, ok bool) bool) {
		for len(message) > 0 {
			f, n, known := nextProtoField(message)
			if n <= 0 {
				yield(protoField{}, false)
				return
			}
			message = message[n:]
			if known && !yield(f, true) {
				return
			}
		}
	}
}

// nextProtoField reads the field at the beginning of a message, and returns its length: 0 for damage.
func nextProtoField(message []byte) (f protoField, n int, known bool) {
	key, n := binary.Uvarint(message)
	if n <= 0 || key>>3 == 0 {
		return f, 0, false
	}
	f.number = key >> 3
	rest := message[n:]
	switch key & 7 {
	case 0:
		value, m := binary.Uvarint(rest)
		if m <= 0 {
			return f, 0, false
		}
		f.value = value
		return f, n + m, true
	case 1, 5:
		size := map[uint64]int{1: 8, 5: 4}[key&7]
		if len(rest) < size {
			return f, 0, false
		}
		return f, n + size, false
	case 2:
		size, m := binary.Uvarint(rest)
		if m <= 0 || size > uint64(len(rest)-m) {
			return f, 0, false
		}
		end := m + int(size)
		f.bytes = rest[m:end:end]
		return f, n + end, true
	}
	return f, 0, false
}

func appendProtoNumber(b []byte, number, value uint64) []byte {
	if value == 0 {
		return b // proto3 writes no defaults
	}
	return binary.AppendUvarint(binary.AppendUvarint(b, number<<3), value)
}

func appendProtoBytes(b []byte, number uint64, value []byte) []byte {
	if len(value) == 0 {
		return b
	}
	b = binary.AppendUvarint(binary.AppendUvarint(b, number<<3|2), uint64(len(value)))
	return append(b, value...)
}
