package egress

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
)

// Frames of HTTP/2 (RFC 9113 section 6), written by hand: a well-behaved library would not send these.
const (
	data, headers, rst, settings, ping, goAway, continuation = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7, 0x9
	endStream, endHeaders, ack                               = 0x1, 0x4, 0x1
)

func frame(kind, flags byte, stream uint32, payload string) string {
	b := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return string(binary.BigEndian.AppendUint32(b, stream)) + payload
}

func code(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }

// fields writes a header list in HPACK (RFC 7541 section 6.2.2), literally and without Huffman's code.
func fields(pairs ...string) string {
	var b strings.Builder
	for i, s := range pairs {
		if i%2 == 0 {
			b.WriteByte(0)
		}
		if len(s) < 127 {
			b.WriteByte(byte(len(s)))
		} else {
			b.WriteByte(127)
			n := len(s) - 127
			for ; n >= 128; n /= 128 {
				b.WriteByte(byte(n%128 | 128))
			}
			b.WriteByte(byte(n))
		}
		b.WriteString(s)
	}
	return b.String()
}

// h2 is the server's side of a connection that speaks HTTP/2 badly.
type h2 struct {
	mu    sync.Mutex   // guards conn, and its writer
	conn  net.Conn     // the last one
	seen  atomic.Int64 // requests
	wrote atomic.Int64
}

func (s *h2) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn.Close()
}

func (s *h2) write(frames ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := io.WriteString(s.conn, strings.Join(frames, ""))
	s.wrote.Add(int64(n))
	return err
}

// head answers a stream with 200 and the headers.
func (s *h2) head(stream uint32, flags byte, pairs ...string) error {
	return s.write(frame(headers, flags|endHeaders, stream, fields(append([]string{":status", "200"}, pairs...)...)))
}

// speak2 returns a network whose https://api.example.com gives every request to f, which may write as it likes.
// When answerPings is false it leaves the client's pings unanswered.
func speak2(answerPings bool, f func(s *h2, stream uint32)) (*network, *h2) {
	s := &h2{}
	n := &network{names: map[string][][]string{"api.example.com": {{public}}}}
	n.raw = map[string]func(net.Conn){public + ":443": func(c net.Conn) {
		cfg := serverTLS()
		cfg.NextProtos = []string{"h2"}
		conn := tls.Server(c, cfg)
		s.mu.Lock()
		s.conn = conn
		s.mu.Unlock()
		preface := make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
		if _, err := io.ReadFull(conn, preface); err != nil {
			return
		}
		var running sync.WaitGroup
		defer running.Wait()
		defer c.Close()                // first, so that those who write end
		settled := make(chan struct{}) // SETTINGS must come first
		running.Go(func() { s.write(frame(settings, 0, 0, "")); close(settled) })
		for {
			var head [9]byte
			if _, err := io.ReadFull(conn, head[:]); err != nil {
				return
			}
			payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
			if _, err := io.ReadFull(conn, payload); err != nil {
				return
			}
			switch kind, flags := head[3], head[4]; {
			case kind == headers:
				s.seen.Add(1)
				running.Go(func() { <-settled; f(s, binary.BigEndian.Uint32(head[5:])) })
			case kind == ping && flags&ack == 0 && answerPings:
				running.Go(func() { s.write(frame(ping, ack, 0, string(payload))) })
			}
		}
	}}
	return n, s
}

// again calls write every interval until it fails.
func again(interval time.Duration, write func() error) {
	for write() == nil {
		time.Sleep(interval) // in synctest's time
	}
}

