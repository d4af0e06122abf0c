package egress

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
)

// A connection that the other side resets, over a real socket.
func TestWire_Reset(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sent, say string }{
		{"before the head", "", "before its response was complete, while waiting for the first byte"},
		{"in the head", "HTTP/1.1 200 OK\r\nX-", "no valid HTTP response"},
		{"in the body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "before its response was complete, while reading the response's body"},
		{"in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc", "before its response was complete, while reading the response's body"},
	} {
		srv := record(t, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(conn, c.sent)
			conn.(*net.TCPConn).SetLinger(0) // RST instead of FIN
			conn.Close()
		})
		client := New(Config{})
		r, told := client.Do(t.Context(), abi.Request{Method: "POST", URL: srv.URL}, private(srv.URL))
		t.Run(c.name, func(t *testing.T) { wantFault(t, r, abi.Unavailable, c.say) })
		if !told.Sent || len(srv.requests()) != 1 {
			t.Errorf("%s: %+v and %d requests", c.name, told, len(srv.requests()))
		}
		client.Close()
	}
}

// What a server sends beyond the length of its response is not taken for the response to the next request. net/http
// alone does that once in about a thousand requests.
func TestWire_BytesBeyondTheResponse(t *testing.T) {
	t.Parallel()
	n := &network{names: map[string][][]string{"api.example.com": {{public}}}}
	n.raw = map[string]func(net.Conn){public + ":80": func(c net.Conn) {
		br := bufio.NewReader(c)
		for {
			r, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%sHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", r.URL.Path)
		}
	}}
	c, p := n.client(t), open("http://api.example.com")
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			path := fmt.Sprintf("/%x", i)
			for range 200 {
				if r := reply(c.Do(t.Context(), get("http://api.example.com"+path), p)); string(r.Body) != path {
					t.Errorf("%s: got %q, %v", path, r.Body, r.Fault)
				}
			}
		})
	}
	wait.Wait()
}

// A connection is used again when its reader has found nothing left, or not at all.
func TestMetered_Drained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		m := &metered{Conn: near}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if m.drained(ctx); time.Since(start) != time.Second {
			t.Error("nobody reads, and the connection counts as drained")
		}
		go io.ReadAll(m)
		m.drained(t.Context())
		io.WriteString(far, "surplus")
		m.Close()
		m.drained(t.Context())
		synctest.Wait()
	})
}

// A response that comes before its request.
func TestProgress_UnaskedResponse(t *testing.T) {
	t.Parallel()
	for _, written := range []bool{true, false} {
		var p progress
		ctx, stop := context.WithCancelCause(t.Context())
		r, err := http.NewRequestWithContext(ctx, "GET", "http://api.example.com/", nil)
		if err != nil {
			t.Fatal(err)
		}
		hooks := httptrace.ContextClientTrace(p.watch(r, stop).Context())
		hooks.GetConn("")
		if written {
			hooks.WroteHeaders()
		}
		hooks.GotFirstResponseByte()
		if got := context.Cause(ctx) == errUnasked; got == written {
			t.Errorf("headers written %v: stopped %v", written, got)
		}
	}
}
