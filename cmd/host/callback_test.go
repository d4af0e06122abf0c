package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestCallback(t *testing.T) {
	c, err := listen(t.Context(), "http://127.0.0.1:0/callback", "")
	if err != nil {
		t.Fatal(err)
	}
	c.expect("s")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, probe := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/callback?code=1", 405},
		{"GET", "/", 404},
		{"GET", "/callback/more?code=1", 404},
		{"GET", "/callback", 200}, // a browser that looks before it is sent
		{"GET", "/callback?code=0", 400},
		{"GET", "/callback?code=0&state=t", 400},
	} {
		u, _ := url.Parse(c.address)
		req, err := http.NewRequest(probe.method, "http://"+u.Host+probe.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp := fetchPage(t, client, req); resp.StatusCode != probe.status {
			t.Errorf("%s %s answered %d, want %d", probe.method, probe.path, resp.StatusCode, probe.status)
		}
	}
	for _, query := range []string{"code=first&state=s", "code=second&state=s"} {
		req, err := http.NewRequest("GET", c.address+"?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp := fetchPage(t, client, req)
		if resp.StatusCode != http.StatusSeeOther || strings.Contains(resp.Header.Get("Location"), "code") {
			t.Errorf("the callback answered %d to %q: the code must not stay in the browser's address", resp.StatusCode, resp.Header.Get("Location"))
		}
		for _, name := range []string{"Content-Security-Policy", "Referrer-Policy", "Cache-Control", "X-Content-Type-Options"} {
			if resp.Header.Get(name) == "" {
				t.Errorf("the callback's answer has no %s", name)
			}
		}
	}
	got, err := c.wait(t.Context())
	if err != nil || got != c.address+"?code=first&state=s" {
		t.Errorf("wait = %q, %v; want the first answer", got, err)
	}
	client.CloseIdleConnections()
	if err := c.close(); err != nil {
		t.Error(err)
	}
	u, _ := url.Parse(c.address)
	if conn, err := net.DialTimeout("tcp", u.Host, time.Second); err == nil {
		conn.Close()
		t.Error("somebody still listens after close")
	}
}

func fetchPage(t *testing.T, client *http.Client, req *http.Request) *http.Response {
	t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp
}

// A server in front may answer to another name than the one that is listened on.
func TestCallback_Served(t *testing.T) {
	c, err := listen(t.Context(), "https://patchbay.example/oauth", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if c.address != "https://patchbay.example/oauth" {
		t.Errorf("address = %q, want the one that was given", c.address)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.wait(ctx); err == nil {
		t.Error("wait ended without an answer")
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

func TestCallbackURL(t *testing.T) {
	for address, ok := range map[string]bool{
		"http://127.0.0.1:0/callback":        true,
		"http://[::1]:8765/":                 true,
		"http://localhost:8765/cb":           true,
		"https://patchbay.example/cb":        true,
		"http://patchbay.example/cb":         false,
		"http://127.0.0.1.nip.example/cb":    false,
		"https://patchbay.example/cb?next=/": false,
		"https://user@patchbay.example/cb":   false,
		"https://patchbay.example/cb#x":      false,
		"https://patchbay.example":           false,
		"/cb":                                false,
		"http://127.0.0.1:port/cb":           false,
		"javascript://127.0.0.1/%0aalert(1)": false,
		"ftp://127.0.0.1/callback":           false,
	} {
		if _, err := callbackURL(address); (err == nil) != ok {
			t.Errorf("callbackURL(%q) = %v, want ok %v", address, err, ok)
		}
	}
}
