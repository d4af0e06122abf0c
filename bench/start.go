package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"patchbay/host/bench/measure"
	"patchbay/host/bench/work"
	"patchbay/host/internal/guest"
)

const (
	connectors = 50
	starts     = 7
)

// measureStart fills a cache with the compiled code of 50 connectors, then starts processes that open it, load one of
// them and call it, in turns with either engine. It returns the median times from a process's start to its first
// result, in milliseconds.
func measureStart(ctx context.Context, g *guests) (here, ring float64, err error) {
	code, err := g.code(ctx, "bare")
	if err != nil {
		return 0, 0, err
	}
	t := task{Do: "start", Cache: filepath.Join(g.dir, "start-cache"), Guest: filepath.Join(g.dir, "start.wasm")}
	if err := install(ctx, t.Cache, code); err != nil {
		return 0, 0, err
	}
	if err := os.WriteFile(t.Guest, connector(code, connectors/2), 0o600); err != nil {
		return 0, 0, err
	}
	times := map[string][]float64{}
	for range starts {
		for engine := range startEngines {
			var calls int
			t.Engine = engine
			took, err := child(ctx, t, &calls)
			if err != nil {
				return 0, 0, err
			}
			times[engine] = append(times[engine], float64(took.Microseconds())/1000)
		}
	}
	return median(times["patchbay"]), median(times["patchbay-ring"]), nil
}

var startEngines = map[string]newEngine{"patchbay": inProcess, "patchbay-ring": inRing}

func median(values []float64) float64 {
	slices.Sort(values)
	return measure.Quantile(values, 0.5)
}

// install loads the connectors into an engine, one a CPU at a time, and with that their code into its cache.
func install(ctx context.Context, cache string, code []byte) (err error) {
	engine, err := inProcess(ctx, engineConfig{cacheDir: cache})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close(ctx)) }()
	var wg sync.WaitGroup
	next, errs := make(chan int), make([]error, runtime.NumCPU())
	for worker := range errs {
		wg.Go(func() {
			for i := range next {
				errs[worker] = errors.Join(errs[worker], installOne(ctx, engine, connector(code, i)))
			}
		})
	}
	for i := range connectors {
		next <- i
	}
	close(next)
	wg.Wait()
	return errors.Join(errs...)
}

func installOne(ctx context.Context, engine guest.Engine, code []byte) error {
	p, err := engine.Load(ctx, module(code))
	if err != nil {
		return err
	}
	return p.Close(ctx)
}

// connector is the guest with a mark of its own in its data: another module, as large.
func connector(code []byte, i int) []byte {
	return bytes.Replace(code, []byte(work.Mark), fmt.Appendf(nil, "%0*d", len(work.Mark), i), 1)
}

// startTask is the first call of a process.
func startTask(ctx context.Context, t task, out *json.Encoder) error {
	code, err := os.ReadFile(t.Guest)
	if err != nil {
		return err
	}
	l, err := load(ctx, startEngines[t.Engine], engineConfig{cacheDir: t.Cache}, module(code))
	if err != nil {
		return err
	}
	output, err := l.work(work.Input(1))
	if err != nil {
		return err
	}
	calls, err := work.Calls(output)
	if err != nil {
		return err
	}
	return errors.Join(out.Encode(calls), l.Close())
}
