package simulated

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

const (
	maxLogged = 10_000   // requests kept, the newest
	maxBody   = 16 << 20 // bytes of a request's body; more is answered 413
)

// Request is one request as it came in.
type Request struct {
	Method string
	// Path is the URL's path as it was sent, with its escapes.
	Path  string
	Query url.Values
	// Header is what was sent, credentials included: the server holds made-up ones.
	Header http.Header
	Body   []byte
	// At is the time by the server's clock.
	At time.Time
	// Status is what was answered, or 0 while the request runs and when nothing was answered.
	Status int
}

// requestLog keeps the newest requests. The zero value is empty.
type requestLog struct {
	mu      sync.Mutex
	first   int       // guarded by mu; number of entries[0]
	entries []Request // guarded by mu
}

// begin reads the request's body, gives the request a new reader of it, and files both under the number
// it returns. The error is a body that is too large or that did not arrive.
func (l *requestLog) begin(r *http.Request, now time.Time) (int, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	r.Body = io.NopCloser(bytes.NewReader(body))
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.entries) == maxLogged {
		l.entries = slices.Delete(l.entries, 0, 1)
		l.first++
	}
	l.entries = append(l.entries, Request{
		Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query(),
		Header: r.Header.Clone(), Body: body, At: now,
	})
	return l.first + len(l.entries) - 1, err
}

// end notes the status that the numbered request is answered with.
func (l *requestLog) end(number, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := number - l.first; i >= 0 {
		l.entries[i].Status = status
	}
}

// all returns the requests, oldest first.
func (l *requestLog) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}
