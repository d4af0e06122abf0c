package guesttest

import (
	"iter"
	"slices"

	"patchbay/abi"
	"patchbay/wasm/wasmtest"
)

// Attack is a module, or several of one kind, that an engine must refuse or contain.
type Attack struct {
	Name    string // "class/what", stable
	Class   string
	Modules iter.Seq[[]byte] // built when asked for; mostly one
	Want    []Verdict        // any of these
	Limits  abi.Limits       // of its calls; zero fields are those of RunAttacks
	Benign  bool             // answers when the envelope is long, see benign
	Full    bool             // for full trials only
}

// Verdict is what became of an attack: Refused, Answers, or the code of a fault.
type Verdict string

// Refused is a module that is not loaded, Answers a call that ends well.
const (
	Refused Verdict = "refused"
	Answers Verdict = "answers"
)

// Verdicts on attacks that are let in.
var (
	stopped   = []Verdict{Verdict(abi.Timeout), Verdict(abi.LimitExceeded)}
	trapped   = []Verdict{Verdict(abi.Internal)}
	exhausts  = []Verdict{Verdict(abi.LimitExceeded)}
	answers   = []Verdict{Answers}
	contained = slices.Concat(answers, stopped, trapped)
	anything  = slices.Concat(contained, []Verdict{Refused})
)

// Attacks returns the corpus. Modules are built each time they are asked for.
func Attacks() []Attack {
	return slices.Concat(countAttacks(), formatAttacks(), featureAttacks(), indexAttacks(), typeAttacks(), privateAttacks(),
		declareAttacks(), segmentAttacks(), compileAttacks(), loopAttacks(), recursionAttacks(), bulkAttacks(), memoryAttacks(),
		tableAttacks(), floodAttacks(), waitAttacks(), hostAttacks(), exitAttacks())
}

// one is a sequence of one module.
func one(build func() []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { yield(build()) }
}

// refused is an attack that no engine may let in.
func refused(class, name string, build func() []byte) Attack {
	return Attack{Name: class + "/" + name, Class: class, Modules: one(build), Want: []Verdict{Refused}}
}

// letIn is an attack that runs, and ends in one of these ways.
func letIn(class, name string, want []Verdict, build func() []byte) Attack {
	return Attack{Name: class + "/" + name, Class: class, Modules: one(build), Want: want}
}

// Functions and locals of the guests that invoke builds: those of [allOf] and then of WASI, and locals after the
// envelope's length.
const (
	firstWASI = 6
	i32Local  = 1 // to 4
	i64Local  = 5 // and 6
)

var scratch = []wasmtest.Locals{{N: 4, Type: 0x7f}, {N: 2, Type: 0x7e}}

// invoke is an attack by a guest whose patchbay_invoke runs body, unless the call is benign, and then answers.
func invoke(class, name string, want []Verdict, body func(*wasmtest.Guest) wasmtest.Code, wasi ...string) Attack {
	a := letIn(class, name, want, func() []byte {
		g := wasmtest.NewGuest(allOf(wasi...)...)
		g.Memories[0].Min = 2
		code := body(g)
		return g.Invoke(scratch, onAttack(code))
	})
	a.Benign = true
	return a
}

// code is a body that needs nothing of its guest.
func code(parts ...wasmtest.Code) func(*wasmtest.Guest) wasmtest.Code {
	return func(*wasmtest.Guest) wasmtest.Code { return wasmtest.Join(parts...) }
}

// forever repeats code without end.
func forever(parts ...wasmtest.Code) wasmtest.Code {
	return wasmtest.Loop(wasmtest.Join(parts...) + wasmtest.Br(0))
}

// but is a guest in which one thing has been changed.
func but(change func(*wasmtest.Guest)) func() []byte {
	return func() []byte {
		g := wasmtest.NewGuest()
		change(g)
		return g.Invoke(nil, "")
	}
}
