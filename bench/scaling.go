package main

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"patchbay/host/bench/work"
)

const (
	scalingRounds = 7
	scalingTurn   = 250 * time.Millisecond
)

// measureScaling returns how much more two goroutines get done than one: with calls of Patchbay's in-process engine,
// and with the same work in native Go, which shows what the machine has to give.
func measureScaling(ctx context.Context, g *guests) (patchbay, control float64, err error) {
	if runtime.NumCPU() < 2 {
		return 0, 0, errors.New("it takes two CPUs")
	}
	code, err := g.code(ctx, "bare")
	if err != nil {
		return 0, 0, err
	}
	l, err := load(ctx, inProcess, engineConfig{cacheDir: g.cacheDir(), concurrency: 2}, module(code))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	reply := work.Reply()
	native := func(input []byte) ([]byte, error) {
		return work.Run(input, func([]byte) ([]byte, error) { return reply, nil })
	}
	var ours, theirs []float64
	for range scalingRounds {
		for _, s := range []struct {
			call  func([]byte) ([]byte, error)
			ratio *[]float64
		}{{l.work, &ours}, {native, &theirs}} {
			one, err1 := throughput(1, s.call)
			two, err2 := throughput(2, s.call)
			if err := errors.Join(err1, err2); err != nil {
				return 0, 0, err
			}
			*s.ratio = append(*s.ratio, two/one)
		}
	}
	return median(ours), median(theirs), nil
}

// throughput is the calls a second of so many goroutines.
func throughput(goroutines int, call func([]byte) ([]byte, error)) (float64, error) {
	var wg sync.WaitGroup
	counts, errs := make([]int, goroutines), make([]error, goroutines)
	start := time.Now()
	for i := range goroutines {
		wg.Go(func() {
			input := work.Input(i)
			n := 0
			for ; errs[i] == nil && time.Since(start) < scalingTurn; n++ {
				_, errs[i] = call(input)
			}
			counts[i] = n // once, for the counts share a cache line
		})
	}
	wg.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / time.Since(start).Seconds(), errors.Join(errs...)
}
