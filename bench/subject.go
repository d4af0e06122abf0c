package main

import (
	"context"
	"errors"
)

// subject is one way of running the work.
type subject struct {
	name  string
	about string
	fresh bool // no call sees what another has left
	open  func(context.Context, *guests) (*runner, error)
}

// runner is an opened subject. Its functions serve one caller at a time; one that is nil cannot be had.
type runner struct {
	work func(input []byte) (output []byte, err error)

	// call is the smallest call there is, in which the guest sends no request.
	call func() error

	// echo takes a payload into the guest and back out of it.
	echo func(payload []byte) ([]byte, error)

	close []func() error // called last to first
}

func (r *runner) onClose(f func() error) { r.close = append(r.close, f) }

func (r *runner) Close() error {
	var errs []error
	for i := len(r.close) - 1; i >= 0; i-- {
		errs = append(errs, r.close[i]())
	}
	r.close = nil
	return errors.Join(errs...)
}

// subjects is every way there is, the floor first.
func subjects() []subject {
	return []subject{
		{"native", "the work in Go, called as a function", false, openNative},
		{"patchbay", "in-process engine, fresh state for every call, metered", true, openPatchbay(inProcess, "bare")},
		{"patchbay-ring", "process engine, fresh state for every call, metered", true, openPatchbay(inRing, "bare")},
		{"patchbay-primed", "in-process engine, warmed up with a response such as the vendor's", true, openPatchbay(inProcess, "bare", primed)},
		{"patchbay-sdk", "in-process engine, the guest written with the SDK", true, openPatchbay(inProcess, "sdk")},
		{"wazero-warm", "wazero, one instance for all calls, unmetered", false, openWazero("bare", wazeroOptions{})},
		{"wazero-warm-fuel", "the same, the module metered as Patchbay's are", false, openWazero("bare", wazeroOptions{harden: true})},
		{"wazero-warm-ctx", "the same, unmetered, stopped when its context is done", false, openWazero("bare", wazeroOptions{context: true})},
		{"wazero-warm-sdk", "the same, unmetered, the guest written with the SDK", false, openWazero("sdk", wazeroOptions{})},
		{"wazero-new", "wazero, a new instance for every call, unmetered", true, openWazero("bare", wazeroOptions{renew: true})},
		{"extism-warm", "extism/go-sdk, one plugin instance for all calls", false, openExtism(false)},
		{"extism-new", "extism/go-sdk, a new plugin instance for every call", true, openExtism(true)},
		{"knqyf263-warm", "knqyf263/go-plugin, one plugin for all calls", false, openKnqyf263},
		{"hashicorp-warm", "hashicorp/go-plugin, one native process for all calls, HTTP by callback", false, openHashicorp(true)},
		{"hashicorp-warm-local", "the same, the response already in the plugin", false, openHashicorp(false)},
	}
}
