package host

import (
	"context"
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
	"patchbay/internal/memory"
	"patchbay/testkit/vendors/simulated"
	"patchbay/testkit/vendors/tallyfy"
)

// ledgers is a store of limits that several hosts share, as their processes would.
type ledgers struct {
	memory.Store
	mu        sync.Mutex
	revisions map[string]uint64 // guarded by mu
}

func (l *ledgers) GetRevision(ctx context.Context, key string) ([]byte, uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, err := l.Get(ctx, key)
	return value, l.revisions[key], err
}

func (l *ledgers) Create(ctx context.Context, key string, value []byte) error {
	return l.replace(ctx, key, value, 0, fs.ErrExist)
}

func (l *ledgers) Update(ctx context.Context, key string, value []byte, revision uint64) error {
	return l.replace(ctx, key, value, revision, memory.ErrConflict)
}

func (l *ledgers) replace(ctx context.Context, key string, value []byte, revision uint64, conflict error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.revisions[key] != revision {
		return conflict
	}
	l.revisions[key]++
	return l.Put(ctx, key, value)
}

// distance is the time that requests and answers are on their way: 50 to 400 ms, at random, but the same in each run.
type distance struct {
	mu   sync.Mutex
	dice *rand.Rand // guarded by mu
}

func newDistance() *distance { return &distance{dice: rand.New(rand.NewPCG(7, 7))} }

// over lets a handler answer a request over that distance, which the request covers in a random part of the time.
func (d *distance) over(h http.Handler, r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	all := 50*time.Millisecond + time.Duration(d.dice.Int64N(int64(350*time.Millisecond)))
	there := time.Duration(d.dice.Int64N(int64(all)))
	d.mu.Unlock()
	time.Sleep(there)
	resp, err := serveIn(h, r)
	time.Sleep(all - there)
	return resp, err
}

// office is an account at Tallyfy with two connectors, from two publishers, each in a process of its own.
type office struct {
	*world
	vendor *tallyfy.Server
	hosts  []*Host

	mu   sync.Mutex
	sent map[string]time.Time // guarded by mu: when the first request of a kind went out, see first
}

// rivals are the connectors, by the names of their connections.
var rivals = []string{"patchbay/tallyfy", "acme/tallyfy"}

// newOffice installs and connects the connectors. Their manifest is the plugin's own, with changes: old, new, old, new...
// Call it in a synctest bubble.
func newOffice(t *testing.T, changes ...string) *office {
	t.Helper()
	o := &office{world: newWorld(t), vendor: tallyfy.New(tallyfy.Config{}), sent: map[string]time.Time{}}
	t.Cleanup(o.vendor.Close)
	far := newDistance()
	o.wire = func(r *http.Request) (*http.Response, error) {
		o.mu.Lock()
		if o.sent[r.Method].IsZero() {
			o.sent[r.Method] = time.Now()
		}
		o.mu.Unlock()
		return far.over(o.vendor, r)
	}
	o.engine.call = clerk
	shared := &ledgers{revisions: map[string]uint64{}}
	text := manifestOf(t, "tallyfy", changes...)
	for _, name := range rivals {
		publisher, _, _ := strings.Cut(name, "/")
		o.install(t, strings.Replace(text, "publisher: patchbay", "publisher: "+publisher, 1))
		o.connect(t, ConnectRequest{Name: publisher, Connector: name, Auth: "token", Values: map[string]string{
			"organization": tallyfy.AcmeOrg, "token": tallyfy.AdminToken}})
		o.hosts = append(o.hosts, o.beside(t, shared))
	}
	return o
}

