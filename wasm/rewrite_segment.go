package wasm

// This file rewrites element segments, and lifts data segments out.

func (r *rewriter) rewriteElements() {
	for n := r.begin(0); n > 0; n-- {
		start := r.pos
		flags := r.uint32("flags of the segment")
		active := flags&elementPassive == 0
		if active && flags&elementExplicit != 0 {
			r.uint32("table")
		}
		r.buf = append(r.buf, r.raw(start, r.pos)...)
		if active {
			r.copyConstant()
		}
		if flags&(elementPassive|elementExplicit) != 0 {
			r.buf = append(r.buf, r.byte("type of the elements"))
		}
		r.copyElements(flags)
	}
}

func (r *rewriter) copyElements(flags uint32) {
	n := r.uint32("elements")
	r.buf = appendUint(r.buf, n)
	for ; n > 0; n-- {
		if flags&elementExpressions != 0 {
			r.copyConstant()
		} else {
			r.copyFunction()
		}
	}
}

// liftData lifts the active data segments out of the module. Once an instance has started, an active segment is an
// empty one to memory.init and data.drop, so that Code gets an empty passive one in its place.
func (r *rewriter) liftData() {
	r.seek(11)
	if !r.more() {
		return
	}
	n := int(r.uint32("number of segments"))
	r.entry = 0
	for ; r.entry < n && r.err == nil; r.entry++ {
		if flags := r.segmentFlags(); flags == dataPassive {
			r.passive = true
			r.bytes(MaxSize, "data")
			continue
		}
		r.lift()
	}
	r.entry = -1
	// memory.init and data.drop must find as many segments as before, even if all were active.
	r.passive = r.passive || r.spans[12].end > 0
}

func (r *rewriter) segmentFlags() uint32 {
	flags := r.uint32("flags of the segment")
	if flags == dataExplicit {
		r.uint32("memory")
	}
	return flags
}

func (r *rewriter) lift() {
	start := r.pos
	if r.byte("offset") != opI32Const {
		r.fail(start, ErrUnsupported, fixFeature, "a data segment at an offset that is not an i32.const")
		return
	}
	offset := uint32(r.signed(32, "offset"))
	r.pos++ // the end of the expression
	contents := r.bytes(MaxSize, "data")
	if size := uint64(r.module.Memory.Min) * PageSize; uint64(offset)+uint64(len(contents)) > size {
		r.malformed(start, "%d bytes of data at %d do not fit the memory of %d bytes at start", len(contents), offset, size)
		return
	}
	if len(contents) > 0 {
		r.result.Data = append(r.result.Data, Segment{offset, contents})
	}
}

func (r *rewriter) rewriteData() {
	for n := r.begin(0); n > 0; n-- {
		if r.segmentFlags() != dataPassive {
			r.constant()
			r.bytes(MaxSize, "data")
			r.buf = append(r.buf, dataPassive, 0)
			continue
		}
		r.buf = append(r.buf, dataPassive)
		r.buf = appendSized(r.buf, r.bytes(MaxSize, "data"))
	}
}
