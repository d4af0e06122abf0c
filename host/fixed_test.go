package host

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/bundle"
	"patchbay/host/internal/guesttest"
	"patchbay/internal/memory"
	"patchbay/manifest"
)

// churning is a connector whose guest is the suite's own.
const churning = `
schema: patchbay/v1
publisher: acme
name: churning
version: 1.0.0
title: Churning
description: Makes garbage.
categories: [commerce]
license: MIT
guest: {package: .}
auth:
  - {id: token, type: bearer}
http:
  - {id: api, url: "https://churn.example/v1", methods: [GET]}
actions:
  - name: churn
    title: Churn
    description: Makes garbage and requests.
    read_only: true
    input: {type: object, required: [Rounds], properties: {Rounds: {type: integer}}, additionalProperties: false}
    output: {type: object, required: [orders], properties: {orders: {type: array, items: {type: string}}}, additionalProperties: false}
`

// newReal opens a host with real guests in a folder of its own.
func newReal(t *testing.T, cfg Config) *Host {
	t.Helper()
	cfg.Store, cfg.Vault, cfg.IsConflict = &memory.Store{}, &memory.Vault{}, memory.IsConflict
	cfg.Dir = t.TempDir()
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	m, err := manifest.Parse([]byte(churning))
	if err != nil {
		t.Fatal(err)
	}
	canonical, err := m.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.New(bundle.Contents{Manifest: canonical, Module: guesttest.Guest(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Install(t.Context(), b, "SHA256:test", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Connect(t.Context(), ConnectRequest{Connector: "churning", Values: map[string]string{"token": "secret-token"}}); err != nil {
		t.Fatal(err)
	}
	return h
}

// happened is all of a call that has to come out the same.
type happened struct {
	Output   string
	Fuel     int64
	Peak     int64
	Requests []string
}

// journal is a vendor that remembers what it was asked for.
type journal struct {
	mu   sync.Mutex // guards seen
	seen []string
}

func (j *journal) RoundTrip(r *http.Request) (*http.Response, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen = append(j.seen, fmt.Sprint(r.Method, " ", r.URL, " ", r.Header))
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	seen := j.seen
	j.seen = nil
	return seen
}

func churn(t *testing.T, h *Host, j *journal) happened {
	t.Helper()
	var usage Usage
	r, err := h.Run(t.Context(), Call{Connector: "churning", Operation: "churn", Input: json.RawMessage(`{"Rounds": 20}`), Usage: &usage})
	if err != nil {
		t.Fatal(err)
	}
	return happened{Output: string(r.Output), Fuel: usage.Fuel, Peak: usage.PeakMemory, Requests: j.take()}
}

func TestRun_World(t *testing.T) {
	t.Parallel()
	world := &World{Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Seed: 42}
	j := &journal{}
	var want happened
	for _, ring := range []Isolation{InProcess, Process} {
		for range 2 {
			h := newReal(t, Config{World: world, Isolation: ring, Transport: j})
			for range 20 {
				got := churn(t, h, j)
				if want.Fuel == 0 {
					want = got
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s: another run, another outcome: %s", ring, diff)
				}
			}
		}
	}
	if len(want.Requests) != 20 {
		t.Errorf("%d requests, want 20", len(want.Requests))
	}
	other := newReal(t, Config{World: &World{Now: world.Now, Seed: 43}, Isolation: InProcess, Transport: j})
	if got := churn(t, other, j); got.Output == want.Output {
		t.Errorf("another seed gives the same order of maps: %s", got.Output)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	random, counted := &ids{}, &ids{counted: true}
	if a, b := random.next(), random.next(); a == b || len(a) != 26 {
		t.Errorf("ids %q and %q, want two of 26 letters", a, b)
	}
	for _, want := range []string{"00000000000000000000000001", "00000000000000000000000002"} {
		if got := counted.next(); got != want {
			t.Errorf("id %q, want %q", got, want)
		}
	}
}
