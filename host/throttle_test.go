package host

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestThrottled_PausesAll: when a vendor asks one call to wait, in whatever form, the calls of every connection that
// shares the limit wait too, and all succeed.
func TestThrottled_PausesAll(t *testing.T) {
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of every bubble
	for form, want := range map[string]time.Duration{
		"7":   7 * time.Second,
		"2.5": 2500 * time.Millisecond,
		start.Add(9 * time.Second).Format(http.TimeFormat): 9 * time.Second,
		start.Add(5 * time.Second).Format(time.ANSIC):      5 * time.Second,
		"":        0, // then a back-off of the host's own
		"soon":    0,
		"-3":      0,
		"garbage": 0,
	} {
		t.Run(form, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var seen []time.Duration
				w := newWorld(t)
				w.wire = func(r *http.Request) (*http.Response, error) {
					mu.Lock()
					defer mu.Unlock()
					seen = append(seen, time.Since(start))
					resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}
					if len(seen) == 1 {
						resp.StatusCode = 429
						resp.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
						if form != "" {
							resp.Header.Set("Retry-After", form)
						}
					}
					return resp, nil
				}
				w.engine.call = sending("POST /ok")
				w.install(t, strings.Replace(store, "retry:", "quotas: [{id: all, key: app, requests: 100, per: 1m}]\nretry:", 1))
				for _, name := range []string{"one", "two"} {
					w.connect(t, ConnectRequest{Connector: "store", Name: name, Values: map[string]string{"token": "s3cret-token"}})
				}
				var all sync.WaitGroup
				for i := range 20 {
					all.Go(func() {
						time.Sleep(time.Duration(i) * time.Millisecond) // the first one meets the limit, the others come later
						if _, err := w.Run(t.Context(), Call{Connector: "store", Connection: []string{"one", "two"}[i%2], Operation: "plain"}); err != nil {
							t.Errorf("call %d: %v", i, err)
						}
					})
				}
				all.Wait()
				if len(seen) != 21 {
					t.Errorf("the vendor saw %d requests, want the 20 and one again", len(seen))
				}
				for _, at := range seen[1:] {
					if at < want {
						t.Errorf("a request came after %v, while the vendor had asked to wait for %v", at, want)
					}
				}
				if last := seen[len(seen)-1]; want == 0 && last > 3*time.Second {
					t.Errorf("the last request came after %v, without the vendor asking for it", last)
				}
			})
		})
	}
}