func TestHTTP2_Faults(t *testing.T) {
	t.Parallel()
	type server = func(s *h2, stream uint32)
	pings := strings.Repeat(frame(ping, 0, 0, "flooding"), 1000)
	long := strings.Repeat("x", 10_000)
	for _, c := range []struct {
		name   string
		silent bool // pings go unanswered
		serve  server
		code   abi.Code
		after  time.Duration
		say    string
	}{
		{"no answer", false, func(*h2, uint32) {}, abi.Timeout, firstByteTimeout, "waiting for the first byte"},
		{"dead connection", true, func(*h2, uint32) {}, abi.Unavailable, idleTimeout + connectTimeout, "waiting for the first byte"},
		{"silence in the body", false, func(s *h2, id uint32) { s.head(id, 0); s.write(frame(data, 0, id, "abc")) }, abi.Timeout, idleTimeout, "nothing came for 10s"},
		{"slow body", false, func(s *h2, id uint32) {
			s.head(id, 0)
			again(9*time.Second, func() error { return s.write(frame(data, 0, id, "a")) })
		}, abi.Timeout, 30 * time.Second, "time was up"},
		{"slow 1xx", false, func(s *h2, id uint32) {
			again(time.Second, func() error { return s.write(frame(headers, endHeaders, id, fields(":status", "103"))) })
		}, abi.Timeout, firstByteTimeout, "waiting for the first byte"},
		{"flood of empty DATA", false, func(s *h2, id uint32) {
			s.head(id, 0)
			again(time.Second, func() error { return s.write(strings.Repeat(frame(data, 0, id, ""), 100)) })
		}, abi.Timeout, idleTimeout, "nothing came for 10s"},
		{"flood of PING", false, func(s *h2, id uint32) {
			s.head(id, 0)
			again(time.Second, func() error { return s.write(pings) })
		}, abi.Timeout, idleTimeout, "nothing came for 10s"},
		{"flood of SETTINGS", false, func(s *h2, id uint32) {
			again(time.Second, func() error { return s.write(strings.Repeat(frame(settings, 0, 0, ""), 100)) })
		}, abi.Timeout, firstByteTimeout, "waiting for the first byte"},
		{"flood of RST_STREAM", false, func(s *h2, id uint32) {
			again(time.Second, func() error { return s.write(strings.Repeat(frame(rst, 0, id+2, code(8)), 100)) })
		}, abi.Timeout, firstByteTimeout, "waiting for the first byte"},
		{"flood of empty CONTINUATION", false, func(s *h2, id uint32) {
			s.write(frame(headers, 0, id, fields(":status", "200")))
			again(time.Second, func() error { return s.write(strings.Repeat(frame(continuation, 0, id, ""), 100)) })
		}, abi.Unavailable, idleTimeout, "waiting for the first byte"},
		{"flood of CONTINUATION", false, func(s *h2, id uint32) {
			s.write(frame(headers, 0, id, fields(":status", "200")))
			again(0, func() error { return s.write(frame(continuation, 0, id, fields("x", long))) })
		}, abi.Unavailable, 0, "more than 64 KiB of response headers"},
		{"flood of headers", false, func(s *h2, id uint32) {
			s.head(id, endStream, strings.Split(strings.Repeat("x,y,", 2000)+"z,z", ",")...)
		}, abi.Unavailable, 0, "more than 64 KiB of response headers"},
		{"flood of 1xx", false, func(s *h2, id uint32) {
			again(0, func() error { return s.write(frame(headers, endHeaders, id, fields(":status", "103", "link", long))) })
		}, abi.Unavailable, 0, "more than 64 KiB of response headers"},
		{"flood of trailers", false, func(s *h2, id uint32) {
			s.head(id, 0)
			s.write(frame(headers, 0, id, fields("x", long)))
			again(0, func() error { return s.write(frame(continuation, 0, id, fields("x", long))) })
		}, abi.Unavailable, 0, "api.example.com"},
		{"flood of DATA", false, func(s *h2, id uint32) {
			s.head(id, 0)
			again(0, func() error { return s.write(frame(data, 0, id, long)) })
		}, abi.LimitExceeded, 0, "limit of 100KiB"},
		{"body shorter than its length", false, func(s *h2, id uint32) {
			s.head(id, 0, "content-length", "100")
			s.write(frame(data, endStream, id, "abc"))
		}, abi.Unavailable, 0, "before its response was complete"},
		{"body longer than its length", false, func(s *h2, id uint32) {
			s.head(id, 0, "content-length", "1")
			s.write(frame(data, endStream, id, "abc"))
		}, abi.Unavailable, 0, "no valid HTTP response"},
		{"two lengths", false, func(s *h2, id uint32) { s.head(id, endStream, "content-length", "3", "content-length", "4") }, abi.Unavailable, 0, "more than one length"},
		{"negative length", false, func(s *h2, id uint32) { s.head(id, endStream, "content-length", "-1") }, abi.Unavailable, 0, "none that is a number"},
		{"line break in a value", false, func(s *h2, id uint32) { s.head(id, endStream, "x", "a\r\nb: c") }, abi.Unavailable, 0, "no valid HTTP response"},
		{"capital in a name", false, func(s *h2, id uint32) { s.head(id, endStream, "X", "a") }, abi.Unavailable, 0, "no valid HTTP response"},
		{"no status", false, func(s *h2, id uint32) { s.write(frame(headers, endHeaders|endStream, id, fields("x", "a"))) }, abi.Unavailable, 0, "no valid HTTP response"},
		{"switch of protocols", false, func(s *h2, id uint32) {
			s.write(frame(headers, endHeaders, id, fields(":status", "101")))
		}, abi.Timeout, firstByteTimeout, "waiting for the first byte"},
		{"reset before the head", false, func(s *h2, id uint32) { s.write(frame(rst, 0, id, code(2))) }, abi.Unavailable, 0, "reset the request"},
		{"reset in the body", false, func(s *h2, id uint32) {
			s.head(id, 0)
			s.write(frame(data, 0, id, "abc"), frame(rst, 0, id, code(8)))
		}, abi.Unavailable, 0, "reset the request before its response was complete"},
		{"GOAWAY in the body", false, func(s *h2, id uint32) {
			s.head(id, 0)
			s.write(frame(data, 0, id, "abc"), frame(goAway, 0, 0, code(0)+code(0)))
			s.close()
		}, abi.Unavailable, 0, "reading the response's body"},
		{"hung up in the body", false, func(s *h2, id uint32) {
			s.head(id, 0)
			s.close()
		}, abi.Unavailable, 0, "before its response was complete"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, s := speak2(!c.silent, c.serve)
				p := open("https://api.example.com")
				p.Limits.ResponseBody = 100 << 10
				start := time.Now()
				r := reply(n.client(t).Do(t.Context(), get("https://api.example.com/?key=hunter2"), p))
				wantFault(t, r, c.code, "api.example.com", c.say)
				if took := time.Since(start); took != c.after {
					t.Errorf("took %v, want %v", took, c.after)
				}
				if strings.Contains(r.Fault.Message, "hunter2") {
					t.Errorf("the query is in %q", r.Fault.Message)
				}
				if got := s.wrote.Load(); got > 4<<20 {
					t.Errorf("the server could write %d bytes", got)
				}
			})
		})
	}
}

