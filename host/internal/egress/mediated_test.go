package egress

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/abi"
)

// BenchmarkMediated compares a call through Do, with grants, a credential, two secrets to scrub and a JSON answer of
// 1 KiB, to a bare net/http client on the same server. The two take turns in blocks, so that both meet the same
// weather. x-p50 and x-throughput are the mediated call's in multiples of the bare one's; the allocations are
// those of the whole process, so the server's are in both.
func BenchmarkMediated(b *testing.B) {
	answer := fmt.Appendf(nil, `{"items":[%s]}`, strings.TrimSuffix(strings.Repeat(`{"id":12345,"name":"Some \"quoted\" name","url":"https://a.example/b%20c"},`, 14), ","))
	for _, http2 := range []bool{false, true} {
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write(answer)
		}))
		if http2 {
			srv.TLS, srv.EnableHTTP2 = serverTLS(), true
			srv.StartTLS()
		} else {
			srv.Start()
		}
		for _, workers := range []int{1, 8} {
			b.Run(fmt.Sprintf("http2=%v/workers=%d", http2, workers), func(b *testing.B) { compare(b, srv.URL, len(answer), workers) })
		}
		srv.Close()
	}
}

func compare(b *testing.B, base string, size, workers int) {
	c := New(Config{RootCAs: roots()})
	defer c.Close()
	p := private(base+"/v1", base+"/v2")
	p.Owned, p.Secrets = []string{"X-Api-Key"}, []string{"a-refresh-token-of-some-length-0123456789", "an-access-token/of+some=length"}
	p.Authorize = func(r *http.Request) error { r.Header.Set("Authorization", "Bearer "+p.Secrets[1]); return nil }
	mediated := &lap{do: func() error {
		r, _ := c.Do(b.Context(), abi.Request{Method: "GET", URL: base + "/v1/items?page=2", Headers: map[string][]string{"Accept": {"application/json"}}}, p)
		if len(r.Body) != size {
			return fmt.Errorf("got %v, %v", r.Status, r.Fault)
		}
		return nil
	}}
	transport := &http.Transport{TLSClientConfig: tlsConfig(roots(), nil), ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	bare := &lap{do: func() error {
		r, err := http.NewRequestWithContext(b.Context(), "GET", base+"/v1/items?page=2", nil)
		if err != nil {
			return err
		}
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Authorization", "Bearer "+p.Secrets[1])
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if len(body) != size {
			return fmt.Errorf("got %d bytes, %v", len(body), err)
		}
		return nil
	}}
	const block = 20 // calls of each worker
	for range 10 {   // to warm up
		bare.run(b, workers, block)
		mediated.run(b, workers, block)
	}
	bare.reset()
	mediated.reset()
	for b.Loop() {
		bare.run(b, workers, block)
		mediated.run(b, workers, block)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(mediated.p50())/float64(bare.p50()), "x-p50")
	b.ReportMetric(mediated.rate()/bare.rate(), "x-throughput")
	b.ReportMetric(float64(bare.p50().Microseconds()), "bare-p50-us")
	b.ReportMetric(float64(mediated.p50().Microseconds()), "p50-us")
	b.ReportMetric(mediated.rate(), "calls/s")
	b.ReportMetric(float64(bare.mallocs)/float64(len(bare.took)), "bare-allocs/call")
	b.ReportMetric(float64(mediated.mallocs)/float64(len(mediated.took)), "allocs/call")
}

// lap measures one of the two.
type lap struct {
	do      func() error
	took    []time.Duration
	total   time.Duration
	mallocs uint64
}

func (l *lap) reset() { l.took, l.total, l.mallocs = nil, 0, 0 }

func (l *lap) run(b *testing.B, workers, calls int) {
	took := make([]time.Duration, workers*calls)
	var wait sync.WaitGroup
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for w := range workers {
		wait.Go(func() {
			for i := range calls {
				began := time.Now()
				if err := l.do(); err != nil {
					b.Error(err)
				}
				took[w*calls+i] = time.Since(began)
			}
		})
	}
	wait.Wait()
	l.total += time.Since(start)
	runtime.ReadMemStats(&after)
	l.mallocs += after.Mallocs - before.Mallocs
	l.took = append(l.took, took...)
}

func (l *lap) p50() time.Duration {
	slices.Sort(l.took)
	return l.took[len(l.took)/2]
}

func (l *lap) rate() float64 { return float64(len(l.took)) / l.total.Seconds() }
