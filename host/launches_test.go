package host

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/vendors/netsuite"
	"patchbay/testkit/vendors/tallyfy"
)

// connectorOf reads a connector's own manifest under another publisher's name, so that there are two connectors to one
// vendor.
func connectorOf(t *testing.T, name, publisher string) string {
	t.Helper()
	text, err := os.ReadFile("../plugins/" + name + "/connector.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m := strings.Replace(string(text), "publisher: patchbay", "publisher: "+publisher, 1)
	if _, err := manifest.Parse([]byte(m)); err != nil {
		t.Fatal(err)
	}
	return m
}

// far is a vendor at some distance: half of the latency passes before it sees a request.
func far(vendor http.Handler, latency func() time.Duration) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		d := latency()
		time.Sleep(d / 2)
		resp, err := serveIn(vendor, r)
		time.Sleep(d - d/2)
		return resp, err
	}
}

// launching is a guest that launches a process, whichever connector it belongs to.
func launching(ctx context.Context, env abi.Envelope, do func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
	method, path, body := "POST", "/organizations/"+tallyfy.AcmeOrg+"/runs", `{"checklist_id":"`+tallyfy.SalesApproval+`","name":"x"}`
	if env.Operation == "list_blueprints" {
		method, path, body = "GET", "/organizations/"+tallyfy.AcmeOrg+"/checklists", ""
	}
	resp := do(ctx, abi.Request{Method: method, URL: env.Connection.URLs["api"] + path, Body: []byte(body),
		Headers: map[string][]string{"X-Tallyfy-Client": {"APIClient"}, "Accept": {"application/json"}, "Content-Type": {"application/json"}}})
	if resp.Fault != nil {
		return abi.Fail(resp.Fault), nil
	}
	if resp.Failure != nil {
		return abi.Fail(resp.Failure), nil
	}
	if method == "GET" {
		return abi.Result{Status: abi.StatusPage, Items: []json.RawMessage{}}, nil
	}
	return abi.Done(json.RawMessage(`{"id":"7f0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e","name":"x","blueprint_id":"y","status":"active"}`)), nil
}

// TestThousandLaunches launches 1,000 processes, in bulk and through two connectors to one account, against a vendor
// that allows 100 requests in any minute. Meanwhile somebody asks something now and then. The optimum is that of the
// rate, ten minutes: a crowd that used up each minute's hundred at once would be through in nine, and leave whoever
// asks in between waiting for up to a minute.
func TestThousandLaunches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const launches, optimum, slot = 1000, 10 * time.Minute, 600 * time.Millisecond
		w, vendor := newWorld(t), tallyfy.New(tallyfy.Config{})
		defer vendor.Close()
		chance := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex
		w.wire = far(vendor, func() time.Duration {
			mu.Lock()
			defer mu.Unlock()
			return 50*time.Millisecond + time.Duration(chance.Int64N(int64(350*time.Millisecond)))
		})
		w.engine.call = launching
		publishers := []string{"patchbay", "acme"}
		for _, p := range publishers {
			w.install(t, strings.Replace(connectorOf(t, "tallyfy", p), "requests: 1000, per: 1h", "requests: 1100, per: 1h", 1))
			w.connect(t, ConnectRequest{Connector: p + "/tallyfy", Name: p, Values: map[string]string{"organization": tallyfy.AcmeOrg, "token": tallyfy.AdminToken}})
		}
		start := time.Now()
		var all sync.WaitGroup
		for i := range launches {
			p := publishers[i%2]
			all.Go(func() {
				input := json.RawMessage(`{"blueprint_id": "` + tallyfy.SalesApproval + `"}`)
				if _, err := w.Run(t.Context(), Call{Connector: p + "/tallyfy", Operation: "launch_process", Input: input, Priority: Bulk}); err != nil {
					t.Errorf("launch %d: %v", i, err)
				}
			})
		}
		var longest time.Duration
		all.Go(func() {
			for range 50 {
				time.Sleep(10 * time.Second)
				var used Usage
				if _, err := w.Run(t.Context(), Call{Connector: "patchbay/tallyfy", Operation: "list_blueprints", Usage: &used}); err != nil {
					t.Errorf("an interactive call: %v", err)
				}
				longest = max(longest, used.Waited)
			}
		})
		all.Wait()
		took := time.Since(start)
		// The 50 calls that somebody waited for are on top of the thousand.
		if most := (optimum + 50*slot) * 105 / 100; took > most {
			t.Errorf("took %v, more than 5 %% over the optimum %v", took, optimum+50*slot)
		}
		if vendor.Throttled() != 0 || vendor.Busiest() > 100 {
			t.Errorf("%d requests were answered 429; %d came within one minute", vendor.Throttled(), vendor.Busiest())
		}
		if longest > slot {
			t.Errorf("an interactive call waited %v for the limit, more than a slot's %v", longest, slot)
		}
		t.Logf("1,000 launches and 50 calls took %v; %d answered 429; most in a minute %d; the longest interactive wait %v",
			took, vendor.Throttled(), vendor.Busiest(), longest)
	})
}

