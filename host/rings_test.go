package host

import (
	"context"
	"log/slog"
	"testing"

	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
	"patchbay/host/internal/sandbox"
	"patchbay/host/internal/worker"
)

// ring opens the process ring as the host composes it, for as many calls at a time as the suite wants.
func ring(tb testing.TB) guest.Engine {
	tb.Helper()
	dir := tb.TempDir()
	inner := sandbox.New(sandbox.Config{Cache: compiled, Compile: compileInChild, Dir: dir})
	e, err := worker.New(worker.Config{
		Prepare: (&engines{inProcess: inner}).prepare, Command: workerCommand, TempDir: shortTemp(),
		Concurrency: guesttest.Concurrency, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			tb.Error(err)
		}
		if err := inner.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return e
}

// The process ring meets what package sandbox's own tests hold the in-process ring to.

func TestRing_Suite(t *testing.T) { guesttest.Suite(t, ring) }

func TestRing_Isolation(t *testing.T) { guesttest.Isolation(t, ring(t), 0) }

func TestRing_Attacks(t *testing.T) { guesttest.RunAttacks(t, ring(t)) }
