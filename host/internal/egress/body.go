package egress

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"patchbay/host/internal/clock"
)

const (
	idleTimeout = 10 * time.Second // between two reads of a body
	ratioFree   = 1 << 20          // decoded bytes up to which any compression ratio is fine
	maxRatio    = 100
)

var (
	errSilent   = errors.New("no first byte for too long")
	errIdle     = errors.New("no bytes for too long")
	errTooLarge = errors.New("body over the limit")
	errRatio    = errors.New("body compressed too well")
	errEncoding = errors.New("body in an encoding that was not asked for")
)

// readBody returns resp's decoded body.
func (x *exchange) readBody(h *hop, resp *http.Response) ([]byte, error) {
	limit := x.policy.Limits.ResponseBody
	if h.method != http.MethodHead && resp.ContentLength > limit {
		return nil, errTooLarge
	}
	timer := x.client.clock.AfterFunc(idleTimeout, func() { x.cancel(errIdle) })
	defer timer.Stop()
	wire := &capped{r: &watched{resp.Body, timer}, limit: limit}
	r, err := decoder(wire, resp.Header.Values("Content-Encoding"))
	if err != nil {
		return nil, err
	}
	// Room for what was announced, if that is little: a server may announce more than it sends.
	b := bytes.NewBuffer(make([]byte, 0, min(max(resp.ContentLength, 0), 64<<10)+bytes.MinRead))
	_, err = b.ReadFrom(&capped{r: r, limit: limit, wire: wire})
	return b.Bytes(), err
}

// decoder undoes the body's encoding. An empty body is empty in every encoding.
func decoder(wire io.Reader, header []string) (io.Reader, error) {
	var encodings []string
	for e := range strings.SplitSeq(strings.Join(header, ","), ",") {
		if e = strings.ToLower(strings.TrimSpace(e)); e != "" && e != "identity" {
			encodings = append(encodings, e)
		}
	}
	if len(encodings) == 0 {
		return wire, nil
	}
	b := bufio.NewReader(wire)
	if _, err := b.Peek(1); err == io.EOF {
		return b, nil
	}
	switch {
	case len(encodings) > 1: // each further layer multiplies a bomb
		return nil, fmt.Errorf("%w: more than one", errEncoding)
	case encodings[0] == "gzip" || encodings[0] == "x-gzip":
		return gzip.NewReader(b)
	case encodings[0] == "deflate":
		return inflater(b)
	}
	return nil, errEncoding
}

// inflater reads both things that servers call deflate: zlib's format (RFC 1950), as they should, or the bare
// stream (RFC 1951).
func inflater(b *bufio.Reader) (io.Reader, error) {
	head, err := b.Peek(2)
	if err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}

// watched puts off the timer with every read that begins.
type watched struct {
	r     io.Reader
	timer clock.Timer
}

func (w *watched) Read(p []byte) (int, error) {
	w.timer.Reset(idleTimeout)
	return w.r.Read(p)
}

// capped fails once it has read more than limit bytes.
type capped struct {
	r     io.Reader
	n     int64
	limit int64
	wire  *capped // what r decodes; nil when it decodes nothing
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.n > c.limit {
		return n, errTooLarge
	}
	if c.wire != nil && c.n > ratioFree && c.n > maxRatio*c.wire.n {
		return n, errRatio
	}
	return n, err
}
