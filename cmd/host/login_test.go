package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"patchbay/testkit/vendors/oauth"
)

// consenting is a command that waits for somebody to log in.
type consenting struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	address string // that it shows
	stderr  strings.Builder
	read    chan struct{} // closed when stderr is whole
}

// consent starts a command on the station's home and waits for the address that it shows.
func (s *station) consent(t *testing.T, args ...string) *consenting {
	t.Helper()
	c := &consenting{cmd: exec.CommandContext(t.Context(), filepath.Join(bin, "host"), args...), read: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), "PATCHBAY_HOME="+s.home)
	stderr, err := c.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	shown := make(chan string, 1)
	go func() {
		defer close(c.read)
		defer close(shown)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			c.stderr.WriteString(lines.Text() + "\n")
			if address, ok := strings.CutPrefix(lines.Text(), "  http"); ok {
				shown <- "http" + address
			}
		}
	}()
	if c.address = <-shown; c.address == "" {
		t.Fatalf("host %v shows no address: %s", args, c.stderr.String())
	}
	return c
}

// end waits for the command's end.
func (c *consenting) end(t *testing.T) (stderr string, code int) {
	t.Helper()
	<-c.read
	var exit *exec.ExitError
	if err := c.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return c.stderr.String(), c.cmd.ProcessState.ExitCode()
}

// browse is what a browser does with an address, through all redirects.
func browse(t *testing.T, address string) (page string, status int) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body), resp.StatusCode
}

// sentTo is where the vendor sends a browser that opens the address.
func sentTo(t *testing.T, address string) *url.URL {
	t.Helper()
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(httptest.NewRequestWithContext(t.Context(), "GET", address, nil))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	u, err := resp.Location()
	if err != nil {
		t.Fatalf("%s sends the browser nowhere: %v", address, err)
	}
	return u
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// loginServer is an authorization server, with a station whose spy can log in there.
type loginServer struct {
	*station
	server *oauth.Server
	url    string
}

func newLoginServer(t *testing.T) *loginServer {
	t.Helper()
	s := &loginServer{station: &station{home: t.TempDir()}, server: oauth.New(oauth.Config{Clients: []oauth.Client{{
		ID: oauth.ClientID, Secret: secretToken, LoopbackPort: true, Redirects: []string{oauth.LoopbackRedirect, "https://patchbay.example/back"},
	}}})}
	ts := httptest.NewServer(s.server)
	t.Cleanup(func() {
		s.server.Close()
		ts.Close()
	})
	s.url = ts.URL
	if err := publishAsIs(spyConnector(t, s.station), s.home); err != nil {
		t.Fatal(err)
	}
	s.must(t, "", "host", "install", "spy", "--yes")
	return s
}

// args are those of a login as name.
func (s *loginServer) args(t *testing.T, name string, more ...string) []string {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "client_secret")
	if err := os.WriteFile(secret, []byte(secretToken), 0o600); err != nil {
		t.Fatal(err)
	}
	return append([]string{
		"connect", "spy", "--auth", "login", "--name", name, "--field", "client_id=" + oauth.ClientID, "--secret", "client_secret=@" + secret,
		"--url", "api=" + s.url, "--url", "authorize_url=" + s.url + "/authorize", "--url", "token_url=" + s.url + "/token",
		"--allow-private", "--no-test",
	}, more...)
}

// works demands that a call of the connection reaches the vendor as ada.
func (s *loginServer) works(t *testing.T, name string) {
	t.Helper()
	if out := s.must(t, "", "host", append(askWhoami, "--connection", name)...); !strings.Contains(out, "ada") {
		t.Errorf("the call says %s", out)
	}
}

// lacks demands that nothing was kept of a connection.
func (s *loginServer) lacks(t *testing.T, name string) {
	t.Helper()
	if out := s.must(t, "", "host", "connections"); strings.Contains(out, name) {
		t.Errorf("the connection was kept: %s", out)
	}
}

