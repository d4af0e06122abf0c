package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/linear"
	"patchbay/wasm"
)

// Bounds of a start beside its limits: how long all warm-up calls may take together, and the call that a reset is
// tried on.
const (
	warmTime = 5 * time.Second
	tryTime  = 2 * time.Second
)

// load makes ready what a start needs. Nothing of the guest runs yet.
func (p *Program) load(ctx context.Context, prepared *Prepared) (err error) {
	if err := p.fits(); err != nil {
		return err
	}
	if err := p.link(ctx, prepared); err != nil {
		return err
	}
	if p.strategy, err = p.probe(); err != nil {
		p.logger.Debug("a slower way to reset memories is used", "strategy", p.strategy, "err", err)
	}
	p.data, err = initialImage(p.hardened)
	return err
}

// start takes a program to the state that its calls start from.
func (p *Program) start(ctx context.Context) error {
	if err := p.keepState(ctx); err != nil || p.snapshot == nil {
		return err
	}
	return p.tryReset(ctx)
}

// fits refuses a module whose memory is over the limit before anything has happened.
func (p *Program) fits() error {
	need := int64(p.hardened.MinPages) * wasm.PageSize
	if need <= p.limits.Memory {
		return nil
	}
	return &wasm.Error{Kind: wasm.ErrLimit, Section: "memory", Entry: 0, Offset: -1,
		Problem: fmt.Sprintf("starts with %d bytes of memory, at most %d are allowed", need, p.limits.Memory),
		Fix:     "embed less data"}
}

// keepState makes the program's first instance and keeps its state for all calls, if it can be put back.
func (p *Program) keepState(ctx context.Context) error {
	if err := p.pool.admit(); err != nil {
		return err
	}
	first, fault := p.first(ctx)
	if fault != nil {
		p.pool.leave()
		return fault
	}
	defer p.pool.discard(first)
	if obstacles := p.hardened.Obstacles; len(obstacles) > 0 {
		p.logger.Debug("each call gets a new instance, used ones cannot be reset", "obstacles", obstacles)
		return nil
	}
	var err error
	if p.snapshot, err = first.snapshot(); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	switch err := p.warm(ctx, first); {
	case err == nil:
	case p.world != nil && abi.AsFault(err).Code == abi.Timeout: // a busy machine would start other calls than an idle one
		return fmt.Errorf("warm-up: %w", err)
	default:
		p.logger.Debug("warm-up failed, calls start cold", "err", err)
	}
	return nil
}

// initialImage returns a memory that holds the module's data, nil if that is all zeros.
func initialImage(h *wasm.Hardened) (*linear.Image, error) {
	if h.Data == nil {
		return nil, nil
	}
	memory := make([]byte, int(h.MinPages)*wasm.PageSize)
	for _, s := range h.Data {
		copy(memory[s.Offset:], s.Bytes) // Harden has checked that it fits
	}
	return linear.NewImage(memory)
}

// first makes an instance on which _initialize has run, within the limits of the guest's start.
func (p *Program) first(ctx context.Context) (*instance, *abi.Fault) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.limits.Wall, guest.ErrWall)
	defer cancel()
	c := newCall(ctx, p.limits, p.startClock(), nil)
	i, fault := p.fresh(c)
	if fault != nil {
		fault.Message = "the guest did not start: " + fault.Message
	}
	return i, fault
}

// fresh makes an instance and runs _initialize on it, on account of c.
func (p *Program) fresh(c *call) (*instance, *abi.Fault) {
	i, err := p.newInstance(c, p.data)
	if err != nil {
		p.logger.Error("no instance", "err", err)
		return nil, abi.Faultf(abi.Unavailable, "the host could not make an instance of the guest, its log says more")
	}
	c.enlist(i)
	if i.initialize == nil {
		return i, nil
	}
	if err := i.initialize.CallWithStack(c, nil); err != nil {
		fault := p.fault(c, err)
		c.settle()
		i.close(context.WithoutCancel(c))
		return nil, fault
	}
	return i, nil
}

// warm runs the warm-up calls on i and takes the snapshot again.
func (p *Program) warm(ctx context.Context, i *instance) error {
	if len(p.warmUp) == 0 {
		return nil
	}
	within := min(warmTime, p.limits.Wall)
	if p.world != nil {
		within = p.limits.Wall
	}
	ctx, cancel := context.WithTimeoutCause(ctx, within, guest.ErrWall)
	defer cancel()
	for _, env := range p.warmUp {
		c := newCall(ctx, p.limits, p.startClock(), nil)
		c.http = stub
		if _, fault := p.invoke(c, i, env); fault != nil {
			return fault
		}
	}
	warm, err := i.snapshot()
	if err != nil {
		return err
	}
	cold := p.snapshot
	p.snapshot = warm
	return cold.image.Close()
}

// stub answers the requests of warm-up calls.
func stub(context.Context, abi.Request) abi.Response {
	return abi.Response{Status: 200, Headers: map[string][]string{"Content-Type": {"application/json"}}, Body: []byte("{}")}
}

// tryReset makes an instance from the snapshot, lets a call soil it and looks whether a reset takes all of that
// away. A program for which it does not hold gets new instances instead. The instance is thrown away: of one whose
// every page was looked at, the kernel has so much to say that each reset takes several times as long.
func (p *Program) tryReset(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, min(tryTime, p.limits.Wall), guest.ErrWall)
	defer cancel()
	i, err := p.pool.get(ctx, p)
	if err != nil {
		return fmt.Errorf("instance from the snapshot: %w", err)
	}
	defer p.pool.discard(i)
	c := newCall(ctx, p.limits, p.startClock(), nil)
	describe := abi.Envelope{ABI: abi.Version, Call: "self-test", Kind: abi.KindDescribe, Attempt: 1}
	if _, fault := p.invoke(c, i, describe); fault != nil {
		return nil // a guest's defect, which its calls will show
	}
	if err := errors.Join(i.reset(p.snapshot), i.verify(p.snapshot)); err != nil {
		p.logger.Error("instances cannot be reset, each call gets a new one", "err", err)
		image := p.snapshot.image
		p.snapshot = nil
		return image.Close()
	}
	return nil
}

// restored makes an instance in the snapshot's state.
func (p *Program) restored(ctx context.Context) (*instance, error) {
	i, err := p.newInstance(ctx, p.snapshot.image)
	if err != nil {
		return nil, err
	}
	if err := i.restore(p.snapshot); err != nil {
		return nil, errors.Join(err, i.close(ctx))
	}
	return i, nil
}
