package egress

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
)

// speak returns a network whose api.example.com reads one request and then does as it likes with the connection.
func speak(f func(c net.Conn)) *network {
	return &network{
		names: map[string][][]string{"api.example.com": {{public}}},
		raw: map[string]func(net.Conn){public + ":80": func(c net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				f(c)
			}
		}},
	}
}

// wedge waits until the other side hangs up.
func wedge(c net.Conn) { io.Copy(io.Discard, c) }

// drip writes s byte by byte, one every interval, until the other side hangs up.
func drip(c net.Conn, s string, every time.Duration) {
	for i := 0; ; i++ {
		if _, err := c.Write([]byte{s[min(i, len(s)-1)]}); err != nil {
			return
		}
		time.Sleep(every) // in synctest's time
	}
}

const okHead = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"

// All of these wait for the real bounds, in synctest's time.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		n     *network
		url   string
		body  int
		wall  time.Duration
		after time.Duration
		say   []string
	}{
		{"no answer", speak(wedge), "", 0, time.Minute, 30 * time.Second, []string{"no answer in time", "waiting for the first byte"}},
		{"no answer, and little time", speak(wedge), "", 0, 12 * time.Second, 12 * time.Second, []string{"time was up", "waiting for the first byte"}},
		{"header drip", speak(func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\nX: aaaa", time.Second) }), "", 0, time.Minute, 30 * time.Second, []string{"waiting"}},
		{"slow 1xx", speak(func(c net.Conn) {
			for _, err := c.Write(nil); err == nil; time.Sleep(time.Second) {
				_, err = io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\n")
			}
		}), "", 0, time.Minute, 30 * time.Second, []string{"waiting"}},
		{"silence in the body", speak(func(c net.Conn) { io.WriteString(c, okHead+"abc"); wedge(c) }), "", 0, time.Minute, 10 * time.Second, []string{"nothing came for 10s", "reading the response's body"}},
		{"silence at once", speak(func(c net.Conn) { io.WriteString(c, okHead); wedge(c) }), "", 0, time.Minute, 10 * time.Second, []string{"nothing came for 10s"}},
		{"slow body", speak(func(c net.Conn) { io.WriteString(c, okHead); drip(c, "a", 9*time.Second) }), "", 0, 0, 30 * time.Second, []string{"time was up", "reading the response's body"}},
		{"slow gzip", speak(func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b")
			wedge(c)
		}), "", 0, 0, 10 * time.Second, []string{"nothing came for 10s"}},
		{"request not read", &network{
			names: map[string][][]string{"api.example.com": {{public}}},
			raw:   map[string]func(net.Conn){public + ":80": func(c net.Conn) { c.Read(make([]byte, 1)); time.Sleep(time.Hour) }},
		}, "", 1 << 20, 0, 30 * time.Second, []string{"time was up", "sending the request"}},
		{"no TLS", &network{
			names: map[string][][]string{"api.example.com": {{public}}},
			raw:   map[string]func(net.Conn){public + ":443": wedge},
		}, "https://api.example.com/", 0, 0, 5 * time.Second, []string{"the TLS handshake"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if c.url == "" {
					c.url = "http://api.example.com/?key=hunter2"
				}
				p := open("http://api.example.com", "https://api.example.com")
				p.Limits.Wall = c.wall
				start := time.Now()
				r := reply(c.n.client(t).Do(t.Context(), abi.Request{Method: "POST", URL: c.url, Body: make([]byte, c.body)}, p))
				wantFault(t, r, abi.Timeout, append(c.say, "api.example.com")...)
				if took := time.Since(start); took != c.after {
					t.Errorf("took %v, want %v", took, c.after)
				}
				if strings.Contains(r.Fault.Message, "hunter2") {
					t.Errorf("the query is in %q", r.Fault.Message)
				}
			})
		})
	}
}

func TestTimeouts_Connecting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := api(nil)
		for name, cfg := range map[string]Config{"dial": {Resolver: n, Dial: n.hang}, "lookup": {Resolver: sleepy{}, Dial: n.dial}} {
			c := New(cfg)
			start := time.Now()
			wantFault(t, reply(c.Do(t.Context(), get("http://api.example.com/"), open("http://api.example.com"))), abi.Timeout, "connecting")
			if took := time.Since(start); took != connectTimeout {
				t.Errorf("%s: took %v, want %v", name, took, connectTimeout)
			}
			c.Close()
		}
	})
}

// sleepy is a resolver that never answers.
type sleepy struct{ Resolver }

func (sleepy) LookupNetIP(ctx context.Context, _, host string) (_ []netip.Addr, err error) {
	<-ctx.Done()
	return nil, &net.DNSError{Err: ctx.Err().Error(), Name: host, IsTimeout: true}
}

