package host

import (
	"context"

	"patchbay/abi"
	"patchbay/host/internal/sandbox"
)

// Engine loads guests.
type Engine interface {
	// Load checks and compiles a module for calls with the given limits.
	Load(ctx context.Context, module []byte, limits abi.Limits) (Program, error)
	Close(ctx context.Context) error
}

// Program is a loaded guest. Calls share nothing: each has a fresh instance.
type Program interface {
	// Call runs one call. http and log serve the guest's requests for its whole length; a nil http denies
	// the capability. An error is always an [abi.Fault]: the engine's own verdict on the guest, apart from
	// the fault a guest may return as its result.
	Call(ctx context.Context, env abi.Envelope, http func(context.Context, abi.Request) abi.Response,
		log func(abi.LogRecord)) (abi.Result, error)
	// Describe asks the guest what it has code for.
	Describe(ctx context.Context) (abi.Description, error)
	Close(ctx context.Context) error
}

// inProcess adapts the sandbox, which knows nothing of this package's interfaces.
type inProcess struct{ engine *sandbox.Engine }

func (e inProcess) Load(ctx context.Context, module []byte, limits abi.Limits) (Program, error) {
	p, err := e.engine.Load(ctx, module, limits)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (e inProcess) Close(ctx context.Context) error { return e.engine.Close(ctx) }
