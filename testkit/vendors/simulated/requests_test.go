package simulated_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/simulated"
)

func TestRequestsAreFiled(t *testing.T) {
	t.Parallel()
	s := newShop()
	r := httptest.NewRequestWithContext(t.Context(), "PUT", "/a%2Fb?q=a%20b", strings.NewReader("tea"))
	r.Header.Set("Purse", "full")
	s.ServeHTTP(httptest.NewRecorder(), r)
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/none", nil))
	want := []simulated.Request{
		{Method: "PUT", Path: "/a%2Fb", Query: url.Values{"q": {"a b"}}, Header: http.Header{"Purse": {"full"}}, Body: []byte("tea"), At: monday, Status: 201},
		{Method: "GET", Path: "/none", Query: url.Values{}, Header: http.Header{}, Body: []byte{}, At: monday, Status: 404},
	}
	if diff := cmp.Diff(want, s.Requests()); diff != "" {
		t.Error(diff)
	}
}

// The log keeps the newest. A status whose request is no longer kept is filed nowhere.
func TestRequestLogIsBounded(t *testing.T) {
	t.Parallel()
	const kept, extra = 10_000, 5
	var once sync.Once
	performing, perform := make(chan struct{}), make(chan struct{})
	s := newShop()
	s.selling = func() {
		first := false
		once.Do(func() { first = true })
		if first { // it is filed, and about to be performed
			close(performing)
			<-perform
		}
	}
	get := func(path string) {
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	}
	var group sync.WaitGroup
	group.Go(func() { get("/none") })
	<-performing
	for i := range kept + extra {
		get(fmt.Sprintf("/%d", i))
	}
	close(perform)
	group.Wait()
	got := s.Requests()
	if len(got) != kept || got[0].Path != fmt.Sprintf("/%d", extra) {
		t.Fatalf("%d requests, the first %s", len(got), got[0].Path)
	}
	for _, request := range got {
		if request.Status != 201 {
			t.Fatalf("%s is filed with status %d, want 201", request.Path, request.Status)
		}
	}
}

func TestLargeBodyIsRefused(t *testing.T) {
	t.Parallel()
	const limit = 16 << 20
	s := newShop()
	for size, want := range map[int]int{limit: 201, limit + 1: 413} {
		recorder := httptest.NewRecorder()
		body := strings.NewReader(strings.Repeat(" ", size))
		s.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "POST", "/", body))
		filed := s.Requests()
		if last := filed[len(filed)-1].Status; recorder.Code != want || last != want {
			t.Errorf("a body of %d bytes is answered %d and filed as %d, want %d", size, recorder.Code, last, want)
		}
	}
}