// A slow but steady body is no fault.
func TestTimeouts_SteadyBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := speak(func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")
			for range 3 {
				time.Sleep(9 * time.Second)
				io.WriteString(c, "a")
			}
		})
		r := reply(n.client(t).Do(t.Context(), get("http://api.example.com/"), open("http://api.example.com")))
		wantStatus(t, r, 200)
		if string(r.Body) != "aaa" {
			t.Errorf("got %q", r.Body)
		}
	})
}

func pack(t *testing.T, body []byte, w func(io.Writer) io.WriteCloser) string {
	t.Helper()
	var b bytes.Buffer
	z := w(&b)
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gz(w io.Writer) io.WriteCloser    { return gzip.NewWriter(w) }
func zl(w io.Writer) io.WriteCloser    { return zlib.NewWriter(w) }
func plain(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, 6); return z }

// answer writes a whole response with the headers and the body, and hangs up.
func answer(headers, body string) *network {
	return speak(func(c net.Conn) {
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s", len(body), headers, body)
	})
}

// endless writes head, and then unit again and again until the client hangs up. It counts the bytes.
func endless(head, unit string, wrote *atomic.Int64) *network {
	return speak(func(c net.Conn) {
		_, err := io.WriteString(c, head)
		for err == nil {
			var n int
			n, err = io.WriteString(c, unit)
			wrote.Add(int64(n))
		}
	})
}

