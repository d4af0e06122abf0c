package wasmtest

import (
	"patchbay/abi"
	"patchbay/wasm"
)

// Guest is a guest that is being built: a module with a memory of one page, [Result] as the data at
// [ResultAt], and the functions of patchbay.sys.v1.
type Guest struct {
	*Module
	Call, Take uint32 // functions of patchbay.sys.v1
}

// Result is what a Guest answers unless its body does something else, and ResultAt its address.
const (
	Result   = `{"status":"done","output":true}`
	ResultAt = 16
)

// NewGuest returns a guest that imports more functions: the first of them has index 2, and so on. A signature
// that is left out is the one that hosts offer.
func NewGuest(imports ...Import) *Guest {
	g := &Guest{Module: New()}
	host := func(module, name string) uint32 {
		return g.Import(module, name, wasm.HostFunctions(module)[name])
	}
	g.Call, g.Take = host(abi.ModuleSys, abi.FuncCall), host(abi.ModuleSys, abi.FuncTake)
	for _, i := range imports {
		if i.Type.Params == nil && i.Type.Results == nil {
			host(i.Module, i.Name)
		} else {
			g.Import(i.Module, i.Name, i.Type)
		}
	}
	g.Export(abi.ExportMemory, wasm.KindMemory, g.Memory(1))
	g.Data = append(g.Data, ActiveData(ResultAt, Result))
	return g
}

// Answer is code that hands over the result that is at ResultAt, and drops the host's answer.
func (g *Guest) Answer() Code {
	return I32Const(int32(abi.OpResult)) + I32Const(ResultAt) + I32Const(int32(len(Result))) + Call(g.Call) + Drop
}

// Invoke adds patchbay_invoke, whose local 0 is the length of the envelope: it runs body, answers and returns
// 0. It returns the encoded module.
func (g *Guest) Invoke(locals []Locals, body Code) []byte {
	return g.InvokeOnly(locals, body+g.Answer()+I32Const(0))
}

// InvokeOnly adds patchbay_invoke with body and nothing else: it has to leave an i32.
func (g *Guest) InvokeOnly(locals []Locals, body Code) []byte {
	g.Export(abi.ExportInvoke, wasm.KindFunction, g.Func(Type("i", "i"), locals, body))
	return g.Bytes()
}

// Initialize adds an _initialize that runs body.
func (g *Guest) Initialize(locals []Locals, body Code) {
	g.Export(abi.ExportInitialize, wasm.KindFunction, g.Func(Type("", ""), locals, body))
}