// TestGrantedConcurrency has 40 calls of two connections to one account against a vendor that allows three at a time,
// alone and beside somebody else who uses the account too, and who makes it refuse by either status.
func TestGrantedConcurrency(t *testing.T) {
	for _, status := range []int{429, 400} {
		for _, others := range []int{0, 2} {
			t.Run(fmt.Sprintf("%d with %d others", status, others), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w, vendor := newWorld(t), netsuite.New(netsuite.Config{Concurrency: 3, ConcurrencyStatus: status})
					defer vendor.Close()
					w.wire = func(r *http.Request) (*http.Response, error) { return serveIn(vendor, r) }
					stop := slowDown(vendor, 300*time.Millisecond)
					defer stop()
					w.engine.call = creating
					w.install(t, connectorOf(t, "netsuite", "patchbay"))
					for _, name := range []string{"one", "two"} {
						w.connect(t, ConnectRequest{Connector: "netsuite", Name: name, Values: map[string]string{"account": "1234567", "token": netsuite.AdminToken}})
					}
					before := len(vendor.Orders())
					var all sync.WaitGroup
					for i := range 40 {
						all.Go(func() {
							_, err := w.Run(t.Context(), Call{Connector: "netsuite", Connection: []string{"one", "two"}[i%2], Operation: "create_record",
								Input: json.RawMessage(`{"type": "salesOrder", "fields": {"memo": "x"}}`)})
							if err != nil {
								t.Errorf("call %d: %v", i, err)
							}
						})
					}
					for range others {
						all.Go(func() { occupy(t, vendor, 3*time.Second) })
					}
					all.Wait()
					if n := len(vendor.Orders()) - before; n != 40 {
						t.Errorf("%d orders were created, want each of the 40 once", n)
					}
					if others == 0 && (vendor.Peak() > 3 || vendor.Blocked() != 0) {
						t.Errorf("%d requests in flight, %d blocked; want 3 at the most and none", vendor.Peak(), vendor.Blocked())
					}
					t.Logf("peak %d, blocked %d", vendor.Peak(), vendor.Blocked())
				})
			})
		}
	}
}

// slowDown has requests take up to d. Call stop.
func slowDown(vendor *netsuite.Server, d time.Duration) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			release := vendor.Hold()
			select {
			case <-time.After(d):
				release()
			case <-done:
				release()
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// creating is a guest that creates a sales order.
func creating(ctx context.Context, env abi.Envelope, do func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
	resp := do(ctx, abi.Request{Method: "POST", URL: env.Connection.URLs["api"] + "/record/v1/salesOrder",
		Body:    []byte(`{"entity":{"id":"107"},"item":{"items":[{"item":{"id":"567"},"quantity":1}]}}`),
		Headers: map[string][]string{"Content-Type": {"application/json"}}})
	if resp.Fault != nil {
		return abi.Fail(resp.Fault), nil
	}
	if resp.Failure != nil {
		return abi.Fail(resp.Failure), nil
	}
	return abi.Done(json.RawMessage(`{"type":"salesOrder","id":"1"}`)), nil
}

// occupy is somebody else who uses the account for a while.
func occupy(t *testing.T, vendor *netsuite.Server, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "https://1234567.suitetalk.api.netsuite.com/services/rest/record/v1/customer/107", nil)
		if err != nil {
			t.Error(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+netsuite.AdminToken)
		if _, err := serveIn(vendor, r); err != nil {
			t.Error(err)
			return
		}
	}
}
