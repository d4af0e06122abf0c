package sandbox

import (
	"context"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero/experimental/wazerotest"

	"patchbay/abi"
)

// TestHTTP_UsesUpTheTime has a guest that would go on when its request has taken all the time there was.
func TestHTTP_UsesUpTheTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	memory := wazerotest.NewFixedMemory(1 << 16)
	frame := "{\"method\":\"GET\",\"url\":\"https://a.example/\"}\n"
	memory.WriteString(0, frame)
	c := newCall(ctx, abi.Limits{}.WithDefaults(), clock{}, nil)
	c.begun = true
	c.http = func(context.Context, abi.Request) abi.Response { cancel(); return abi.Response{Status: 200} }
	i := slices.IndexFunc(capabilities(), func(m capability) bool { return m.name == abi.ModuleHTTP })
	defer func() {
		if r := recover(); r != errStopped || c.httpCalls != 1 {
			t.Errorf("stopped with %v after %d requests, want %v after 1", r, c.httpCalls, errStopped)
		}
	}()
	capabilities()[i].call(c, wazerotest.NewModule(memory), []uint64{1, 0, uint64(len(frame))})
	t.Error("the guest got an answer")
}
