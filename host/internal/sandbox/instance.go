package sandbox

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"patchbay/abi"
	"patchbay/host/internal/linear"
	"patchbay/wasm"
)

// instance is a loaded guest. One goroutine uses it at a time.
type instance struct {
	module  api.Module
	memory  *linear.Memory
	pages   api.Memory          // the same memory, as the runtime sees it
	globals []api.MutableGlobal // those of the module that can change, in the hardener's order
	fuel    api.MutableGlobal

	invoke, initialize api.Function // initialize is nil if the guest has none

	idleSince time.Time // when it was put into the pool
	trimmed   bool      // has given its private pages back since
}

// moduleConfig gives instances no name, so that there can be many, and runs nothing when they are made.
var moduleConfig = wazero.NewModuleConfig().WithName("").WithStartFunctions()

// newInstance makes an instance whose memory begins as image, or as zeros if image is nil.
func (p *Program) newInstance(ctx context.Context, image *linear.Image) (_ *instance, err error) {
	defer p.recovered(&err)
	memory, err := linear.New(p.reserve(), p.strategy)
	if err != nil {
		return nil, fmt.Errorf("reserve memory: %w", err)
	}
	i := &instance{memory: memory}
	if err := i.make(ctx, p, image); err != nil {
		return nil, errors.Join(err, i.close(ctx))
	}
	return i, nil
}

// recovered makes an error of a panic of the runtime's own: it recovers what guests and host functions do.
func (p *Program) recovered(err *error) {
	if r := recover(); r != nil {
		p.logger.Error("runtime panicked", "err", r, "stack", string(debug.Stack()))
		*err = fmt.Errorf("the WebAssembly runtime has a defect: %v", r)
	}
}

// reserve is the address space of an instance in bytes: what its memory may ever grow to.
func (p *Program) reserve() int { return int(p.hardened.MaxPages) * wasm.PageSize }

func (i *instance) make(ctx context.Context, p *Program, image *linear.Image) (err error) {
	if image != nil {
		if err := i.memory.Map(image); err != nil {
			return fmt.Errorf("map memory: %w", err)
		}
	}
	allocator := experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory { return i.memory })
	i.module, err = p.runtime.InstantiateModule(experimental.WithMemoryAllocator(ctx, allocator), p.code, moduleConfig)
	if err != nil {
		return fmt.Errorf("instantiate: %w", err)
	}
	i.pages = i.module.Memory()
	for _, g := range p.hardened.Globals {
		global, ok := i.module.ExportedGlobal(g.Export).(api.MutableGlobal)
		if !ok {
			return fmt.Errorf("instantiate: no global %s", g.Export)
		}
		i.globals = append(i.globals, global)
	}
	var ok bool
	if i.fuel, ok = i.module.ExportedGlobal(wasm.FuelGlobal).(api.MutableGlobal); !ok {
		return errors.New("instantiate: no fuel global")
	}
	i.initialize = i.module.ExportedFunction(abi.ExportInitialize)
	i.lookUp()
	return nil
}

// lookUp finds the guest's function. The runtime keeps with it the deepest stack that it has ever needed.
func (i *instance) lookUp() { i.invoke = i.module.ExportedFunction(abi.ExportInvoke) }

// trim gives back what the instance does not need while it is idle. It must be in the snapshot's state.
func (i *instance) trim() error {
	i.lookUp()
	return i.memory.Trim()
}

// resize makes the memory as long as the snapshot's. The runtime keeps the length in its own places and
// writes them when a memory grows, by whatever length it then gets.
func (i *instance) resize(size int) error {
	if i.memory.Size() == size {
		return nil
	}
	i.memory.SetNext(size)
	if _, ok := i.pages.Grow(1); !ok || int(i.pages.Size()) != size {
		return fmt.Errorf("the runtime has a memory of %d bytes, want %d", i.pages.Size(), size)
	}
	return nil
}

// close ends the instance and frees its memory. It is the only place that unmaps: wazero lets go of the
// memory earlier, while its functions still hold the address.
func (i *instance) close(ctx context.Context) error {
	var err error
	if i.module != nil {
		err = i.module.Close(ctx)
	}
	i.invoke, i.initialize = nil, nil // what they keep is not the runtime's to free
	return errors.Join(err, i.memory.Close())
}

// snapshot is the state that every call starts from. Between calls a guest has no other: its tables never
// change and its stack is empty.
type snapshot struct {
	image   *linear.Image
	globals []uint64
}

func (i *instance) snapshot() (*snapshot, error) {
	view, ok := i.pages.Read(0, i.pages.Size())
	if !ok {
		return nil, errors.New("read the memory")
	}
	image, err := linear.NewImage(view)
	if err != nil {
		return nil, err
	}
	s := &snapshot{image: image}
	for _, g := range i.globals {
		s.globals = append(s.globals, g.Get())
	}
	return s, nil
}

// restore puts the instance into the snapshot's state. What a used one has beyond its size then goes back to the
// kernel; of a new one, whose memory shows the image already, only size and globals are left to set.
func (i *instance) restore(s *snapshot) error {
	for n, v := range s.globals {
		i.globals[n].Set(v)
	}
	return i.resize(s.image.Size())
}

// reset puts a used instance back into the snapshot's state.
func (i *instance) reset(s *snapshot) error {
	return errors.Join(i.restore(s), i.memory.Reset())
}

// verify reports how the instance differs from the snapshot.
func (i *instance) verify(s *snapshot) error {
	if err := i.memory.Verify(); err != nil {
		return err
	}
	if int(i.pages.Size()) != s.image.Size() {
		return fmt.Errorf("memory of %d bytes, want %d", i.pages.Size(), s.image.Size())
	}
	for n, want := range s.globals {
		if got := i.globals[n].Get(); got != want {
			return fmt.Errorf("global %d is %#x, want %#x", n, got, want)
		}
	}
	return nil
}
