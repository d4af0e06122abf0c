package measure

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRun_alternates(t *testing.T) {
	var order strings.Builder
	note := func(name string) Case {
		return Case{Name: name, Payload: "p", Do: func(int) error { order.WriteString(name); return nil }}
	}
	got, err := Run([]Case{note("a"), note("b")}, Plan{Rounds: 2})
	if err != nil {
		t.Fatal(err)
	}
	if want := "ababab"; order.String() != want {
		t.Errorf("turns %s, want %s: one to warm up and two that count", order.String(), want)
	}
	for i, name := range []string{"a", "b"} {
		if g := got[i]; g.Name != name || g.Payload != "p" || g.Runs != 2 {
			t.Errorf("figures %+v, want those of two runs of %s", g, name)
		}
	}
}

func TestRun_countsRunsAndChecksThem(t *testing.T) {
	var runs []int
	checked := 0
	c := Case{Name: "a", Payload: "p", Do: func(n int) error { runs = append(runs, n); return nil },
		Check: func() error { checked++; return nil }}
	if _, err := Run([]Case{c}, Plan{Rounds: 3}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 3}, runs); diff != "" || checked != len(runs) {
		t.Errorf("%d checks; runs (-want +got):\n%s", checked, diff)
	}
}

func TestRun_stopsAtTheFirstFailure(t *testing.T) {
	broken := errors.New("broken")
	fine := func(int) error { return nil }
	for name, c := range map[string]Case{
		"do":    {Name: "a", Payload: "p", Do: func(int) error { return broken }},
		"check": {Name: "a", Payload: "p", Do: fine, Check: func() error { return broken }},
	} {
		if _, err := Run([]Case{c}, Plan{Rounds: 1}); !errors.Is(err, broken) || !strings.Contains(err.Error(), "a, p") {
			t.Errorf("%s: error %v, want one that names the case and matches the cause", name, err)
		}
	}
}

func TestRun_countsAllocations(t *testing.T) {
	var keep []byte
	c := Case{Do: func(int) error { keep = make([]byte, 1<<20); return nil }}
	got, err := Run([]Case{c}, Plan{Rounds: 5})
	if err != nil {
		t.Fatal(err)
	}
	if g := got[0]; g.Bytes < 1<<20 || g.Bytes > 2<<20 || g.Allocs < 1 {
		t.Errorf("%.0f bytes in %.1f allocations a run, want about %d in 1", g.Bytes, g.Allocs, len(keep))
	}
}

func TestSeries(t *testing.T) {
	var s series
	for _, turn := range [][]time.Duration{{3000, 1000, 2000}, {9000, 9000, 90000}, {4000}} {
		s.add(result{times: turn, allocs: 7, bytes: 70})
	}
	want := Figures{P50: 4, P99: 90, Allocs: 3, Bytes: 30, Runs: 7}
	if diff := cmp.Diff(want, s.figures()); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		sorted []int
		q      float64
		want   int
	}{
		{nil, 0.5, 0},
		{[]int{7}, 0.99, 7},
		{[]int{1, 2, 3}, 0.5, 2},
		{[]int{1, 2, 3, 4}, 1, 4},
	} {
		if got := Quantile(c.sorted, c.q); got != c.want {
			t.Errorf("Quantile(%v, %v) = %d, want %d", c.sorted, c.q, got, c.want)
		}
	}
}
