package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/host/bench/measure"
	"patchbay/host/bench/work"
)

func TestMain(m *testing.M) {
	serveHashicorp() // the subjects start this program once more
	runTask()
	os.Exit(m.Run())
}

// TestWorkCase_holdsSubjectsToTheirWord: the counter in the output tells a fresh state from a used one.
func TestWorkCase_holdsSubjectsToTheirWord(t *testing.T) {
	outputs := func(calls ...string) func([]byte) ([]byte, error) {
		r, err := openNative(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return func(input []byte) ([]byte, error) {
			output, err := r.work(input)
			before, _, _ := bytes.Cut(output, []byte(`"calls":`))
			next := calls[0]
			calls = calls[1:]
			return append(before, `"calls":`+next+`}`...), err
		}
	}
	for _, c := range []struct {
		name  string
		fresh bool
		calls []string
		fails bool
	}{
		{"fresh that is fresh", true, []string{"1", "1", "1"}, false},
		{"fresh that starts warmed", true, []string{"2", "2", "2"}, false},
		{"fresh that leaks", true, []string{"1", "1", "2"}, true},
		{"warm that leaks", false, []string{"1", "2", "3"}, false},
		{"warm that does not", false, []string{"1", "2", "2"}, true},
		{"something else", false, []string{"x", "2", "3"}, true},
	} {
		row := subject{name: c.name, fresh: c.fresh}.workCase(outputs(c.calls...))
		_, err := measure.Run([]measure.Case{row}, measure.Plan{Rounds: len(c.calls) - 1})
		if (err != nil) != c.fails {
			t.Errorf("%s: error %v, want one: %v", c.name, err, c.fails)
		}
	}
}

func TestEchoCase_refusesOtherBytes(t *testing.T) {
	for name, back := range map[string]string{"short": "xx", "other": "xyx", "nothing": ""} {
		row := subject{}.echoCase(func([]byte) ([]byte, error) { return []byte(back), nil }, name, []byte("xxx"))
		if _, err := measure.Run([]measure.Case{row}, measure.Plan{Rounds: 1}); err == nil {
			t.Errorf("%s: %q passes for xxx", name, back)
		}
	}
}

func TestDerive(t *testing.T) {
	row := func(name, payload string, p50 float64) measure.Figures {
		return measure.Figures{Name: name, Payload: payload, P50: p50}
	}
	r := report{Rows: []measure.Figures{
		row("patchbay", workPayload, 100), row("patchbay", "1 MiB", 50), row("patchbay-ring", workPayload, 180),
		row("wazero-warm", workPayload, 80), row("wazero-warm-fuel", workPayload, 96), row("patchbay-primed", workPayload, 96),
		row("patchbay", callPayload, 9), row("patchbay-ring", callPayload, 69), row("patchbay", "1 KiB", 20), row("patchbay-ring", "1 KiB", 70), row("extism-new", "1 KiB", 2000),
		row("extism-new", workPayload, 3000), row("extism-warm", workPayload, 90),
		row("extism-warm", "1 MiB", 5000),
	}}
	r.derive()
	want := map[string]float64{
		"fresh_over_warm": 100.0 / 96, "fresh_over_warm_unmetered": 1.25, "fresh_primed_over_warm": 1, "fuel_overhead": 1.2,
		"extism_new_over_fresh": 100, "extism_new_over_fresh_work": 30, "extism_echo_1mib_over_ours": 100,
	}
	if diff := cmp.Diff(want, r.Ratios); diff != "" {
		t.Errorf("ratios (-want +got), where what was not measured is absent:\n%s", diff)
	}
	if r.RingAdded != 60 || r.RingAddedWork != 80 || r.RingAddedEcho != 50 {
		t.Errorf("the ring adds %v, %v and %v, want 60, 80 and 50", r.RingAdded, r.RingAddedWork, r.RingAddedEcho)
	}
	var none report
	if none.derive(); len(none.Ratios) > 0 || none.RingAdded != 0 {
		t.Errorf("figures of nothing: %+v", none)
	}
}

func TestParse(t *testing.T) {
	for _, args := range [][]string{{"--only=nothing"}, {"--rounds=0"}, {"extra"}, {"--unknown"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
	o, err := parse([]string{"--only=reset,native"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !o.wants("reset") || !o.wants("native") || o.wants("start") {
		t.Errorf("only %v are wanted, and wants does not say so", o.only)
	}
	if o, err = parse(nil, io.Discard); err != nil || !o.wants("start") {
		t.Errorf("without --only something is not wanted (%v)", err)
	}
}

func TestConnector(t *testing.T) {
	code := []byte("before " + work.Mark + " after")
	one, two := connector(code, 1), connector(code, 2)
	if bytes.Equal(one, two) || len(one) != len(code) || len(two) != len(code) {
		t.Errorf("connectors %q and %q, want two others as long as %q", one, two, code)
	}
}

func TestPrint(t *testing.T) {
	allocs := 0.0
	r := report{Rows: []measure.Figures{{Name: "native", Payload: workPayload, P50: 16.5}}, Ratios: map[string]float64{"fuel_overhead": 1.13},
		Memory: []memory{{Name: "patchbay", Instances: 1000, PSS: 301, Trimmed: 44}}, Reset: 7.9, ResetAllocs: &allocs, RingAdded: 88, RingAddedWork: 94, RingAddedEcho: 99, Start: 91, StartRing: 191,
		TwoGoroutines: 1.8, TwoGoroutinesMax: 1.9, LeftOut: []leftOut{{"knqyf263-warm", "no network"}}}
	var out bytes.Buffer
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"native", "16.5", "fuel_overhead", "1.13", "7.9 us, 0 allocations", "88.0 us to a call, 94.0 us to the work (one request), 99.0 us to the echo of 1 KiB", "301 KiB, one of 1000", "44 KiB", "91 ms, by the process ring 191 ms, 50", "1.80, native code 1.90", "no network"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}