func TestBody_Limits(t *testing.T) {
	t.Parallel()
	const limit = 2 << 20
	noise := make([]byte, limit+1) // hardly compressible
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	zeros := make([]byte, 4<<20)
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	var wrote atomic.Int64
	for _, c := range []struct {
		name string
		n    *network
		want string // of the fault; "" for a response
		size int
	}{
		{"at the limit", answer("", string(noise[:limit])), "", limit},
		{"a byte over, announced", answer("", string(noise)), "limit of 2MiB", 0},
		{"a byte over, gzip", answer("Content-Encoding: gzip\r\n", pack(t, append(noise[:limit:limit], 'x'), gz)), "limit of 2MiB", 0},
		{"a GiB announced", endless("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", strings.Repeat("a", 1<<16), &wrote), "limit of", 0},
		{"a GiB in chunks", endless(chunked, "10000\r\n"+strings.Repeat("a", 1<<16)+"\r\n", &wrote), "limit of", 0},
		{"a GiB until the end", endless("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("a", 1<<16), &wrote), "limit of", 0},
		{"gzip, small enough", answer("Content-Encoding: gzip\r\n", pack(t, zeros[:ratioFree], gz)), "", ratioFree},
		{"gzip bomb", answer("Content-Encoding: gzip\r\n", pack(t, zeros, gz)), "more than 100 times", 0},
		{"deflate bomb", answer("Content-Encoding: deflate\r\n", pack(t, zeros, zl)), "more than 100 times", 0},
	} {
		p := open("http://api.example.com")
		p.Limits.ResponseBody = limit
		r := reply(c.n.client(t).Do(t.Context(), get("http://api.example.com/"), p))
		if c.want == "" {
			wantStatus(t, r, 200)
			if len(r.Body) != c.size {
				t.Errorf("%s: got %d bytes, want %d", c.name, len(r.Body), c.size)
			}
		} else {
			wantFault(t, r, abi.LimitExceeded, "response body", "api.example.com", c.want)
		}
		c.n.wait.Wait()
	}
	// Two of the three endless bodies are read up to the limit.
	if got := wrote.Load(); got > 3*limit {
		t.Errorf("the endless bodies were read for %d bytes", got)
	}
}

func TestBody_Encodings(t *testing.T) {
	t.Parallel()
	text := []byte(strings.Repeat("patchbay ", 100))
	zipped := pack(t, text, gz)
	const gzHead = "Content-Encoding: gzip\r\n"
	for _, c := range []struct {
		name, headers, body string
		want                string // body, or with a leading "!" words of the fault
	}{
		{"none", "", string(text), string(text)},
		{"identity", "Content-Encoding: identity\r\n", string(text), string(text)},
		{"gzip", gzHead, zipped, string(text)},
		{"GZip with identity", "Content-Encoding: identity, GZip\r\n", zipped, string(text)},
		{"x-gzip", "Content-Encoding: x-gzip\r\n", zipped, string(text)},
		{"gzip, two members", gzHead, zipped + zipped, string(text) + string(text)},
		{"deflate", "Content-Encoding: deflate\r\n", pack(t, text, zl), string(text)},
		{"bare deflate", "Content-Encoding: deflate\r\n", pack(t, text, plain), string(text)},
		{"nothing in gzip", gzHead, "", ""},
		{"nothing in brotli", "Content-Encoding: br\r\n", "", ""},
		{"gzip twice", "Content-Encoding: gzip, gzip\r\n", zipped, "!was not asked for"},
		{"gzip twice in two lines", gzHead + gzHead, zipped, "!was not asked for"},
		{"brotli", "Content-Encoding: br\r\n", "abc", "!was not asked for"},
		{"no gzip", gzHead, "plain text", "!not in the encoding"},
		{"garbage in gzip", gzHead, zipped[:10] + "\xff\xff\xff\xff" + zipped[14:], "!not in the encoding"},
		{"garbage after gzip", gzHead, zipped + "garbage garbage", "!not in the encoding"},
		{"wrong checksum", gzHead, zipped[:len(zipped)-8] + "\x00\x00\x00\x00" + zipped[len(zipped)-4:], "!not in the encoding"},
		{"half of gzip", gzHead, zipped[:len(zipped)/2], "!before its response was complete"},
		{"one byte of deflate", "Content-Encoding: deflate\r\n", "x", "!before its response was complete"},
	} {
		r := reply(answer(c.headers, c.body).client(t).Do(t.Context(), get("http://api.example.com/"), open("http://api.example.com")))
		if words, ok := strings.CutPrefix(c.want, "!"); ok {
			t.Run(c.name, func(t *testing.T) { wantFault(t, r, abi.Unavailable, "api.example.com", words) })
			continue
		}
		wantStatus(t, r, 200)
		if string(r.Body) != c.want {
			t.Errorf("%s: got %d bytes, want %d", c.name, len(r.Body), len(c.want))
		}
		if c.headers != "" && (r.Headers["Content-Encoding"] != nil || r.Headers["Content-Length"] != nil) {
			t.Errorf("%s: headers of the encoded body came along: %v", c.name, r.Headers)
		}
	}
}

func TestResponse_Broken(t *testing.T) {
	t.Parallel()
	say := func(s string) *network { return speak(func(c net.Conn) { io.WriteString(c, s) }) }
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	var wrote atomic.Int64
	for _, c := range []struct {
		name string
		n    *network
		want string // words of an unavailable fault
	}{
		{"short body", say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), "before its response was complete, while reading"},
		{"short chunk", say(chunked + "64\r\nabc"), "before its response was complete"},
		{"no last chunk", say(chunked + "3\r\nabc\r\n"), "before its response was complete"},
		{"chunk garbage", say(chunked + "zz\r\nabc\r\n0\r\n\r\n"), "no valid HTTP response"},
		{"chunk size overflow", say(chunked + "fffffffffffffffff\r\nabc"), "no valid HTTP response"},
		{"endless chunk extension", endless(chunked+"1;", "xxxxxxxxxxxxxxxx", &wrote), "no valid HTTP response"},
		{"endless small chunks with extensions", endless(chunked, "1;"+strings.Repeat("x", 4000)+"\r\na\r\n", &wrote), "no valid HTTP response"},
		{"endless trailer", endless(chunked+"0\r\n", "X: "+strings.Repeat("x", 1000)+"\r\n", &wrote), "no valid HTTP response"},
		{"endless headers", endless("HTTP/1.1 200 OK\r\n", "X: "+strings.Repeat("x", 1000)+"\r\n", &wrote), "more than 64 KiB of response headers"},
		{"endless header", endless("HTTP/1.1 200 OK\r\nX: ", strings.Repeat("x", 1000), &wrote), "more than 64 KiB of response headers"},
		{"endless status", endless("HTTP/1.1 200 ", strings.Repeat("x", 1000), &wrote), "more than 64 KiB of response headers"},
		{"endless 1xx", endless("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", &wrote), "more than 64 KiB of response headers"},
		{"two lengths", say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), "no valid HTTP response"},
		{"negative length", say("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabcd"), "no valid HTTP response"},
		{"unknown transfer encoding", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), "no valid HTTP response"},
		{"another protocol", say("SSH-2.0-OpenSSH_9.9\r\n"), "no valid HTTP response"},
		{"nothing", say(""), "closed the connection before"},
		{"switch of protocols", say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), "status 101"},
		{"status 000", say("HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n"), "status 0"},
	} {
		r := reply(c.n.client(t).Do(t.Context(), get("http://api.example.com/?key=hunter2"), open("http://api.example.com")))
		t.Run(c.name, func(t *testing.T) {
			wantFault(t, r, abi.Unavailable, "api.example.com", c.want)
			if r.Fault != nil && strings.Contains(r.Fault.Message, "hunter2") {
				t.Errorf("the query is in %q", r.Fault.Message)
			}
		})
		c.n.wait.Wait()
	}
	if got := wrote.Load(); got > 2<<20 {
		t.Errorf("the endless responses were read for %d bytes", got)
	}
}

// A HEAD response announces a body that does not come.
func TestResponse_Head(t *testing.T) {
	t.Parallel()
	n := speak(func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n")
	})
	r := reply(n.client(t).Do(t.Context(), abi.Request{Method: "HEAD", URL: "http://api.example.com/"}, open("http://api.example.com")))
	wantStatus(t, r, 200)
	if len(r.Body) > 0 || r.Headers["Content-Length"][0] != "9999999999" {
		t.Errorf("got %+v", r)
	}
}
