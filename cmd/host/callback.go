package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"patchbay/internal/cli"
)

// callback waits for the browser that an authorization server sends back.
type callback struct {
	address string // what is registered with the vendor, and what it sends the browser to
	path    string
	state   atomic.Value // of the consent that is waited for: a string
	server  *http.Server
	arrived chan string   // the address with what the vendor added to it
	shown   chan struct{} // closed when the browser asks for its page after that
	once    sync.Once     // for arrived
	page    sync.Once     // for shown
	took    atomic.Bool   // an answer has arrived
	done    chan error
}

// listen serves the callback address. Where address is on loopback it is listened on itself, a port of 0 standing
// for a free one; where it is not, another server passes its requests on to the address on.
func listen(ctx context.Context, address, on string) (*callback, error) {
	u, err := callbackURL(address)
	if err != nil {
		return nil, err
	}
	if on == "" {
		on = u.Host
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", on)
	if err != nil {
		return nil, cli.Hint(fmt.Errorf("wait for the vendor's answer: %w", err), "give another --callback, or --paste to copy the address over by hand")
	}
	if u.Port() == "0" {
		u.Host = l.Addr().String()
	}
	c := &callback{address: u.String(), path: u.Path, arrived: make(chan string, 1), shown: make(chan struct{}), done: make(chan error, 1)}
	c.server = &http.Server{Handler: c, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	go func() { c.done <- c.server.Serve(l) }()
	return c, nil
}

// callbackURL checks an address that vendors are to send browsers to: https, or plain http to this very machine.
func callbackURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Path == "":
		return nil, cli.Usage("--callback %q: want an address such as http://127.0.0.1:8765/callback", address)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, cli.Usage("--callback %q: want https, or http on 127.0.0.1: the address carries the vendor's answer", address)
	}
	return u, nil
}

// loopback reports whether name stands for this machine alone.
func loopback(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// expect has wait answer for the consent of that state alone: whatever else is sent here, such as by another page of the
// browser's, does not end it.
func (c *callback) expect(state string) { c.state.Store(state) }

// ServeHTTP takes the first answer and shows the browser a page without it in its address.
func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	switch {
	case r.Method != http.MethodGet:
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
	case r.URL.Path == c.path && r.URL.RawQuery != "" && r.URL.Query().Get("state") != c.state.Load():
		http.Error(w, "this is not the answer that 'host connect' waits for: open the address that it shows", http.StatusBadRequest)
	case r.URL.Path == c.path && r.URL.RawQuery != "":
		c.took.Store(true)
		c.once.Do(func() { c.arrived <- c.address + "?" + r.URL.RawQuery })
		h.Set("Location", c.path)
		w.WriteHeader(http.StatusSeeOther)
	case r.URL.Path == c.path:
		if c.took.Load() {
			c.page.Do(func() { close(c.shown) })
		}
		h.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, callbackPage)
	default:
		http.NotFound(w, r)
	}
}

const callbackPage = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Patchbay</title>
<meta name="viewport" content="width=device-width">
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;color-scheme:light dark}</style>
<h1>Back to the terminal</h1><p>The vendor's answer has arrived, and the terminal says how it went. You can close this page.</p></html>
`

// wait returns the address that the vendor sent the browser to.
func (c *callback) wait(ctx context.Context) (string, error) {
	select {
	case a := <-c.arrived:
		return a, nil
	case err := <-c.done:
		c.done <- err
		return "", fmt.Errorf("wait for the vendor's answer: %w", err)
	case <-ctx.Done():
		return "", fmt.Errorf("wait for the vendor's answer: %w", ctx.Err())
	}
}

// pageTime is how long a browser that has brought the answer may take to come for its page.
const pageTime = 2 * time.Second

// close ends the server when the browser has its page.
func (c *callback) close() error {
	if c.took.Load() {
		select {
		case <-c.shown:
		case <-time.After(pageTime):
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := c.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = c.server.Close() // a browser keeps its connections open
	}
	if e := <-c.done; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}
