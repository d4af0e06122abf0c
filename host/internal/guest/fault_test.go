package guest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
)

func TestStopFault(t *testing.T) {
	t.Parallel()
	wall := func(ctx context.Context, after time.Duration) context.Context {
		ctx, cancel := context.WithTimeoutCause(ctx, after, ErrWall)
		t.Cleanup(cancel)
		return ctx
	}
	deadline := func(ctx context.Context, after time.Duration) context.Context {
		ctx, cancel := context.WithTimeout(ctx, after)
		t.Cleanup(cancel)
		return ctx
	}
	canceled := func(ctx context.Context, cause error) context.Context {
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(cause)
		return ctx
	}
	const sooner, later = time.Second, 2 * time.Second
	tests := []struct {
		name string
		ctx  func(context.Context) context.Context
		code abi.Code
		want string
	}{
		{"wall", func(ctx context.Context) context.Context { return wall(ctx, sooner) }, abi.Timeout, "the call did not end within its wall limit of 1s"},
		{"wall before the caller's", func(ctx context.Context) context.Context { return wall(deadline(ctx, later), sooner) }, abi.Timeout,
			"the call did not end within its wall limit of 1s"},
		{"caller's before the wall", func(ctx context.Context) context.Context { return wall(deadline(ctx, sooner), later) }, abi.Timeout,
			"the call did not end before its caller's deadline"},
		{"cancelled", func(ctx context.Context) context.Context { return wall(canceled(ctx, nil), later) }, abi.Canceled, "the call was cancelled by its caller"},
		{"cancelled for a reason", func(ctx context.Context) context.Context { return wall(canceled(ctx, errors.New("gone")), later) }, abi.Canceled,
			"the call was cancelled by its caller"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := tt.ctx(t.Context())
				<-ctx.Done()
				if f := StopFault(ctx, abi.Limits{Wall: sooner}); f.Code != tt.code || f.Message != tt.want {
					t.Errorf("got %v, want %s: %s", f, tt.code, tt.want)
				}
			})
		})
	}
}
