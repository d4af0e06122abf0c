package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// printList names what can be measured.
func printList(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range subjects() {
		fmt.Fprintf(t, "%s\t%s\n", s.name, s.about)
	}
	for _, f := range figures() {
		fmt.Fprintf(t, "%s\t%s\n", f.name, f.about)
	}
	return t.Flush()
}

// print writes the report for a person.
func (r *report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "name\tpayload\tp50 us\tp99 us\tallocs\tbytes\truns\t")
	for _, f := range r.Rows {
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%.1f\t%.0f\t%.0f\t%d\t\n", f.Name, f.Payload, f.P50, f.P99, f.Allocs, f.Bytes, f.Runs)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t)
	for _, name := range slices.Sorted(maps.Keys(r.Ratios)) {
		fmt.Fprintf(t, "%s\t%.2f\n", name, r.Ratios[name])
	}
	r.printFigures(t)
	for _, l := range r.LeftOut {
		fmt.Fprintf(t, "left out: %s\t%s\n", l.Name, l.Reason)
	}
	fmt.Fprintf(t, "\n%s, %s, %s\n", r.Date.Format(time.DateTime), r.Machine, r.Go)
	return t.Flush()
}

func (r *report) printFigures(w io.Writer) {
	if r.ResetAllocs != nil {
		fmt.Fprintf(w, "reset, p50\t%.1f us, %.0f allocations\n", r.Reset, *r.ResetAllocs)
	}
	if r.RingAdded > 0 {
		fmt.Fprintf(w, "process ring adds, p50\t%.1f us to a call, %.1f us to the work (one request), %.1f us to the echo of 1 KiB (two)\n",
			r.RingAdded, r.RingAddedWork, r.RingAddedEcho)
	}
	for _, m := range r.Memory {
		fmt.Fprintf(w, "idle instance, PSS\t%.0f KiB, one of %d of %s\n", m.PSS, m.Instances, m.Name)
		if m.Trimmed > 0 {
			fmt.Fprintf(w, "trimmed, PSS\t%.0f KiB\n", m.Trimmed)
		}
	}
	if r.Start > 0 {
		fmt.Fprintf(w, "start to first result\t%.0f ms, by the process ring %.0f ms, %d connectors\n", r.Start, r.StartRing, connectors)
	}
	if r.TwoGoroutines > 0 {
		fmt.Fprintf(w, "two goroutines over one\t%.2f, native code %.2f\n", r.TwoGoroutines, r.TwoGoroutinesMax)
	}
}
