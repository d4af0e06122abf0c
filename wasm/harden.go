package wasm

// HardenVersion names what [Harden] does to a module. It changes whenever the same module would come out
// different, so that what was compiled from an older one is not used.
const HardenVersion = 1

// Names that hardened modules use and raw ones may not.
const (
	PrivatePrefix = "patchbay.private."        // of exports and import modules
	MeterModule   = PrivatePrefix + "meter.v1" // import module
	MeterTick     = "tick"                     // its function, () -> (): called when the fuel global has gone below zero
	FuelGlobal    = PrivatePrefix + "fuel"     // export: the mutable i64 global that counts fuel down
	globalPrefix  = PrivatePrefix + "global."  // exports: mutable globals, by index
)

// maxTableGrowth is how many entries a table may grow by, if it does not declare less. A runtime allocates what a
// guest asks for, and Go's linker declares no maximum.
const maxTableGrowth = 4096

// Hardened is a module after [Harden].
type Hardened struct {
	Code      []byte    // the rewritten module, without custom sections
	Data      []Segment // initial data of the memory, which Code no longer has; later ones overwrite earlier ones
	MinPages  uint32    // memory at start, in pages of PageSize
	MaxPages  uint32    // most that memory may grow to; MaxMemoryPages at most. Code declares one page more, see Harden
	Globals   []Global  // mutable globals of numbers, in the module's order
	Obstacles []string  // why a used instance cannot be put back to an earlier state; empty if it can be

	names functionNames
}

// Segment is initial data of the memory.
type Segment struct {
	Offset uint32
	Bytes  []byte // shares memory with the raw module, or with what was unmarshalled
}

// Global is a mutable global of the module.
type Global struct {
	Export string // name under which Code exports it
	Type   ValueType
}

// FunctionName returns the name of the function with this index in Code, as the module's author had it, or "".
func (h *Hardened) FunctionName(index uint32) string { return h.names.of(index) }

// Harden rewrites a module so that a host keeps the upper hand over it while it runs:
//
//   - it pays for what it executes, see the package comment;
//   - its tables have a maximum, and its memory one of at most MaxMemoryPages. Code declares a page more than that:
//     a host whose allocator refuses the last page may have memory.grow fail, where it would else trap;
//   - its mutable globals are exported and the active data segments lifted out, so that a host may keep the state
//     of an instance and put it back.
//
// It begins with [Scan] and refuses as well what would reach behind its back: imports but of functions, private
// names, a _start. The types of operands it does not check, which the runtime's validator does on Code. The same
// module comes out the same, byte by byte. Its error is an [*Error].
func Harden(module []byte) (*Hardened, error) {
	s, err := scan(module)
	if err != nil {
		return nil, err
	}
	r := newRewriter(s)
	if err := r.admit(); err != nil {
		return nil, err
	}
	r.rewrite()
	if r.err != nil {
		return nil, r.err
	}
	return r.result, nil
}
