package simulated

import (
	"compress/gzip"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"time"
)

// distort delivers the answer by the rule.
func (x *Exchange) distort(w http.ResponseWriter) {
	if x.rule.RetryAfter != "" {
		x.header.Set("Retry-After", x.rule.RetryAfter)
	}
	switch x.rule.Effect {
	case Hang:
		x.pause(nil)
		reset(w)
	case Reset:
		reset(w)
	case Drip:
		x.drip(w)
	case Slow:
		x.Wait(x.rule.Interval)
		x.send(w)
	case Malformed:
		x.replace(http.StatusOK, `{"data":[{"id":"1","na`)
		x.send(w)
	case Huge:
		x.replace(http.StatusOK, "")
		x.begin(w, x.rule.Size)
		fill(w, x.rule.Size)
	case Bomb:
		x.replace(http.StatusOK, "")
		x.header.Set("Content-Encoding", "gzip")
		x.begin(w, 0)
		packed := gzip.NewWriter(w)
		fill(packed, x.rule.Size)
		_ = packed.Close()
	default:
		if x.rule.Body != "" {
			x.replace(x.rule.Status, x.rule.Body)
		}
		maps.Copy(x.header, x.rule.Header)
		x.send(w)
	}
}

// drip sends the body one byte at a time.
func (x *Exchange) drip(w http.ResponseWriter) {
	x.begin(w, x.body.Len())
	flusher := http.NewResponseController(w)
	for _, b := range x.body.Bytes() {
		if _, err := w.Write([]byte{b}); err != nil {
			return
		}
		// A writer that cannot flush, such as a recorder, only loses the drip.
		_ = flusher.Flush()
		timer := time.NewTimer(x.rule.Interval)
		gone := x.pause(timer.C)
		timer.Stop()
		if gone {
			return
		}
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
