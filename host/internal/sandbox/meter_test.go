package sandbox

import (
	"testing"

	"github.com/tetratelabs/wazero/api"
	"pgregory.net/rapid"
)

// fuelGlobal is a global without a module.
type fuelGlobal struct {
	api.MutableGlobal
	v uint64
}

func (g *fuelGlobal) Get() uint64  { return g.v }
func (g *fuelGlobal) Set(v uint64) { g.v = v }

// TestMeter charges at random and looks whether the sum is what was charged, until the limit is reached.
func TestMeter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(1, 4*slice).Draw(t, "limit")
		g := &fuelGlobal{}
		m := newMeter(limit)
		m.attach(g)
		charged := int64(0)
		for range rapid.IntRange(0, 20).Draw(t, "charges") {
			n := rapid.Int64Range(0, 2*slice).Draw(t, "charge")
			charged += n
			g.v -= uint64(n)
			if int64(g.v) >= 0 {
				continue
			}
			if ok := m.refill(); ok != (charged <= limit) {
				t.Fatalf("refill after %d of %d: %t", charged, limit, ok)
			} else if !ok {
				break
			}
		}
		if got, want := m.used(), min(charged, limit); got != want {
			t.Errorf("used %d, want %d", got, want)
		}
		if int64(g.v) > slice {
			t.Errorf("%d units were handed out at a time", int64(g.v))
		}
	})
}
