package egress

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/internal/virtual"
)

// TestClient_Clock has something in the network's place hang, by a clock of the caller's: it gets the network's bounds.
func TestClient_Clock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wall time.Duration
		want string
		took time.Duration
	}{
		"first byte": {time.Hour, "vendor.example: no answer in time while waiting for the first byte of the response", firstByteTimeout},
		"call":       {7 * time.Second, "vendor.example: the call's time was up while waiting for the first byte of the response", 7 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			clock := virtual.New(start)
			client := New(Config{Clock: clock, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				return nil, clock.Sleep(r.Context(), 2*time.Hour)
			})})
			defer client.Close()
			resp, trace := client.Do(t.Context(), abi.Request{Method: "GET", URL: "https://vendor.example/"}, Policy{
				Grants: []Grant{{ID: "api", Base: "https://vendor.example", Methods: []string{"GET"}}}, Limits: abi.Limits{Wall: c.wall},
			})
			if f := resp.Fault; f == nil || f.Code != abi.Timeout || !strings.Contains(f.Message, c.want) || !trace.Sent {
				t.Errorf("fault %v, sent %t; want timeout with %q", f, trace.Sent, c.want)
			}
			if took := clock.Now().Sub(start); took != c.took {
				t.Errorf("took %v, want %v", took, c.took)
			}
			clock.Advance(24 * time.Hour) // nothing is left to end
		})
	}
}