// Resets after which net/http sends a request again by itself, though the server may have acted on it.
func TestHTTP2_NothingUnsafeIsSentTwice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method, body string
		headers            map[string][]string
		frames             func(id uint32) string
		most               int64 // requests
		again              bool
	}{
		{"POST", "POST", "", nil, func(id uint32) string { return frame(rst, 0, id, code(1)) }, 1, false},
		{"POST with a body", "POST", "body", nil, func(id uint32) string { return frame(rst, 0, id, code(1)) }, 1, false},
		{"refused POST", "POST", "body", nil, func(id uint32) string { return frame(rst, 0, id, code(7)) }, 1, false},
		{"PATCH", "PATCH", "", nil, func(id uint32) string { return frame(rst, 0, id, code(1)) }, 1, false},
		{"POST with a key", "POST", "body", map[string][]string{"Idempotency-Key": {"1"}}, func(id uint32) string { return frame(rst, 0, id, code(1)) }, 3, true},
		{"refused GET", "GET", "", nil, func(id uint32) string { return frame(rst, 0, id, code(7)) }, 3, true},
		{"GET", "GET", "", nil, func(id uint32) string { return frame(rst, 0, id, code(1)) }, 3, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, s := speak2(true, func(s *h2, id uint32) { s.write(c.frames(id)) })
				req := abi.Request{Method: c.method, URL: "https://api.example.com/", Body: []byte(c.body), Headers: c.headers}
				r, told := n.client(t).Do(t.Context(), req, open("https://api.example.com"))
				wantFault(t, r, abi.Unavailable, "reset the request")
				if got := s.seen.Load(); got > c.most || got > 1 != c.again {
					t.Errorf("%d requests, want at most %d", got, c.most)
				}
				if !told.Sent {
					t.Errorf("got %+v", told)
				}
			})
		})
	}
}

// What comes over a connection that no request uses is read up to a bound, and the connection is closed.
func TestHTTP2_IdleFlood(t *testing.T) {
	t.Parallel()
	for name, unit := range map[string]string{
		"PING":         frame(ping, 0, 0, "flooding"),
		"SETTINGS":     frame(settings, 0, 0, ""),
		"RST_STREAM":   frame(rst, 0, 1, code(8)),
		"unknown":      frame(0x77, 0, 0, "12345678"),
		"CONTINUATION": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := make(chan struct{})
			n, s := speak2(true, func(s *h2, id uint32) {
				s.head(id, endStream)
				<-start
				if unit == "" {
					s.write(frame(headers, 0, id, fields("x", "y")))
					unit = frame(continuation, 0, id, "")
				}
				for s.write(strings.Repeat(unit, 100)) == nil {
				}
			})
			wantStatus(t, reply(n.client(t).Do(t.Context(), get("https://api.example.com/"), open("https://api.example.com"))), 200)
			close(start)
			n.wait.Wait() // the server's side ends when the client has hung up
			if got := s.wrote.Load(); got > 2*maxIdleRead {
				t.Errorf("%d bytes were read from an idle connection", got)
			}
		})
	}
}

// Every request of a client that floods has its own bound of time, and a later one is not held up.
func TestHTTP2_AfterAFaultTheNextOneIsFine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, s := speak2(false, func(s *h2, id uint32) {
			if s.seen.Load() > 1 {
				s.head(id, endStream)
			}
		})
		c, p := n.client(t), open("https://api.example.com")
		wantFault(t, reply(c.Do(t.Context(), get("https://api.example.com/"), p)), abi.Unavailable)
		wantStatus(t, reply(c.Do(t.Context(), get("https://api.example.com/"), p)), 200)
		if len(n.dials()) != 2 || s.seen.Load() != 2 {
			t.Errorf("dialled %q for %d requests, want a new connection for the second", n.dials(), s.seen.Load())
		}
	})
}

func TestHTTP2_GzipBomb(t *testing.T) {
	t.Parallel()
	bomb := pack(t, make([]byte, 4<<20), gz)
	n := &network{names: map[string][][]string{"api.example.com": {{public}}}, servers: map[string]http.Handler{
		public + ":443": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, bomb)
		}),
	}}
	wantFault(t, reply(n.client(t).Do(t.Context(), get("https://api.example.com/"), open("https://api.example.com"))), abi.LimitExceeded, "100 times")
}
