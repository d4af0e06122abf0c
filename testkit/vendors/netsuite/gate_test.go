package netsuite_test

import (
	"net/http/httptest"
	"sync"
	"testing"

	"patchbay/testkit/vendors/netsuite"
)

func TestHold(t *testing.T) {
	t.Parallel()
	server := netsuite.New(netsuite.Config{Concurrency: 2})
	send := func() int {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/services/rest/system/v1/serverTime", nil)
		r.Header.Set("Authorization", "Bearer "+netsuite.AdminToken)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		return w.Code
	}
	release := server.Hold()
	again := server.Hold()
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if status := send(); status != 200 {
				t.Errorf("a request that was held: %d", status)
			}
		})
	}
	await(t, func() bool { return server.Running() == 2 })
	if status := send(); status != 429 || server.Running() != 2 {
		t.Errorf("one more: %d, %d running", status, server.Running())
	}
	release()
	group.Wait()
	again() // the hold is over already
	if status := send(); status != 200 || server.Running() != 0 || server.Peak() != 3 || server.Blocked() != 1 {
		t.Errorf("afterwards: %d, %d running, peak %d, %d blocked", status, server.Running(), server.Peak(), server.Blocked())
	}

	server.Hold()
	group.Go(func() { send() })
	await(t, func() bool { return server.Running() == 1 })
	server.Close() // lets go what waits
	group.Wait()
}
