package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"patchbay/abi"
)

// TestSDK_Chance has a guest that is written with package sdk draw other numbers in every call, though each begins
// with the same memory.
func TestSDK_Chance(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "guest.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-o", out, "./testdata/chance")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=-buildvcs=false", "GOPROXY=off", "GOTOOLCHAIN=local")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the guest: %v\n%s", err, text)
	}
	module, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	p := loadModule(t, module, abi.Limits{})
	const calls = 4
	seen := map[uint32]bool{}
	for range calls {
		seen[output[uint32](t, p, envelope("draw", struct{}{}), nil)] = true
	}
	if len(seen) != calls {
		t.Errorf("%d different numbers in %d calls", len(seen), calls)
	}
}
