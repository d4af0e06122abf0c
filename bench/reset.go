package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"patchbay/abi"
	"patchbay/host/bench/measure"
	"patchbay/host/bench/work"
	"patchbay/host/internal/linear"
)

const (
	resets     = 2000 // that are timed, each after a call of the work
	dirtyPages = 40   // that the work writes to, about
)

// resetting is one instance in a memory that can be put back.
type resetting struct {
	*plain
	memory  *linear.Memory
	image   *linear.Image
	globals []api.MutableGlobal
	values  []uint64 // of globals, in the state that is kept
}

// measureReset times what an engine does between two calls of an instance, and nothing else: its memory and its
// globals go back to the state that was kept. It returns the median in microseconds, and the allocations of a reset
// after as many pages as the work writes to.
func measureReset(ctx context.Context, g *guests) (p50, allocs float64, err error) {
	r, err := newResetting(ctx, g)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	var times []time.Duration
	for i := range resets {
		if err := r.workAfresh(i); err != nil {
			return 0, 0, err
		}
		start := time.Now()
		err := r.reset()
		times = append(times, time.Since(start))
		if err != nil {
			return 0, 0, err
		}
	}
	slices.Sort(times)
	allocs, err = r.allocations()
	return float64(measure.Quantile(times, 0.5).Nanoseconds()) / 1000, allocs, err
}

func newResetting(ctx context.Context, g *guests) (*resetting, error) {
	code, err := g.code(ctx, "bare")
	if err != nil {
		return nil, err
	}
	strategy, _ := linear.Probe() // the fallbacks are slower and do the same
	memory, err := linear.New(int(abi.Limits{}.WithDefaults().Memory), strategy)
	if err != nil {
		return nil, err
	}
	r := &resetting{memory: memory}
	allocator := experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory { return memory })
	r.plain, err = newPlain(experimental.WithMemoryAllocator(ctx, allocator), code, wazeroOptions{harden: true})
	if err == nil {
		err = r.keep()
	}
	if err != nil {
		return nil, errors.Join(err, memory.Close())
	}
	return r, nil
}

// keep takes the state after a call, since a guest fills its caches at first use, as the one to go back to.
func (r *resetting) keep() error {
	if _, err := r.work(work.Input(0)); err != nil {
		return err
	}
	memory := r.instance.Memory()
	content, _ := memory.Read(0, memory.Size())
	var err error
	if r.image, err = linear.NewImage(content); err != nil {
		return err
	}
	for _, g := range r.hardened.Globals {
		global := r.instance.ExportedGlobal(g.Export).(api.MutableGlobal)
		r.globals, r.values = append(r.globals, global), append(r.values, global.Get())
	}
	return r.memory.Map(r.image)
}

// reset puts the instance back. A memory that has grown is made shorter as package linear says.
func (r *resetting) reset() error {
	if r.memory.Size() != r.image.Size() {
		r.memory.SetNext(r.image.Size())
		r.instance.Memory().Grow(1)
	}
	for i, g := range r.globals {
		g.Set(r.values[i])
	}
	return r.memory.Reset()
}

// workAfresh is one call, which must find the state that was kept.
func (r *resetting) workAfresh(i int) error {
	output, err := r.work(work.Input(i))
	if err != nil {
		return err
	}
	n, err := work.Calls(output)
	if err == nil && n != 2 {
		err = fmt.Errorf("call %d found a state that had seen %d calls, expected 1", i, n-1)
	}
	return err
}

// allocations of a reset of as many pages as the work leaves.
func (r *resetting) allocations() (n float64, err error) {
	const page = 4096
	memory := r.instance.Memory()
	n = testing.AllocsPerRun(100, func() {
		for i := range uint32(dirtyPages) {
			b, _ := memory.ReadByte(i * page)
			memory.WriteByte(i*page, b+1)
		}
		err = errors.Join(err, r.reset())
	})
	return n, err
}

func (r *resetting) Close() error {
	err := r.plain.Close()
	if r.image != nil {
		err = errors.Join(err, r.image.Close())
	}
	return errors.Join(err, r.memory.Close())
}
