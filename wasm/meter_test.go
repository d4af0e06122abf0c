package wasm

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// meterCheck reads hardened code knowing nothing of how it came about: each turn of a loop must begin with a charge, and
// each function that can come to be called again by what it calls must pay before it calls anything.
type meterCheck struct {
	*scanner
	charge  []byte // how one begins
	calls   [][]uint32
	charged []bool // before the first call and the first branch
	taken   []bool // functions in tables or with a reference
}

func checkMeter(code []byte) error {
	s, err := scan(code)
	if err != nil {
		return err
	}
	n := len(s.functions)
	c := &meterCheck{scanner: s, calls: make([][]uint32, n), charged: make([]bool, n), taken: make([]bool, n)}
	c.charge = appendUint([]byte{opGlobalGet}, uint32(len(s.globals)-1))
	c.section, c.pos, c.end = sectionCode, s.spans[10].start, s.spans[10].end
	if c.pos == c.end {
		return nil
	}
	bodies := int(c.uint32("bodies"))
	for i := range bodies {
		outer := c.reader.end
		size := int(c.uint32("size"))
		c.end = c.pos + size
		if err := c.body(uint32(s.imported + i)); err != nil {
			return err
		}
		c.end = outer
	}
	for f := range uint32(n) {
		if !c.charged[f] && c.reaches(f) {
			return fmt.Errorf("function %d can call itself and does not pay first", f)
		}
	}
	return nil
}

func (c *meterCheck) body(f uint32) error {
	for n := c.uint32("groups"); n > 0; n-- {
		c.uint32("number")
		c.valueType()
	}
	straight := true
	var in instruction
	for c.more() {
		if straight && bytes.HasPrefix(c.data[c.pos:], c.charge) {
			c.charged[f] = true
		}
		c.instruction(&in)
		switch in.op {
		case opLoop:
			if !bytes.HasPrefix(c.data[c.pos:], c.charge) {
				return fmt.Errorf("function %d, byte %d: a loop whose turns do not begin with a charge", f, in.at)
			}
		case opCall:
			c.calls[f] = append(c.calls[f], in.index)
			straight = false
		case opCallIndirect:
			c.calls[f] = append(c.calls[f], anyFunction)
			straight = false
		case opRefFunc:
			c.taken[in.index] = true
		case opBlock, opIf, opBr, opBrIf, opBrTable, opReturn, opEnd:
			straight = false
		}
	}
	return nil
}

const anyFunction = 1<<32 - 1

// reaches reports whether f can come to be called by what it calls. An indirect call may call any function.
func (c *meterCheck) reaches(f uint32) bool {
	seen := make([]bool, len(c.calls))
	todo := slices.Clone(c.calls[f])
	for len(todo) > 0 {
		g := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if g == f || g == anyFunction {
			return true
		}
		if !seen[g] {
			seen[g] = true
			todo = append(todo, c.calls[g]...)
		}
	}
	return false
}

func TestHarden_Charges(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string][]byte{"all": hardenable, "Go": mustBuild(t, goGuest)} {
		h := mustHarden(t, raw)
		if err := checkMeter(h.Code); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	unmetered := module(typeVoid, oneFunc, section(6, vector([]byte{byte(I64), 1, opI64Const, 0, opEnd})), section(10, vector(body(noLocals, []byte{opCall, 0}))))
	if err := checkMeter(unmetered); err == nil {
		t.Error("the check accepts a function that calls itself and does not pay")
	}
	unmetered = module(typeVoid, oneFunc, section(6, vector([]byte{byte(I64), 1, opI64Const, 0, opEnd})), section(10, vector(body(noLocals, []byte{opLoop, emptyBlock, opEnd}))))
	if err := checkMeter(unmetered); err == nil {
		t.Error("the check accepts a loop that does not pay")
	}
}

