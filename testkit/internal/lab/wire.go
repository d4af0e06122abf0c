package lab

import (
	"errors"
	"net/http"
	"slices"
	"sync"
)

// wire is the transport of the whole lab; each call puts its own vendor on it.
type wire struct {
	mu sync.Mutex // guards rt
	rt http.RoundTripper
}

func (w *wire) use(rt http.RoundTripper) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rt = rt
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	rt := w.rt
	w.mu.Unlock()
	if rt == nil {
		return nil, errors.New("no call is running")
	}
	return rt.RoundTrip(r)
}

// logs keeps what was logged during one case.
type logs struct {
	mu  sync.Mutex // guards buf
	buf []byte
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, p...)
	return len(p), nil
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.buf)
}

func (l *logs) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = slices.Delete(l.buf, 0, len(l.buf))
}
