package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"patchbay/host/bench/measure"
)

// report is what --json prints. A figure that was not measured is absent.
type report struct {
	Date    time.Time          `json:"date"`
	Machine string             `json:"machine"`
	Go      string             `json:"go"`
	Rows    []measure.Figures  `json:"rows"`
	Ratios  map[string]float64 `json:"ratios"` // of medians
	Memory  []memory           `json:"memory,omitempty"`

	Reset            float64   `json:"reset_p50_us,omitempty"`
	ResetAllocs      *float64  `json:"reset_allocs,omitempty"`
	RingAdded        float64   `json:"process_ring_added_us,omitempty"`      // to a call without requests
	RingAddedWork    float64   `json:"process_ring_added_work_us,omitempty"` // to the work, which has one
	RingAddedEcho    float64   `json:"process_ring_added_echo_us,omitempty"` // to the echo of 1 KiB, which has two
	IdlePSS          float64   `json:"idle_instance_pss_kib,omitempty"`      // of a thousand
	IdleTrimmedPSS   float64   `json:"idle_trimmed_instance_pss_kib,omitempty"`
	Start            float64   `json:"start_50_connectors_ms,omitempty"`
	StartRing        float64   `json:"start_50_connectors_ring_ms,omitempty"`
	TwoGoroutines    float64   `json:"two_goroutines_scaling,omitempty"`
	TwoGoroutinesMax float64   `json:"two_goroutines_native,omitempty"` // what native code gets from the second
	LeftOut          []leftOut `json:"left_out,omitempty"`
}

// leftOut is something that could not be measured.
type leftOut struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

func measureAll(ctx context.Context, o options, g *guests, progress io.Writer) (*report, error) {
	r := &report{Date: time.Now().UTC().Truncate(time.Second), Machine: machine(), Go: runtime.Version()}
	var err error
	if r.Rows, r.LeftOut, err = rows(ctx, o, g, progress); err != nil {
		return nil, err
	}
	r.derive()
	for _, f := range figures() {
		if !o.wants(f.name) {
			continue
		}
		fmt.Fprintf(progress, "measuring %s\n", f.name)
		if err := f.measure(ctx, g, r); err != nil {
			r.LeftOut = append(r.LeftOut, leftOut{f.name, err.Error()})
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	return r, nil
}

// figure is what is measured beside the rows.
type figure struct {
	name    string
	about   string
	measure func(context.Context, *guests, *report) error
}

func figures() []figure {
	return []figure{
		{"reset", "what is done to an instance between two calls", func(ctx context.Context, g *guests, r *report) (err error) {
			var allocs float64
			r.Reset, allocs, err = measureReset(ctx, g)
			r.ResetAllocs = &allocs
			return err
		}},
		{"idle", "memory of instances that wait for a call", func(ctx context.Context, g *guests, r *report) (err error) {
			r.Memory, err = measureIdle(ctx, g)
			for _, m := range r.Memory {
				if m.Name == "patchbay" {
					r.IdlePSS, r.IdleTrimmedPSS = m.PSS, m.Trimmed
				}
			}
			return err
		}},
		{"start", "from the start of a process, with 50 connectors compiled before, to its first result", func(ctx context.Context, g *guests, r *report) (err error) {
			r.Start, r.StartRing, err = measureStart(ctx, g)
			return err
		}},
		{"scaling", "how much more two goroutines get done than one", func(ctx context.Context, g *guests, r *report) (err error) {
			r.TwoGoroutines, r.TwoGoroutinesMax, err = measureScaling(ctx, g)
			return err
		}},
	}
}

// derive computes what follows from the rows, where it has those.
func (r *report) derive() {
	p50 := map[[2]string]float64{}
	for _, f := range r.Rows {
		p50[[2]string{f.Name, f.Payload}] = f.P50
	}
	r.Ratios = map[string]float64{}
	for _, q := range ratios {
		over, under := p50[[2]string{q.over, q.payload}], p50[[2]string{q.under, q.payload}]
		if over > 0 && under > 0 {
			r.Ratios[q.name] = over / under
		}
	}
	for payload, added := range map[string]*float64{callPayload: &r.RingAdded, workPayload: &r.RingAddedWork, "1 KiB": &r.RingAddedEcho} {
		ring, here := p50[[2]string{"patchbay-ring", payload}], p50[[2]string{"patchbay", payload}]
		if ring > 0 && here > 0 {
			*added = ring - here
		}
	}
}

// ratios are of two rows of the same payload. README.md says what each is for.
var ratios = []struct{ name, over, under, payload string }{
	{"fresh_over_warm", "patchbay", "wazero-warm-fuel", workPayload},
	{"fresh_over_warm_unmetered", "patchbay", "wazero-warm", workPayload},
	{"fresh_primed_over_warm", "patchbay-primed", "wazero-warm-fuel", workPayload},
	{"fuel_overhead", "wazero-warm-fuel", "wazero-warm", workPayload},
	{"extism_new_over_fresh", "extism-new", "patchbay", "1 KiB"},
	{"extism_new_over_fresh_work", "extism-new", "patchbay", workPayload},
	{"extism_echo_1mib_over_ours", "extism-warm", "patchbay", "1 MiB"},
}
