package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"patchbay/host/bench/measure"
	"patchbay/host/bench/work"
)

// workPayload names the rows of the work itself, callPayload those of a call that does next to nothing; the others
// are echoes of so many bytes.
const (
	workPayload = "work"
	callPayload = "call"
)

var payloads = []struct {
	name string
	size int
}{{"1 KiB", 1 << 10}, {"64 KiB", 64 << 10}, {"1 MiB", 1 << 20}}

// rows measures the subjects. Those that cannot be had are left out, with the reason.
func rows(ctx context.Context, o options, g *guests, progress io.Writer) (figures []measure.Figures, left []leftOut, err error) {
	var cases []measure.Case
	for _, s := range subjects() {
		if !o.wants(s.name) {
			continue
		}
		fmt.Fprintf(progress, "opening %s\n", s.name)
		r, err := s.open(ctx, g)
		if err != nil && ctx.Err() == nil {
			left = append(left, leftOut{s.name, err.Error()})
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		defer func() { err = errors.Join(err, r.Close()) }()
		cases = append(cases, s.cases(r)...)
	}
	fmt.Fprintf(progress, "measuring %d rows, %d turns of %v each\n", len(cases), o.plan.Rounds, o.plan.Turn)
	figures, err = measure.Run(cases, o.plan)
	return figures, left, err
}

// cases are the rows of one subject.
func (s subject) cases(r *runner) (cases []measure.Case) {
	if r.work != nil {
		cases = append(cases, s.workCase(r.work))
	}
	if r.call != nil {
		cases = append(cases, measure.Case{Name: s.name, Payload: callPayload, Do: func(int) error { return r.call() }, Check: func() error { return nil }})
	}
	for _, e := range payloads {
		if r.echo != nil {
			cases = append(cases, s.echoCase(r.echo, e.name, bytes.Repeat([]byte("x"), e.size)))
		}
	}
	return cases
}

func (s subject) workCase(do func([]byte) ([]byte, error)) measure.Case {
	inputs := make([][]byte, 64) // made before, so that their making is not timed
	for i := range inputs {
		inputs[i] = work.Input(i)
	}
	var output []byte
	seen := 0 // by the state of the run before; 0 before the first
	return measure.Case{Name: s.name, Payload: workPayload,
		Do: func(n int) (err error) {
			output, err = do(inputs[n%len(inputs)])
			return err
		},
		Check: func() error {
			n, err := work.Calls(output)
			if err != nil {
				return err
			}
			if fresh := n == seen; seen > 0 && fresh != s.fresh {
				return fmt.Errorf("the state has seen %d calls, that of the run before %d", n, seen)
			}
			seen = n
			return nil
		}}
}

func (s subject) echoCase(do func([]byte) ([]byte, error), name string, payload []byte) measure.Case {
	var back []byte
	return measure.Case{Name: s.name, Payload: name,
		Do: func(int) (err error) {
			back, err = do(payload)
			return err
		},
		Check: func() error {
			if !bytes.Equal(back, payload) {
				return fmt.Errorf("%d bytes came back for %d, or others", len(back), len(payload))
			}
			return nil
		}}
}
