package netsuite

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer is a response held back, so that a fault can decide how it travels. It is an http.ResponseWriter.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newAnswer() *answer { return &answer{header: http.Header{}, status: http.StatusOK} }

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// replace makes the answer a JSON body of the server's own.
func (a *answer) replace(status int, body string) {
	a.status = status
	a.header.Set("Content-Type", "application/json")
	a.body.Reset()
	a.body.WriteString(body)
}

// begin sends status and headers, with the body's length when it is known.
func (a *answer) begin(w http.ResponseWriter, length int) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if length > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(a.status)
}

// send gives the whole answer. What the client no longer takes is lost, as on any server.
func (a *answer) send(w http.ResponseWriter) {
	a.begin(w, a.body.Len())
	_, _ = w.Write(a.body.Bytes())
}

// deliver gives the answer the way the rule says. A nil rule sends it as it is.
func (a *answer) deliver(w http.ResponseWriter, r *http.Request, rule *Rule, closed <-chan struct{}) {
	if rule == nil {
		a.send(w)
		return
	}
	if rule.RetryAfter != "" {
		a.header.Set("Retry-After", rule.RetryAfter)
	}
	switch rule.Effect {
	case Hang:
		pause(r, closed, nil)
		reset(w)
	case Reset:
		reset(w)
	case Drip:
		a.drip(w, r, rule.Interval, closed)
	case Malformed:
		a.replace(http.StatusOK, `{"data":[{"id":"1","na`)
		a.send(w)
	case Huge:
		a.replace(http.StatusOK, "")
		a.begin(w, rule.Size)
		fill(w, rule.Size)
	case Bomb:
		a.replace(http.StatusOK, "")
		a.header.Set("Content-Encoding", "gzip")
		a.begin(w, 0)
		packed := gzip.NewWriter(w)
		fill(packed, rule.Size)
		_ = packed.Close()
	default:
		if rule.Body != "" {
			a.replace(rule.Status, rule.Body)
		}
		a.send(w)
	}
}

// drip sends the body one byte at a time.
func (a *answer) drip(w http.ResponseWriter, r *http.Request, interval time.Duration, closed <-chan struct{}) {
	a.begin(w, a.body.Len())
	flusher := http.NewResponseController(w)
	for _, b := range a.body.Bytes() {
		if _, err := w.Write([]byte{b}); err != nil {
			return
		}
		// A writer that cannot flush, such as a recorder, only loses the drip.
		_ = flusher.Flush()
		timer := time.NewTimer(interval)
		gone := pause(r, closed, timer.C)
		timer.Stop()
		if gone {
			return
		}
	}
}

// pause waits for the tick and reports whether the client or the server went away first.
func pause(r *http.Request, closed <-chan struct{}, tick <-chan time.Time) bool {
	select {
	case <-r.Context().Done():
		return true
	case <-closed:
		return true
	case <-tick:
		return false
	}
}

// fill writes one JSON string of exactly size bytes, quotes included.
func fill(w io.Writer, size int) {
	chunk := strings.Repeat("x", 64<<10)
	if _, err := io.WriteString(w, `"`); err != nil {
		return
	}
	for left := size - 2; left > 0; left -= len(chunk) {
		if _, err := io.WriteString(w, chunk[:min(left, len(chunk))]); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, `"`)
}

// reset ends the connection without an answer. Lingering for zero seconds turns the close into a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// net/http's own way to end a connection that cannot be taken over, such as HTTP/2.
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
