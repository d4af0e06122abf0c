package simulated_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"patchbay/testkit/vendors/simulated"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// shop is the smallest vendor: it sells at every path but /none, and counts what it has sold.
type shop struct {
	*simulated.Controls
	latency time.Duration
	selling func() // called before a sale, if not nil
	sold    atomic.Int32
}

func newShop(rules ...simulated.Rule) *shop {
	return &shop{Controls: simulated.New(func() time.Time { return monday }, rules...)}
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, err := simulated.Receive(s.Controls, r)
	if err != nil {
		s.refuse(x, http.StatusRequestEntityTooLarge)
	} else {
		x.Wait(s.latency)
		x.Perform(s.sell, s.refuse)
	}
	x.Send(w)
}

func (s *shop) sell(w http.ResponseWriter, r *http.Request) {
	if s.selling != nil {
		s.selling()
	}
	if r.URL.Path == "/none" {
		s.refuse(w, http.StatusNotFound)
		return
	}
	s.sold.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.refuse(w, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Shop", "open")
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, "sold ")
	w.Write(body)
}

func (s *shop) refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Shop", "closed")
	w.WriteHeader(status)
	io.WriteString(w, "no: "+http.StatusText(status))
}

// open serves the shop on a loopback port until the test ends, and returns its address.
func open(t *testing.T, s *shop) string {
	t.Helper()
	ts := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); ts.Close() })
	return ts.URL
}

// get asks for the path, and returns the answer with its body read.
func get(t *testing.T, url, path string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := web.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// await polls until the condition holds, for ten seconds.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for range 10_000 {
		if holds() {
			return
		}
		<-ticker.C
	}
	t.Fatal("waited ten seconds in vain")
}

// What no fault touches is delivered as the vendor wrote it, with the request's body still to be read.
func TestDelivery(t *testing.T) {
	t.Parallel()
	recorder := httptest.NewRecorder()
	newShop().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader("tea")))
	if recorder.Code != 201 || recorder.Body.String() != "sold tea" || recorder.Header().Get("Shop") != "open" || recorder.Header().Get("Content-Length") != "8" {
		t.Errorf("%d %s %v", recorder.Code, recorder.Body, recorder.Header())
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	s := newShop()
	s.latency = 20 * time.Millisecond
	url := open(t, s)
	begun := time.Now()
	get(t, url, "/")
	if took := time.Since(begun); took < s.latency {
		t.Errorf("a request takes %v", took)
	}
}

// Closing ends the wait, and the request is answered.
func TestCloseEndsWait(t *testing.T) {
	t.Parallel()
	s := newShop()
	s.latency = time.Hour
	done := make(chan int, 1)
	go func() {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		recorder := httptest.NewRecorder()
		s.ServeHTTP(recorder, r)
		done <- recorder.Code
	}()
	await(t, func() bool { return len(s.Requests()) == 1 })
	s.Close()
	if status := <-done; status != 201 {
		t.Errorf("status %d, want 201", status)
	}
}
