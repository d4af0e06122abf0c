package sandbox

import (
	"testing"

	"patchbay/host/internal/guesttest"
)

// TestSDK_Chance has a guest that is written with package sdk draw other numbers in every call, though each begins
// with the same memory.
func TestSDK_Chance(t *testing.T) {
	t.Parallel()
	module, err := guesttest.Build("patchbay/host/internal/sandbox/testdata/chance")
	if err != nil {
		t.Fatal(err)
	}
	p := loadCode(t, module)
	const calls = 4
	seen := map[uint32]bool{}
	for range calls {
		seen[guesttest.Output[uint32](t, p, guesttest.Action("draw", struct{}{}))] = true
	}
	if len(seen) != calls {
		t.Errorf("%d different numbers in %d calls", len(seen), calls)
	}
}
