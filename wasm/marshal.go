package wasm

import (
	"bytes"
	"fmt"
)

// hardenedMagic begins a Hardened that is marshalled. Its last byte is the format's version.
const hardenedMagic = "patchbay hardened\x01"

// MarshalBinary returns h in a format of its own: numbers are unsigned LEB128, texts and bytes have their length
// before them, and so have lists. In this order: hardenedMagic, HardenVersion, MinPages, MaxPages, the globals
// (export, type), the obstacles, the names (index, name), the data (offset, bytes) and Code. It never fails.
func (h *Hardened) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, len(h.Code)+len(h.Code)/2)
	b = append(b, hardenedMagic...)
	for _, v := range []uint32{HardenVersion, h.MinPages, h.MaxPages, uint32(len(h.Globals))} {
		b = appendUint(b, v)
	}
	for _, g := range h.Globals {
		b = append(appendName(b, g.Export), byte(g.Type))
	}
	b = appendUint(b, uint32(len(h.Obstacles)))
	for _, o := range h.Obstacles {
		b = appendName(b, o)
	}
	b = appendUint(b, uint32(len(h.names)))
	for _, n := range h.names {
		b = appendName(appendUint(b, n.index), n.name)
	}
	b = appendUint(b, uint32(len(h.Data)))
	for _, s := range h.Data {
		b = appendSized(appendUint(b, s.Offset), s.Bytes)
	}
	return appendSized(b, h.Code), nil
}

// UnmarshalBinary is the opposite of MarshalBinary. It fails on what another HardenVersion has made. It does not
// check that Code is a hardened module: what is kept must be kept where nobody else can write.
func (h *Hardened) UnmarshalBinary(data []byte) error {
	if !bytes.HasPrefix(data, []byte(hardenedMagic)) {
		return fmt.Errorf("read a hardened module: it does not begin with %q", hardenedMagic)
	}
	data = bytes.Clone(data)
	r := &reader{data: data, pos: len(hardenedMagic), end: len(data), entry: -1}
	if v := r.uint32("version"); r.err == nil && v != HardenVersion {
		return fmt.Errorf("read a hardened module: version %d, expected %d", v, HardenVersion)
	}
	var got Hardened
	got.MinPages, got.MaxPages = r.uint32("pages"), r.uint32("pages")
	got.Globals = readList(r, 2, func() Global { return Global{r.name("export"), ValueType(r.byte("type"))} })
	got.Obstacles = readList(r, 1, func() string { return r.name("obstacle") })
	got.names = readList(r, 2, func() functionName {
		return functionName{r.uint32("index"), string(r.text(MaxCustomBytes, "name"))}
	})
	got.Data = readList(r, 2, func() Segment { return Segment{r.uint32("offset"), r.bytes(MaxSize, "data")} })
	got.Code = r.bytes(len(data), "code")
	if r.more() {
		r.malformed(r.pos, "%d bytes follow it", r.left())
	}
	if r.err != nil {
		return fmt.Errorf("read a hardened module: byte %d: %s", r.err.Offset, r.err.Problem)
	}
	*h = got
	return nil
}

// readList reads a list whose entries take at least size bytes each; nil if it is empty.
func readList[T any](r *reader, size int, read func() T) []T {
	var entries []T
	for n := r.count(size, r.left(), "entries"); n > 0 && r.err == nil; n-- {
		entries = append(entries, read())
	}
	return entries
}
