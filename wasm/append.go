package wasm

import "encoding/binary"

func appendUint(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

func appendSized(b, contents []byte) []byte {
	return append(appendUint(b, uint32(len(contents))), contents...)
}

func appendName(b []byte, name string) []byte {
	return append(appendUint(b, uint32(len(name))), name...)
}

// appendSigned writes a signed LEB128 number.
func appendSigned(b []byte, v int64) []byte {
	for v < -64 || v > 63 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v)&0x7f)
}
