package linear

import "testing"

func TestProbe(t *testing.T) {
	s, err := Probe()
	t.Log(s, err)
	for s := Scan; s <= Copy; s++ {
		t.Logf("%s: %v", s, selfTest(s))
	}
}
