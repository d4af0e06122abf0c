package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"patchbay/abi"
	"patchbay/host/bench/work"
	"patchbay/host/internal/guest"
)

// memory is what instances that wait for their next call take.
type memory struct {
	Name      string  `json:"name"`
	Instances int     `json:"instances"`
	PSS       float64 `json:"pss_kib"`                   // an instance: its private pages and its share of those it shares
	Trimmed   float64 `json:"trimmed_pss_kib,omitempty"` // when it has been idle for so long that its private memory was given back
}

// idles are what is measured. wazero's own instances are so large that a hundred have to do.
var idles = []struct {
	engine    string
	instances int
}{{"patchbay", 100}, {"patchbay", 1000}, {"wazero-new", 100}}

// trimAfter is enough to look at all instances before the first is trimmed.
const trimAfter = 3 * time.Second

// measureIdle starts a process for each, so that one's memory is not the other's.
func measureIdle(ctx context.Context, g *guests) (all []memory, err error) {
	path, err := g.file(ctx, "bare")
	if err != nil {
		return nil, err
	}
	for _, i := range idles {
		var m memory
		t := task{Do: "idle", Engine: i.engine, Guest: path, Cache: g.cacheDir(), Instances: i.instances, TrimAfter: trimAfter}
		if _, err := child(ctx, t, &m); err != nil {
			return all, fmt.Errorf("%s: %w", i.engine, err)
		}
		all = append(all, m)
	}
	return all, nil
}

func idleTask(ctx context.Context, t task, out *json.Encoder) error {
	fill, err := filler(ctx, t)
	if err != nil {
		return err
	}
	if err := fill(1); err != nil {
		return err
	}
	before, err := settledPSS()
	if err != nil {
		return err
	}
	if err := fill(t.Instances + 1); err != nil {
		return err
	}
	after, err := settledPSS()
	if err != nil {
		return err
	}
	m := memory{Name: t.Engine, Instances: t.Instances, PSS: float64(after-before) / float64(t.Instances)}
	if t.Engine == "patchbay" {
		time.Sleep(t.TrimAfter * 9 / 4) // the pool looks once a TrimAfter for what has been idle as long
		if after, err = settledPSS(); err != nil {
			return err
		}
		m.Trimmed = float64(after-before) / float64(t.Instances)
	}
	runtime.KeepAlive(fill)
	return out.Encode(m)
}

// filler returns a function that makes so many instances, all of which have answered a call.
func filler(ctx context.Context, t task) (func(n int) error, error) {
	code, err := os.ReadFile(t.Guest)
	if err != nil {
		return nil, err
	}
	if t.Engine != "patchbay" {
		return wazeroFiller(ctx, code)
	}
	l, err := load(ctx, inProcess, engineConfig{cacheDir: t.Cache, concurrency: t.Instances + 1, trimAfter: t.TrimAfter}, module(code))
	if err != nil {
		return nil, err
	}
	return l.together, nil
}

// together makes n calls of which none ends before all have sent their request, so that each has an instance. Of their
// errors it returns one.
func (l *loaded) together(n int) error {
	var sent, ended sync.WaitGroup
	sent.Add(n)
	errs := make(chan error, n)
	for i := range n {
		ended.Go(func() {
			arrived := sync.OnceFunc(sent.Done)
			defer arrived() // also if the guest has sent nothing
			_, err := l.call(guest.Call{Envelope: envelope("work", work.Input(i)),
				HTTP: func(context.Context, abi.Request) abi.Response {
					arrived()
					sent.Wait()
					return workResponse
				}})
			errs <- err
		})
	}
	ended.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// wazeroFiller keeps the instances itself.
func wazeroFiller(ctx context.Context, code []byte) (func(int) error, error) {
	p, err := newPlain(ctx, code, wazeroOptions{renew: true})
	if err != nil {
		return nil, err
	}
	p.host.http = replyToWork
	var kept []any
	return func(n int) error {
		for i := len(kept); i < n; i++ {
			instance, err := p.instantiate(ctx)
			if err != nil {
				return err
			}
			kept = append(kept, instance)
			if _, err := p.host.invoke(ctx, instance, envelope("work", work.Input(i))); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// settledPSS is this process's proportional set size in KiB, when its garbage is gone.
func settledPSS() (int, error) {
	runtime.GC()
	debug.FreeOSMemory()
	const path = "/proc/self/smaps_rollup"
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "Pss:"); ok {
			return strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(value, "kB")))
		}
	}
	return 0, fmt.Errorf("%s names no Pss", path)
}
