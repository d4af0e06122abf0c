package sandbox

import (
	"context"
	"encoding/binary"
	"io"
	"runtime"

	"github.com/tetratelabs/wazero/api"

	"patchbay/abi"
	"patchbay/wasm"
)

// This file is wasi_snapshot_preview1 (WebAssembly/WASI, phases/snapshot/docs.md) as far as the standard
// libraries of Go, Rust and Zig need it to start, tell the time, sleep and print. There is nothing to open,
// so that every other function on descriptors answers that there is no such descriptor.

// wasiErrno is an error number of WASI, which has its own.
type wasiErrno uint32

const (
	wasiSuccess wasiErrno = 0
	wasiBadf    wasiErrno = 8
	wasiFault   wasiErrno = 21
	wasiInval   wasiErrno = 28
	wasiIO      wasiErrno = 29
	wasiNosys   wasiErrno = 52
)

// Descriptors that are open.
const (
	fdStdin  = 0
	fdStdout = 1
	fdStderr = 2
)

// Clocks.
const (
	clockRealtime  = 0
	clockMonotonic = 1
)

// wasiFunction is a function of WASI over the raw parameters.
type wasiFunction func(ctx context.Context, c *call, memory api.Memory, args []uint64) wasiErrno

// wasiFunctions returns all functions that guests may import.
func wasiFunctions() map[string]api.GoModuleFunc {
	functions := map[string]api.GoModuleFunc{}
	for name := range wasm.HostFunctions(abi.ModuleWASI) {
		functions[name] = noDescriptor.goModuleFunc()
	}
	for name, f := range map[string]wasiFunction{
		"args_get":            nothing,
		"args_sizes_get":      noneOf,
		"environ_get":         nothing,
		"environ_sizes_get":   noneOf,
		"clock_res_get":       clockResolution,
		"clock_time_get":      clockTime,
		"fd_close":            standardOnly,
		"fd_fdstat_get":       descriptorStatus,
		"fd_fdstat_set_flags": standardOnly,
		"fd_read":             readNothing,
		"fd_write":            writeLines,
		"poll_oneoff":         poll,
		"proc_exit":           processExit,
		"proc_raise":          notSupported,
		"random_get":          random,
		"sched_yield":         yield,
	} {
		functions[name] = f.goModuleFunc()
	}
	return functions
}

func (f wasiFunction) goModuleFunc() api.GoModuleFunc {
	return func(ctx context.Context, guest api.Module, stack []uint64) {
		c := enter(ctx)
		c.pay(fuelCall, 1)
		stack[0] = uint64(f(ctx, c, guest.Memory(), stack))
	}
}

var noDescriptor wasiFunction = func(context.Context, *call, api.Memory, []uint64) wasiErrno { return wasiBadf }

func nothing(context.Context, *call, api.Memory, []uint64) wasiErrno { return wasiSuccess }

func notSupported(context.Context, *call, api.Memory, []uint64) wasiErrno { return wasiNosys }

// noneOf is args_sizes_get and environ_sizes_get: no strings, of no bytes.
func noneOf(_ context.Context, _ *call, memory api.Memory, args []uint64) wasiErrno {
	if !memory.WriteUint32Le(uint32(args[0]), 0) || !memory.WriteUint32Le(uint32(args[1]), 0) {
		return wasiFault
	}
	return wasiSuccess
}

func clockResolution(_ context.Context, _ *call, memory api.Memory, args []uint64) wasiErrno {
	if id := uint32(args[0]); id != clockRealtime && id != clockMonotonic {
		return wasiInval
	}
	if !memory.WriteUint64Le(uint32(args[1]), 1) {
		return wasiFault
	}
	return wasiSuccess
}

func clockTime(_ context.Context, c *call, memory api.Memory, args []uint64) wasiErrno {
	now, ok := c.clock.read(uint32(args[0]))
	if !ok {
		return wasiInval
	}
	if !memory.WriteUint64Le(uint32(args[2]), now) {
		return wasiFault
	}
	return wasiSuccess
}

func isStandard(fd uint64) bool { return uint32(fd) <= fdStderr }

func standardOnly(_ context.Context, _ *call, _ api.Memory, args []uint64) wasiErrno {
	if !isStandard(args[0]) {
		return wasiBadf
	}
	return wasiSuccess
}

// descriptorStatus writes an fdstat: file type, flags, and what the descriptor may be used for.
func descriptorStatus(_ context.Context, _ *call, memory api.Memory, args []uint64) wasiErrno {
	const size, characterDevice, rightRead, rightWrite = 24, 2, 1 << 1, 1 << 6
	if !isStandard(args[0]) {
		return wasiBadf
	}
	status := make([]byte, size)
	status[0] = characterDevice
	status[8] = rightWrite
	if uint32(args[0]) == fdStdin {
		status[8] = rightRead
	}
	if !memory.Write(uint32(args[1]), status) {
		return wasiFault
	}
	return wasiSuccess
}

// readNothing is fd_read: standard input is at its end.
func readNothing(_ context.Context, _ *call, memory api.Memory, args []uint64) wasiErrno {
	if uint32(args[0]) != fdStdin {
		return wasiBadf
	}
	if !memory.WriteUint32Le(uint32(args[3]), 0) {
		return wasiFault
	}
	return wasiSuccess
}

// Bounds of one fd_write. A guest that wants to write more is told how much was taken and goes on.
const (
	maxVectors = 1024
	maxWrite   = 64 << 10
)

// writeLines is fd_write: what is printed becomes log lines.
func writeLines(_ context.Context, c *call, memory api.Memory, args []uint64) wasiErrno {
	var line *[]byte
	switch uint32(args[0]) {
	case fdStdout:
		line = &c.journal.stdout
	case fdStderr:
		line = &c.journal.stderr
	default:
		return wasiBadf
	}
	n := min(uint32(args[2]), maxVectors)
	vectors, ok := memory.Read(uint32(args[1]), n*8)
	if !ok {
		return wasiFault
	}
	taken := uint32(0)
	for ; len(vectors) > 0 && taken < maxWrite; vectors = vectors[8:] {
		ptr, size := binary.LittleEndian.Uint32(vectors), binary.LittleEndian.Uint32(vectors[4:])
		size = min(size, maxWrite-taken)
		data, ok := memory.Read(ptr, size)
		if !ok {
			return wasiFault
		}
		c.pay(fuelPrint, len(data))
		c.journal.write(line, data)
		taken += size
	}
	if !memory.WriteUint32Le(uint32(args[3]), taken) {
		return wasiFault
	}
	return wasiSuccess
}

func processExit(_ context.Context, _ *call, _ api.Memory, args []uint64) wasiErrno {
	panic(&exit{code: uint32(args[0])})
}

// random is random_get. The kernel makes all that it is asked for at a time without letting go of the processor,
// so that it is asked for a little at a time.
func random(ctx context.Context, c *call, memory api.Memory, args []uint64) wasiErrno {
	view, ok := memory.Read(uint32(args[0]), uint32(args[1]))
	if !ok {
		return wasiFault
	}
	const most = 64 << 10
	for ; len(view) > 0; view = view[min(most, len(view)):] {
		enter(ctx)
		part := view[:min(most, len(view))]
		c.pay(fuelRandom, len(part))
		if _, err := io.ReadFull(c.clock.random, part); err != nil { // neither source ever fails
			return wasiIO
		}
	}
	return wasiSuccess
}

func yield(context.Context, *call, api.Memory, []uint64) wasiErrno {
	runtime.Gosched()
	return wasiSuccess
}
