package sdktest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"patchbay/abi"
)

// boundary is h as the guest sees it; a type of its own keeps these methods off Host.
type boundary struct{ h *Host }

// HTTP hands a request to the vendor, in memory.
func (b boundary) HTTP(frame []byte) ([]byte, error) {
	if b.h.Vendor == nil {
		return nil, abi.EPERM
	}
	req, err := abi.DecodeRequest(bytes.Clone(frame))
	if err != nil {
		return nil, abi.EINVAL
	}
	b.h.mu.Lock()
	b.h.requests = append(b.h.requests, req)
	b.h.mu.Unlock()
	resp := b.h.exchange(req)
	return resp.Encode()
}

// Log keeps a log line.
func (b boundary) Log(data []byte) error {
	record, err := abi.DecodeLogRecord(data)
	if err != nil {
		return abi.EINVAL
	}
	b.h.mu.Lock()
	defer b.h.mu.Unlock()
	b.h.logs = append(b.h.logs, record)
	return nil
}

func (h *Host) exchange(req abi.Request) abi.Response {
	r, err := http.NewRequest(req.Method, req.URL, bytes.NewReader(req.Body))
	if err != nil {
		return refuse(abi.InvalidInput, "%v", err)
	}
	if !h.granted(r.URL) {
		return refuse(abi.Forbidden, "%s %s is under no base URL of the connection", req.Method, req.URL)
	}
	for name, values := range req.Headers {
		if hostsOwn(name) {
			return refuse(abi.InvalidInput, "the header %s belongs to the host", name)
		}
		for _, v := range values {
			r.Header.Add(name, v)
		}
	}
	r.RequestURI = r.URL.RequestURI() // as a server's requests have it
	rec := httptest.NewRecorder()
	if f := h.serve(rec, r); f != nil {
		return abi.Response{Fault: f}
	}
	resp := abi.Response{Status: rec.Code, Headers: rec.Result().Header, URL: req.URL, Body: rec.Body.Bytes()}
	if h.Failure != nil {
		resp.Failure = h.Failure(resp)
	}
	return resp
}

// serve runs the vendor. A panic must not reach the guest, which would call it its own.
func (h *Host) serve(w http.ResponseWriter, r *http.Request) (f *abi.Fault) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		f = abi.Faultf(abi.Unavailable, "%s %s: the vendor closed the connection", r.Method, r.URL)
		if v != http.ErrAbortHandler {
			h.mu.Lock()
			h.broken = fmt.Errorf("the vendor panicked at %s %s: %v", r.Method, r.URL, v)
			h.mu.Unlock()
		}
	}()
	h.Vendor.ServeHTTP(w, r)
	return nil
}

// granted reports whether u is below one of the base URLs.
func (h *Host) granted(u *url.URL) bool {
	for _, base := range h.urls() {
		b, err := url.Parse(base)
		if err == nil && u.Scheme == b.Scheme && u.Host == b.Host && u.User == nil &&
			(u.Path == b.Path || strings.HasPrefix(u.Path, b.Path+"/")) {
			return true
		}
	}
	return false
}

// hostsOwn reports whether a header is one that no guest may set, see package abi.
func hostsOwn(name string) bool {
	switch name = strings.ToLower(name); name {
	case "authorization", "cookie", "host", "connection", "keep-alive", "te", "trailer", "transfer-encoding",
		"upgrade", "content-length":
		return true
	}
	return strings.HasPrefix(name, "proxy-") || strings.HasPrefix(name, "sec-")
}

func refuse(code abi.Code, format string, args ...any) abi.Response {
	return abi.Response{Fault: abi.Faultf(code, format, args...)}
}
