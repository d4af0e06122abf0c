// Package guest has the words in which the host and the engines that run guests speak to each other.
//
// An [Engine] loads modules into [Program]s, and a program runs [Call]s of package abi, each in a state that no
// other call has touched. There are two engines: package sandbox runs guests in this process, package worker in
// processes of their own. They mean the same by everything here; package guesttest holds both to it. What they
// do alike is here as well: the words of faults, a [Gate] for the calls of a program, a [Roster] of programs. Not for
// use outside this module.
package guest

import (
	"context"
	"time"

	"patchbay/abi"
)

// Engine loads guests. It may be used from several goroutines.
type Engine interface {
	// Load checks a module and makes it ready for calls. The error of a module that is refused is a
	// [*wasm.Error] or joins several.
	Load(ctx context.Context, m Module) (Program, error)

	// Close closes every program that is still open; Load fails from now on.
	Close(ctx context.Context) error
}

// Module is a connector's code, and what it may do and is told before the first call.
type Module struct {
	Code []byte // a WebAssembly module, as its author built it

	// Limits hold for _initialize and for each warm-up call; zero fields have their default. World replaces
	// their clocks and randomness; nil leaves the real ones.
	Limits abi.Limits
	World  *World

	// WarmUp are calls that an engine may make once before it keeps the state that every later call starts
	// from, so that caches which a guest fills at first use are full. They hold nothing of any user. Their
	// results are dropped, their HTTP requests answered with 200 and an empty JSON object, and a guest that
	// fails them starts unwarmed.
	WarmUp []abi.Envelope
}

// Program is a loaded guest. It may be used from several goroutines; calls share nothing.
type Program interface {
	// Call runs one call. Its time starts when the program has a slot for it, until which it waits, and ends
	// after Limits.Wall or with ctx, whichever is first; Call sets the envelope's Deadline to what is left.
	//
	// A guest's own fault is a result with [abi.StatusFault]. An error is always an [*abi.Fault] and the
	// engine's verdict on the guest: timeout or limit_exceeded, naming the limit; canceled; unavailable from a
	// program that is closed or whose process has died; internal for a guest that traps, exits, or gives no
	// result or a malformed one. What such a guest wrote to standard error last is in the fault's details as
	// {"stderr": "..."}, at most 4 KiB. The outcome's Usage holds either way.
	Call(ctx context.Context, c Call) (Outcome, error)

	// Close refuses new calls, waits for those that run and frees what the program holds. If ctx is done
	// before they are, it returns ctx's error and may be called again. Closing twice is fine.
	Close(ctx context.Context) error
}

// Call is one use of a guest.
type Call struct {
	Envelope abi.Envelope
	Limits   abi.Limits // zero fields have their default
	World    *World     // replaces clocks and randomness; nil for the real ones

	// HTTP serves the guest's requests and must return soon after its context is done; nil means that the
	// capability was not granted. Log takes the guest's log lines; nil drops them. Neither is called after
	// Program.Call has returned, nor two at a time.
	HTTP func(context.Context, abi.Request) abi.Response
	Log  func(abi.LogRecord)
}

// World is what a call sees of time and chance when it has to come out the same every time: clocks that stand
// still but for what the guest sleeps, and random numbers from a seed.
type World struct {
	Now  time.Time
	Seed uint64
}

// Outcome is what became of a call.
type Outcome struct {
	Result abi.Result
	Usage  Usage
}

// Usage is what a call has used. The same call of the same guest uses the same fuel wherever it runs.
type Usage struct {
	Fuel       int64         // units of guest code, about one instruction each; package wasm has the definition
	PeakMemory int64         // bytes of guest memory at its largest
	HTTPCalls  int           // requests that the guest sent
	HostCalls  int           // calls of host functions that are counted
	Wall       time.Duration // from the slot to the result, host functions included
	Slept      time.Duration // of it, by the guest's own wish; in a World that is no real time
}
