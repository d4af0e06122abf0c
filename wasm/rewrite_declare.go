package wasm

import (
	"fmt"
	"slices"
)

// This file rewrites what a module declares: types, imports, tables, the memory, globals and exports.

func (r *rewriter) rewriteTypes() {
	if i := slices.Index(r.arities, arity{}); i >= 0 {
		r.tickType = uint32(i)
		r.rest()
		return
	}
	r.tickType = uint32(len(r.types))
	r.begin(1)
	r.rest()
	r.buf = append(r.buf, formFunction, 0, 0)
}

func (r *rewriter) rewriteImports() {
	r.begin(1)
	r.rest()
	r.buf = appendName(r.buf, MeterModule)
	r.buf = appendName(r.buf, MeterTick)
	r.buf = append(r.buf, byte(KindFunction))
	r.buf = appendUint(r.buf, r.tickType)
}

func (r *rewriter) rewriteTables() {
	for n := r.begin(0); n > 0; n-- {
		r.buf = append(r.buf, byte(r.valueType()))
		low, high := r.bounds(1<<32-1, "table")
		r.writeLimits(low, min(high, low+maxTableGrowth))
	}
}

func (r *rewriter) rewriteMemory() {
	for n := r.begin(0); n > 0; n-- {
		low, high := r.bounds(addressPages, "memory")
		r.result.MinPages, r.result.MaxPages = low, min(high, MaxMemoryPages)
		r.writeLimits(low, r.result.MaxPages+1)
	}
}

func (r *rewriter) writeLimits(low, high uint32) {
	r.buf = append(r.buf, 1)
	r.buf = appendUint(r.buf, low)
	r.buf = appendUint(r.buf, high)
}

func (r *rewriter) rewriteGlobals() {
	for n := r.begin(1); n > 0; n-- {
		r.buf = append(r.buf, r.raw(r.pos, r.pos+2)...)
		r.pos += 2
		r.copyConstant()
	}
	r.buf = append(r.buf, byte(I64), 1, opI64Const, 0, opEnd)
}

// copyConstant copies a constant expression.
func (r *rewriter) copyConstant() {
	start := r.pos
	r.constant()
	if r.data[start] == opRefFunc {
		r.pos = start + 1
		r.buf = append(r.buf, opRefFunc)
		r.copyFunction()
		r.pos++
		r.buf = append(r.buf, opEnd)
		return
	}
	r.buf = append(r.buf, r.raw(start, r.pos)...)
}

// copyFunction copies the index of a function.
func (r *rewriter) copyFunction() {
	r.buf = appendUint(r.buf, r.function(r.uint32("function")))
}

func (r *rewriter) rewriteExports() {
	var mutable []uint32
	for i, g := range r.globals {
		switch {
		case !g.mutable:
		case g.value.reference() || g.value == V128:
			r.obstacle(fmt.Sprintf("global %d is mutable and of type %s", i, g.value))
		default:
			mutable = append(mutable, uint32(i))
		}
	}
	r.begin(len(mutable) + 1)
	for _, e := range r.module.Exports {
		index := e.Index
		if e.Kind == KindFunction {
			index = r.function(index)
		}
		r.export(e.Name, e.Kind, index)
	}
	for _, i := range mutable {
		name := fmt.Sprintf("%s%d", globalPrefix, i)
		r.export(name, KindGlobal, i)
		r.result.Globals = append(r.result.Globals, Global{name, r.globals[i].value})
	}
	r.export(FuelGlobal, KindGlobal, r.fuel())
}

func (r *rewriter) export(name string, kind Kind, index uint32) {
	r.buf = appendName(r.buf, name)
	r.buf = append(r.buf, byte(kind))
	r.buf = appendUint(r.buf, index)
}