// TestHarden_Costs has what charges come to, in the order in which they stand.
func TestHarden_Costs(t *testing.T) {
	t.Parallel()
	nops := func(n int) []byte { return repeat(n, opI32Const, 0, 0x1a) } // two instructions each
	for _, c := range []struct {
		name string
		code []byte
		want []int64
	}{
		{"nothing is plain", nil, nil},
		{"plain", nops(20), nil},
		{"too long to be plain", nops(30), []int64{60}},
		{"calls itself", []byte{opCall, 0}, []int64{1}},
		{"the longer branch", cat([]byte{opCall, 0, opI32Const, 0, opIf, emptyBlock}, nops(5), []byte{opElse}, nops(3), []byte{opEnd}), []int64{3 + 10}},
		{"an if without else", cat([]byte{opCall, 0, opI32Const, 0, opIf, emptyBlock}, nops(5), []byte{opEnd}, nops(1)), []int64{3 + 10 + 2}},
		{"what follows a br is not executed", cat([]byte{opCall, 0, opBlock, emptyBlock, opBr, 0}, nops(9), []byte{opEnd}, nops(1)), []int64{2 + 2}},
		{"a branch past something", cat([]byte{opCall, 0, opBlock, emptyBlock, opI32Const, 0, opBrIf, 0}, nops(4), []byte{opReturn, opEnd}, nops(8)), []int64{3 + 16}},
		{"return", cat([]byte{opCall, 0, opReturn}, nops(9)), []int64{2}},
		{"an if that does not come back", cat([]byte{opCall, 0, opI32Const, 0, opIf, emptyBlock, opReturn, opEnd}, nops(8)), []int64{3 + 16}},
		{"a branch to a loop ends its turn", cat([]byte{opLoop, emptyBlock, opI32Const, 0, opBrIf, 0, opUnreachable, opEnd}, nops(1)), []int64{3}},
		{"a turn", cat([]byte{opLoop, emptyBlock}, nops(4), []byte{opI32Const, 0, opBrIf, 0, opEnd}), []int64{10}},
		{"a short prelude is paid with the loop", cat(nops(2), []byte{opLoop, emptyBlock}, nops(4), []byte{opEnd}), []int64{4 + 8}},
		{"a long one is not", cat(nops(9), []byte{opLoop, emptyBlock}, nops(4), []byte{opEnd}), []int64{18, 8}},
		{"behind a loop", cat([]byte{opLoop, emptyBlock}, nops(4), []byte{opEnd}, nops(3)), []int64{8, 6}},
		{"where a loop is left for", cat([]byte{opBlock, emptyBlock, opLoop, emptyBlock, opI32Const, 0, opBrIf, 1, opBr, 0, opEnd, opEnd}, nops(3)), []int64{1, 3, 6}},
		{"a loop in a loop", cat([]byte{opLoop, emptyBlock}, nops(1), []byte{opLoop, emptyBlock}, nops(4), []byte{opI32Const, 0, opBrIf, 1, opEnd, opEnd}), []int64{2, 10}},
		{"an endless loop of nothing", []byte{opLoop, emptyBlock, opBr, 0, opEnd}, []int64{1}},
		{"cases of a br_table", cat([]byte{opLoop, emptyBlock, opBlock, emptyBlock, opBlock, emptyBlock, opI32Const, 0, opBrTable, 1, 0, 1, opEnd},
			nops(2), []byte{opBr, 1, opEnd}, nops(40), []byte{opBr, 0, opEnd}), []int64{2 + 5, 81}},
		{"a long path is cut", cat([]byte{opCall, 0, opBlock, emptyBlock, opI32Const, 0, opBrIf, 0}, nops(4), []byte{opEnd}, nops(40)), []int64{3 + 8, 80}},
	} {
		s, err := scan(module(typeVoid, oneFunc, section(10, vector(body(noLocals, c.code)))))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		r := newRewriter(s)
		r.rewrite()
		var got []int64
		for _, e := range r.meter.edits {
			if e.kind == editCharge && e.value > 0 {
				got = append(got, e.value)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: charges %v, want %v", c.name, got, c.want)
		}
	}
}

// TestHarden_Plain: an indirect call pays for the dearest plain function; one that the host calls pays for itself.
func TestHarden_Plain(t *testing.T) {
	t.Parallel()
	plain := repeat(5, opI32Const, 0, 0x1a)
	for _, c := range []struct {
		exports []byte
		want    int
	}{{section(7, vector()), 2 + 11}, {section(7, vector(exportOf("f", KindFunction, 0))), 2}} {
		h := mustHarden(t, module(typeVoid, section(3, vector([]byte{0}, []byte{0})), oneTable, c.exports,
			section(10, vector(body(noLocals, plain), body(noLocals, []byte{opI32Const, 0, opCallIndirect, 0, 0})))))
		own := bytes.Contains(h.Code, []byte{opGlobalGet, 0, opI64Const, 10, opI64Sub})
		if indirect := []byte{opGlobalGet, 0, opI64Const, byte(c.want), opI64Sub}; !bytes.Contains(h.Code, indirect) || own != (c.want == 2) {
			t.Errorf("an indirect call does not pay %d in % x", c.want, h.Code)
		}
	}
}

func FuzzHarden(f *testing.F) {
	f.Add(hardenable)
	for _, r := range refusals {
		if len(r.good) < 1<<10 {
			f.Add(r.good)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := Harden(data)
		if err != nil {
			return
		}
		again, err := Harden(data)
		if err != nil || !bytes.Equal(h.Code, again.Code) {
			t.Error("the same module came out different")
		}
		// A module at a limit may be past it when it is hardened.
		if err := checkMeter(h.Code); err != nil && !isLimit(err) {
			t.Error(err)
		}
		if marshalled, err := h.MarshalBinary(); err != nil || new(Hardened).UnmarshalBinary(marshalled) != nil {
			t.Errorf("it does not come back from %d bytes: %v", len(marshalled), err)
		}
	})
}

func isLimit(err error) bool {
	e, ok := err.(*Error)
	return ok && e.Kind == ErrLimit
}
