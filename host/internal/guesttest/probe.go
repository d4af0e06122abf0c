package guesttest

import (
	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

// probe is a guest by hand whose output is a list of numbers, each left by code of a test as an i64.
type probe struct {
	*wasmtest.Guest
	say uint32 // prints an i64 and a comma
}

// Where a probe keeps things. What is below is the test's own.
const (
	probeEnd  = 0x8000 // address of an i32: where its output ends
	probeText = 0x8010 // the result
	probeHead = `{"status":"done","output":[`
)

func newProbe(imports ...wasmtest.Import) *probe {
	p := &probe{Guest: wasmtest.NewGuest(imports...)}
	p.Data = append(p.Data, wasmtest.ActiveData(probeText, probeHead))
	digits := p.digits()
	p.say = p.Func(wasmtest.Type("l", ""), nil,
		wasmtest.LocalGet(0)+wasmtest.I64Const(0)+wasmtest.I64LtS+
			wasmtest.If(putByte(wasmtest.I32Const('-')), wasmtest.I64Const(0), wasmtest.LocalGet(0), wasmtest.I64Sub, wasmtest.LocalSet(0))+
			wasmtest.LocalGet(0)+wasmtest.Call(digits)+putByte(wasmtest.I32Const(',')))
	return p
}

// digits adds a function that prints an i64 as an unsigned number.
func (p *probe) digits() uint32 {
	self := p.NextFunc()
	ten := wasmtest.LocalGet(0) + wasmtest.I64Const(10)
	return p.Func(wasmtest.Type("l", ""), nil,
		ten+wasmtest.I64DivU+wasmtest.I64Eqz+wasmtest.I32Eqz+wasmtest.If(ten, wasmtest.I64DivU, wasmtest.Call(self))+
			putByte(ten+wasmtest.I64RemU+wasmtest.I32Wrap+wasmtest.I32Const('0')+wasmtest.I32Add))
}

// putByte appends a byte, left by code as an i32, to the output.
func putByte(code wasmtest.Code) wasmtest.Code {
	end := wasmtest.I32Const(probeEnd) + wasmtest.I32Load(0)
	return end + code + wasmtest.I32Store8(0) +
		wasmtest.I32Const(probeEnd) + end + wasmtest.I32Const(1) + wasmtest.I32Add + wasmtest.I32Store(0)
}

// module ends the probe: patchbay_invoke prints each number and hands over the list.
func (p *probe) module(numbers ...wasmtest.Code) []byte {
	body := []wasmtest.Code{wasmtest.I32Const(probeEnd) + wasmtest.I32Const(probeText+int32(len(probeHead))) + wasmtest.I32Store(0)}
	for _, n := range numbers {
		body = append(body, n+wasmtest.Call(p.say))
	}
	end := wasmtest.I32Const(probeEnd) + wasmtest.I32Load(0)
	body = append(body,
		end+wasmtest.I32Const(1)+wasmtest.I32Sub+wasmtest.I32Const(']')+wasmtest.I32Store8(0), // over the last comma
		end+wasmtest.I32Const('}')+wasmtest.I32Store8(0),
		i32s(opResult, probeText),
		end+wasmtest.I32Const(probeText-1)+wasmtest.I32Sub+wasmtest.Call(p.Call)+wasmtest.Drop+wasmtest.I32Const(0))
	return p.InvokeOnly([]wasmtest.Locals{{N: 4, Type: wasm.I32}}, wasmtest.Join(body...))
}

// i32s pushes constants.
func i32s(values ...uint32) wasmtest.Code {
	var code wasmtest.Code
	for _, v := range values {
		code += wasmtest.I32Const(int32(v))
	}
	return code
}

// do is code for its effect, as a number: 0.
func do(code wasmtest.Code) wasmtest.Code { return code + wasmtest.I64Const(0) }

// i64 is code that leaves an i32, as a number.
func i64(code wasmtest.Code) wasmtest.Code { return code + wasmtest.I64Extend }

// host is an import of a function that hosts offer.
func host(module, name string) wasmtest.Import { return wasmtest.Import{Module: module, Name: name} }