// manifestOf is a plugin's manifest with changes: old, new, old, new...
func manifestOf(t *testing.T, plugin string, changes ...string) string {
	t.Helper()
	b, err := os.ReadFile("../plugins/" + plugin + "/connector.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for i := 0; i < len(changes); i += 2 {
		if strings.Count(text, changes[i]) != 1 {
			t.Fatalf("the manifest of %s has not %q once", plugin, changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	return text
}

// beside opens another process on what the world keeps, which shares its limits over the store.
func (w *world) beside(t *testing.T, shared QuotaStore) *Host {
	t.Helper()
	cfg := w.cfg
	cfg.Now, cfg.Quotas, cfg.Audit = time.Now, shared, nil
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h.guests = w.engine
	t.Cleanup(func() {
		if err := h.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return h
}

// clerk is a guest that launches a process, or lists blueprints, with one request.
func clerk(ctx context.Context, env abi.Envelope, do func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
	r := abi.Request{Method: "GET", URL: env.Connection.URLs["api"] + "/organizations/" + tallyfy.AcmeOrg + "/checklists"}
	r.Headers = map[string][]string{"X-Tallyfy-Client": {"APIClient"}, "Content-Type": {"application/json"}}
	done := abi.Result{Status: abi.StatusPage, Items: []json.RawMessage{}}
	if env.Operation == "launch_process" {
		r.Method, r.URL = "POST", env.Connection.URLs["api"]+"/organizations/"+tallyfy.AcmeOrg+"/runs"
		r.Body = []byte(`{"checklist_id": "` + tallyfy.ClientOnboarding + `"}`)
		done = abi.Done(json.RawMessage(`{"id": "7f0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e", "name": "A", "blueprint_id": "B", "status": "active"}`))
	}
	resp := do(ctx, r)
	switch {
	case resp.Fault != nil:
		return abi.Fail(resp.Fault), nil
	case resp.Failure != nil:
		return abi.Fail(resp.Failure), nil
	}
	return done, nil
}

// launch makes one bulk call by the i-th connector.
func (o *office) launch(ctx context.Context, i int) error {
	i %= len(rivals)
	_, err := o.hosts[i].Run(ctx, Call{Connector: rivals[i], Operation: "launch_process", Priority: Bulk,
		Input: json.RawMessage(`{"blueprint_id": "` + tallyfy.ClientOnboarding + `"}`)})
	return err
}

// look makes one interactive call, the only one that reads, and returns how long its request had to wait.
func (o *office) look(t *testing.T, i int) time.Duration {
	t.Helper()
	o.mu.Lock()
	delete(o.sent, "GET")
	o.mu.Unlock()
	start := time.Now()
	_, err := o.hosts[i%len(rivals)].Run(t.Context(), Call{Connector: rivals[i%len(rivals)], Operation: "list_blueprints"})
	if err != nil {
		t.Fatalf("an interactive call after %v: %v", time.Since(start), err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sent["GET"].Sub(start)
}

// launches counts what the vendor has of a connector's calls.
func launched(requests []simulated.Request) (n int) {
	for _, r := range requests {
		if r.Method == "POST" && r.Status == http.StatusCreated {
			n++
		}
	}
	return n
}

// TestLaunches_Processes at a vendor that takes 100 in any minute and 1,000 in any hour, by two connectors in two
// processes. The optimum is taken to be the rate's own: the 1,000th of a row that goes out every 600 ms, from the
// first on, has its turn after 599.4 s. (A strict window alone would allow for 540 s, by bursts of 100 with
// a minute of silence between them, in which nobody else gets a request through.)
func TestLaunches_Processes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		start := time.Now()
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				if err := o.launch(t.Context(), i); err != nil {
					t.Errorf("launch %d: %v", i, err)
				}
			})
		}
		all.Wait()
		took, optimum := time.Since(start), 999*time.Minute/100
		t.Logf("%v, %.1f %% above the optimum, %d refused, %d in the busiest minute",
			took, 100*(took.Seconds()/optimum.Seconds()-1), o.vendor.Throttled(), o.vendor.Busiest())
		if took > optimum+optimum/20 {
			t.Errorf("took %v, more than 5 %% above %v", took, optimum)
		}
		if n := o.vendor.Throttled(); n != 0 {
			t.Errorf("%d requests were answered 429", n)
		}
		if n := launched(o.vendor.Requests()); n != 1000 {
			t.Errorf("%d processes were launched", n)
		}
	})
}

// TestInteractive_BehindTenThousand behind 10,000 calls in bulk waits for less than one slot of the minute. The hour's limit is out of
// the way: what bulk has spent of it nobody gets.
func TestInteractive_BehindTenThousand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "requests: 1000, per: 1h", "requests: 100000, per: 1h")
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 10_000 {
			all.Go(func() { _ = o.launch(ctx, i) })
		}
		const calls, slot = 200, 600 * time.Millisecond
		began := time.Now()
		var longest time.Duration
		for i := range calls {
			time.Sleep(4*time.Second + time.Duration(i)*17*time.Millisecond)
			longest = max(longest, o.look(t, i))
		}
		rate := float64(launched(o.vendor.Requests())+calls) / time.Since(began).Minutes()
		t.Logf("the longest wait was %v, of %d calls; %d refused; %.1f requests a minute", longest, calls, o.vendor.Throttled(), rate)
		if longest >= slot {
			t.Errorf("an interactive call waited %v, a slot is %v", longest, slot)
		}
		if rate < 95 {
			t.Errorf("the vendor had %.1f requests a minute, and takes 100", rate)
		}
		if n := o.vendor.Throttled(); n != 0 {
			t.Errorf("%d requests were answered 429", n)
		}
		cancel()
		all.Wait()
	})
}