// TestLogin goes through the vendor's login with a browser, in every way in which the answer can come back.
func TestLogin(t *testing.T) {
	s := newLoginServer(t)
	t.Run("browser", func(t *testing.T) {
		c := s.consent(t, s.args(t, "browser")...)
		back := sentTo(t, c.address)
		forged := back.Query()
		forged.Set("state", "another")
		if page, status := browse(t, "http://"+back.Host+back.Path+"?"+forged.Encode()); status != http.StatusBadRequest {
			t.Errorf("the answer to another consent got %d: %s", status, page)
		}
		page, status := browse(t, c.address)
		if status != http.StatusOK || !strings.Contains(page, "Back to the terminal") || strings.Contains(page, "code=") {
			t.Errorf("the browser got %d: %s", status, page)
		}
		if stderr, code := c.end(t); code != 0 {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		s.works(t, "browser")
		if resp, err := http.Get(back.String()); err == nil {
			resp.Body.Close()
			t.Error("somebody still listens for the vendor's answer")
		}
	})
	t.Run("paste", func(t *testing.T) {
		c := s.consent(t, s.args(t, "paste", "--paste")...)
		back := sentTo(t, c.address)
		if _, err := io.WriteString(c.in, back.String()+"\n"); err != nil {
			t.Fatal(err)
		}
		if stderr, code := c.end(t); code != 0 || !strings.Contains(stderr, back.Scheme+"://"+back.Host+back.Path) {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		s.works(t, "paste")
	})
	t.Run("fixed port", func(t *testing.T) {
		address := "http://" + freePort(t) + "/callback"
		c := s.consent(t, s.args(t, "fixed", "--callback", address)...)
		if back := sentTo(t, c.address); !strings.HasPrefix(back.String(), address+"?") {
			t.Errorf("the browser is sent to %v, want %s", back, address)
		}
		browse(t, c.address)
		if stderr, code := c.end(t); code != 0 {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		s.works(t, "fixed")
	})
	t.Run("behind a proxy", func(t *testing.T) {
		port := freePort(t)
		c := s.consent(t, s.args(t, "proxied", "--callback", "https://patchbay.example/back", "--listen", port)...)
		back := sentTo(t, c.address)
		if back.Scheme+"://"+back.Host+back.Path != "https://patchbay.example/back" {
			t.Errorf("the browser is sent to %v", back)
		}
		browse(t, "http://"+port+back.RequestURI()) // as the proxy passes it on
		if stderr, code := c.end(t); code != 0 {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		s.works(t, "proxied")
	})
	t.Run("rotate", func(t *testing.T) {
		before := s.server.Counts()[oauth.AuthorizationCode].Succeeded
		c := s.consent(t, "connections", "rotate", "browser", "--no-test")
		browse(t, c.address)
		if stderr, code := c.end(t); code != 0 || s.server.Counts()[oauth.AuthorizationCode].Succeeded != before+1 {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		s.works(t, "browser")
	})
}

// TestLogin_Refused: a login that comes to nothing says why, and keeps nothing.
func TestLogin_Refused(t *testing.T) {
	s := newLoginServer(t)
	for _, c := range []struct {
		name   string
		vendor func(*oauth.Config)
		want   string
	}{
		{"declined", func(c *oauth.Config) { c.Deny = true }, "access_denied"},
		{"mixed up", func(c *oauth.Config) { c.FalseIssuer = "https://other.example" }, "another authorization server"},
		{"not allowed", func(c *oauth.Config) { c.Clients[0].Grants = []string{oauth.RefreshToken} }, "unauthorized_client"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.server.Set(c.vendor)
			defer s.server.Set(func(c *oauth.Config) { c.Deny, c.FalseIssuer, c.Clients[0].Grants = false, "", nil })
			waiting := s.consent(t, s.args(t, "refused")...)
			browse(t, waiting.address)
			stderr, code := waiting.end(t)
			if code != 1 || !strings.Contains(stderr, c.want) || !strings.Contains(stderr, "host: hint: ") {
				t.Errorf("exit code %d: %s", code, stderr)
			}
			s.lacks(t, "refused")
		})
	}
	t.Run("pasted from elsewhere", func(t *testing.T) {
		for _, answer := range []string{"https://evil.example/?code=1", "code=1&state=2", "nonsense"} {
			c := s.consent(t, s.args(t, "refused", "--paste")...)
			if _, err := io.WriteString(c.in, answer+"\n"); err != nil {
				t.Fatal(err)
			}
			if stderr, code := c.end(t); code != 1 || !strings.Contains(stderr, "host: error: ") || !strings.Contains(stderr, "host: hint: ") {
				t.Errorf("%q: exit code %d: %s", answer, code, stderr)
			}
		}
		s.lacks(t, "refused")
	})
	t.Run("interrupted", func(t *testing.T) {
		c := s.consent(t, s.args(t, "refused")...)
		if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if stderr, code := c.end(t); code != 130 {
			t.Errorf("exit code %d: %s", code, stderr)
		}
		s.lacks(t, "refused")
	})
	t.Run("plain http elsewhere", func(t *testing.T) {
		_, stderr, code := s.run(t, "", "host", s.args(t, "refused", "--callback", "http://patchbay.example/callback")...)
		if code != 2 || !strings.Contains(stderr, "want https") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
	if n := s.server.Counts()[oauth.AuthorizationCode]; n.Succeeded+n.Failed > 0 {
		t.Errorf("%+v requests for a token were made", n)
	}
}
