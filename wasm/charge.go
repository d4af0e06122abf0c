package wasm

// This file writes function bodies with the changes that the meter wants.

func (r *rewriter) rewriteCode() {
	for _, e := range r.module.Exports {
		if e.Kind == KindFunction && e.Index >= uint32(r.imported) {
			r.plain[e.Index-uint32(r.imported)] = 0 // the host does not pay
		}
	}
	for _, cost := range r.plain {
		r.dearest = max(r.dearest, cost)
	}
	for i, n := 0, r.begin(0); i < n; i++ {
		r.entry = r.imported + i
		size := int(r.uint32("size of the function body"))
		outer := r.end
		r.end = r.pos + size
		r.rewriteBody(i)
		r.end = outer
		r.buf = appendSized(r.buf, r.body)
	}
}

func (r *rewriter) rewriteBody(i int) {
	groups, first := r.uint32("groups of locals"), r.pos
	locals := uint32(r.arities[r.functions[r.imported+i]].params)
	for range groups {
		locals += r.uint32("number of locals")
		r.valueType()
	}
	start := r.pos
	r.meter.run(r, r.plain[i] > 0)

	// One local more of each type that charges use; none of the raw module's instructions can name it.
	r.body = appendUint(r.body[:0], groups+2)
	r.body = append(r.body, r.raw(first, start)...)
	r.body = append(r.body, 1, byte(I64), 1, byte(I32))
	c := charger{fuel: r.fuel(), tick: r.tick(), left: locals, size: locals + 1}
	done := start
	for _, e := range r.meter.edits {
		r.body = append(r.body, r.raw(done, e.at)...)
		done = e.at + e.drop
		switch e.kind {
		case editFunction:
			r.body = appendUint(r.body, uint32(e.value))
		case editCharge:
			if e.value > 0 {
				r.body = c.charge(r.body, e.value)
			}
		case editSize:
			r.body = c.chargeSize(r.body, e.value)
		}
	}
	r.body = append(r.body, r.raw(done, r.end)...)
}

// charger writes charges. They leave the stack as it was.
type charger struct {
	fuel       uint32 // global
	tick       uint32 // function
	left, size uint32 // locals, of type i64 and i32
}

// charge writes: fuel -= cost; if fuel >= 0 {} else { tick() }. In this order, since wazero's allocation of registers
// takes what it finds at the end of the first branch as the state in which the code behind goes on: had that branch
// the call, which spoils most of them, the other would have to save and load registers each time.
func (c charger) charge(b []byte, cost int64) []byte {
	b = appendUint(append(b, opGlobalGet), c.fuel)
	b = appendSigned(append(b, opI64Const), cost)
	return c.settle(b)
}

// chargeSize writes a charge for the number on top of the stack, shifted right, which stays there.
func (c charger) chargeSize(b []byte, shift int64) []byte {
	b = appendUint(append(b, opLocalTee), c.size)
	b = appendUint(append(b, opGlobalGet), c.fuel)
	b = appendUint(append(b, opLocalGet), c.size)
	b = append(b, opI64ExtendU32)
	if shift > 0 {
		b = append(b, opI64Const, byte(shift), opI64ShrU)
	}
	return c.settle(b)
}

// settle subtracts the second number on the stack from the first, which is the fuel, and sees what is left.
func (c charger) settle(b []byte) []byte {
	b = append(b, opI64Sub)
	b = appendUint(append(b, opLocalTee), c.left)
	b = appendUint(append(b, opGlobalSet), c.fuel)
	b = appendUint(append(b, opLocalGet), c.left)
	b = append(b, opI64Const, 0, opI64GeS, opIf, emptyBlock, opElse)
	b = appendUint(append(b, opCall), c.tick)
	return append(b, opEnd)
}
