package wasm

import (
	"fmt"
	"unicode/utf8"
)

// reader reads a module's bytes up to end. It remembers its first error: every later read returns zero,
// and a loop over entries ends with the reader's condition, so that callers need not check each read.
type reader struct {
	data    []byte
	pos     int
	end     int
	section string // for errors
	entry   int    // for errors; -1 outside of entries
	err     *Error
}

// fail notes the first error, at byte offset of the file, and ends the reading.
func (r *reader) fail(offset int, kind error, fix, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{Kind: kind, Section: r.section, Entry: r.entry, Offset: offset,
			Problem: fmt.Sprintf(format, args...), Fix: fix}
		r.pos = r.end
	}
}

func (r *reader) malformed(offset int, format string, args ...any) {
	r.fail(offset, ErrMalformed, fixMalformed, format, args...)
}

// limit fails unless n is at most max.
func (r *reader) limit(offset int, n uint64, max int, what string) {
	if n > uint64(max) {
		r.fail(offset, ErrLimit, fixLimit, "%d %s, at most %d are allowed", n, what, max)
	}
}

// left returns the number of bytes before end.
func (r *reader) left() int { return r.end - r.pos }

// more reports whether there is something to read and nothing has gone wrong.
func (r *reader) more() bool { return r.err == nil && r.pos < r.end }

func (r *reader) byte(what string) byte {
	if r.pos >= r.end {
		r.malformed(r.pos, "it ends where there should be the %s", what)
		return 0
	}
	r.pos++
	return r.data[r.pos-1]
}

// uint32 reads an unsigned LEB128 number (core specification 5.2.2).
func (r *reader) uint32(what string) uint32 {
	start := r.pos
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte(what)
		if shift == 28 && b > 0x0f {
			break
		}
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.malformed(start, "%s: expected an unsigned number of 32 bits", what)
	return 0
}

// signed reads a signed LEB128 number of so many bits. Its last possible byte may hold only copies of the sign
// bit beyond them.
func (r *reader) signed(bits int, what string) int64 {
	start := r.pos
	var v int64
	for shift := 0; shift < bits; shift += 7 {
		b := r.byte(what)
		if used := bits - shift; used < 7 {
			sign := int8(b<<1) >> used // what is above the bits in use, and the highest of them
			if b >= 0x80 || sign != 0 && sign != -1 {
				break
			}
		}
		v |= int64(b&0x7f) << shift
		if b < 0x80 {
			return v << max(57-shift, 0) >> max(57-shift, 0) // spreads the sign bit
		}
	}
	r.malformed(start, "%s: expected a signed number of %d bits", what, bits)
	return 0
}

// count reads a vector's length. Each entry takes at least size bytes, so that a length which the bytes
// left cannot hold is a lie; max is the limit on honest ones.
func (r *reader) count(size, max int, what string) int {
	start := r.pos
	n := r.uint32(what)
	if r.err == nil && uint64(n)*uint64(size) > uint64(r.left()) {
		r.malformed(start, "%d %s cannot be in the %d bytes that are left", n, what, r.left())
	}
	r.limit(start, uint64(n), max, what)
	if r.err != nil {
		return 0
	}
	return int(n)
}

// skip passes over n bytes.
func (r *reader) skip(n int, what string) {
	if n > r.left() {
		r.malformed(r.pos, "the %s takes %d bytes, %d are left", what, n, r.left())
		return
	}
	r.pos += n
}

// bytes reads a vector of bytes without copying it.
func (r *reader) bytes(max int, what string) []byte {
	start := r.pos
	n := r.uint32(what)
	if uint64(n) > uint64(r.left()) {
		r.malformed(start, "the %s claims %d bytes, %d are left", what, n, r.left())
	} else if uint64(n) > uint64(max) {
		r.fail(start, ErrLimit, fixLimit, "the %s takes %d bytes, at most %d are allowed", what, n, max)
	}
	if r.err != nil {
		return nil
	}
	r.pos += int(n)
	return r.data[r.pos-int(n) : r.pos]
}

// name reads a name, which is UTF-8 (core specification 5.2.4).
func (r *reader) name(what string) string { return string(r.text(MaxName, what)) }

func (r *reader) text(max int, what string) []byte {
	start := r.pos
	b := r.bytes(max, what)
	if !utf8.Valid(b) {
		r.malformed(start, "the %s is not UTF-8", what)
	}
	return b
}

// enter narrows the reader to the next n bytes and returns the end that leave has to restore.
func (r *reader) enter(n uint32, what string) (outer int) {
	outer = r.end
	if uint64(n) > uint64(r.left()) {
		r.malformed(r.pos, "the %s claims %d bytes, %d are left", what, n, r.left())
		return outer
	}
	r.end = r.pos + int(n)
	return outer
}

// leave fails if what was entered has bytes left, and widens the reader again.
func (r *reader) leave(outer int, what string) {
	if r.more() {
		r.malformed(r.pos, "the %s ends %d bytes before the size that it claims", what, r.left())
	}
	r.end = outer
}

// valueTypes reads a vector of value types without keeping them and returns how many there are.
func (r *reader) valueTypes(max int, what string) int {
	n := r.count(1, max, what)
	for i := 0; i < n && r.err == nil; i++ {
		r.valueType()
	}
	return n
}

func (r *reader) valueType() ValueType {
	start := r.pos
	t := ValueType(r.byte("value type"))
	if r.err == nil && !t.known() {
		r.fail(start, ErrUnsupported, fixFeature, "value type %#x, which WebAssembly 2.0 does not have", byte(t))
	}
	return t
}

func (r *reader) referenceType() {
	start := r.pos
	if t := r.valueType(); r.err == nil && !t.reference() {
		r.malformed(start, "type %s, expected funcref or externref", t)
	}
}
