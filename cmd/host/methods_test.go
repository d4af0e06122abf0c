package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"patchbay/testkit/vendors/netsuite"
	"patchbay/testkit/vendors/oauth"
	"patchbay/testkit/vendors/tallyfy"
)

// A real operation of each connector, and what its answer holds.
var tryOperation = map[string]struct {
	args []string
	want string
}{
	"tallyfy":  {[]string{"run", "tallyfy.list_blueprints"}, "Sales order approval"},
	"netsuite": {[]string{"run", "netsuite.get_record", "--input", `{"type": "salesOrder", "id": "1"}`}, "ACME"},
}

// pluginStation is a home with both connectors installed, and nothing connected.
func pluginStation(t *testing.T) *station {
	t.Helper()
	s := &station{home: t.TempDir()}
	for _, name := range connectors {
		s.must(t, "", "pack", "publish", filepath.Join("..", "..", "plugins", name))
		s.must(t, "", "host", "install", name, "--yes")
	}
	return s
}

// tried demands that an operation of the connector works.
func (s *station) tried(t *testing.T, connector string) {
	t.Helper()
	try := tryOperation[connector]
	if out := s.must(t, "", "host", try.args...); !strings.Contains(out, try.want) {
		t.Errorf("%v says %s, want %q in it", try.args, out, try.want)
	}
}

// shellWords are the arguments of a command that [invitation] shows, of which none is quoted.
func shellWords(t *testing.T, command string) []string {
	t.Helper()
	words := strings.Fields(command)
	if strings.ContainsAny(command, `'"\$`) || len(words) == 0 || words[0] != "host" {
		t.Fatalf("not a plain command of host's: %s", command)
	}
	return words[1:]
}

// connectBy runs a command that connects, with a browser that consents where it has a login.
func (s *station) connectBy(t *testing.T, auth, command string) {
	t.Helper()
	args := shellWords(t, command)
	if auth != "login" {
		if out := s.must(t, "", "host", args...); !strings.Contains(out, "(tested)") {
			t.Errorf("connecting says %s", out)
		}
		return
	}
	c := s.consent(t, args...)
	browse(t, c.address)
	if stderr, code := c.end(t); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
}

// TestVendorCommands types what 'host vendor' prints: for each auth method of both connectors a command that connects,
// after which a real operation works.
func TestVendorCommands(t *testing.T) {
	s := pluginStation(t)
	for _, name := range connectors {
		ctx, stop := context.WithCancel(t.Context())
		cmd := exec.CommandContext(ctx, filepath.Join(bin, "host"), "vendor", name, "--json")
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var in invitation
		if err := json.NewDecoder(bufio.NewReader(out)).Decode(&in); err != nil {
			t.Fatal(err)
		}
		if want := methodsOf(t, s, name); len(in.Connect) != want {
			t.Errorf("%s: %d commands for %d auth methods", name, len(in.Connect), want)
		}
		for _, c := range in.Connect {
			t.Run(name+"/"+c.Auth, func(t *testing.T) {
				s.connectBy(t, c.Auth, c.Command)
				s.tried(t, name)
			})
		}
		stop()
		_ = cmd.Wait() // it was interrupted
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("host vendor %s ends with exit code %d", name, code)
		}
		if _, err := os.Stat(in.Secrets); !os.IsNotExist(err) {
			t.Errorf("%s is left behind: %v", in.Secrets, err)
		}
	}
}

// methodsOf counts the connector's auth methods.
func methodsOf(t *testing.T, s *station, connector string) int {
	t.Helper()
	var info struct {
		Auth []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(s.must(t, "", "host", "info", connector, "--json")), &info); err != nil {
		t.Fatal(err)
	}
	return len(info.Auth)
}

// aging is a simulated vendor whose clock can be set ahead, while ours stays: the host learns from a 401 alone that a
// token has ended.
type aging struct {
	vendor
	ahead   atomic.Int64
	tokens  *oauth.Server
	secrets string
	srv     *served
}

// issued counts the tokens that were given out.
func (a *aging) issued() (n int) {
	for _, count := range a.tokens.Counts() {
		n += count.Succeeded
	}
	return n
}

func (a *aging) now() time.Time { return time.Now().Add(time.Duration(a.ahead.Load())) }

func newAging(t *testing.T, name string) *aging {
	t.Helper()
	a := &aging{secrets: t.TempDir()}
	var err error
	if a.vendor, err = newVendorServer(name); err != nil {
		t.Fatal(err)
	}
	if name == "tallyfy" {
		server := tallyfy.New(tallyfy.Config{Clock: a.now})
		a.handler, a.tokens = server, server.OAuth
	} else {
		server := netsuite.New(netsuite.Config{Clock: a.now})
		server.OAuth.Set(func(c *oauth.Config) { c.MachineLife = time.Minute })
		a.handler, a.tokens, a.access = server, server.OAuth, netsuiteAccess(server)
	}
	ts := httptest.NewServer(a.handler)
	t.Cleanup(ts.Close)
	a.srv = &served{origin: ts.URL, base: ts.URL + a.path}
	if err := a.writeSecrets(a.secrets); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestRenewal: tokens that end by the vendor's clock are replaced in the middle of a call, whatever the method; when
// what they are replaced by has ended too, the user is told the command that mends it.
func TestRenewal(t *testing.T) {
	s := pluginStation(t)
	for _, c := range []struct {
		connector, auth string
		life            time.Duration // of an access token
		ends            time.Duration // of the consent; 0: never
	}{
		{"tallyfy", "login", 8 * 24 * time.Hour, 40 * 24 * time.Hour},
		{"tallyfy", "application", 91 * 24 * time.Hour, 0},
		{"netsuite", "login", 2 * time.Hour, 8 * 24 * time.Hour},
		{"netsuite", "certificate", 2 * time.Minute, 0}, // longer, and the assertion would have ended as well
	} {
		t.Run(c.connector+"/"+c.auth, func(t *testing.T) {
			a := newAging(t, c.connector)
			for _, way := range a.access {
				if way.auth == c.auth {
					s.connectBy(t, c.auth, strings.Join(a.command(way, a.srv, a.secrets), " "))
				}
			}
			before := a.issued()
			a.ahead.Add(int64(c.life))
			s.tried(t, c.connector)
			if a.issued() == before {
				t.Error("the token had not ended: the test has tried nothing")
			}
			if c.ends == 0 {
				return
			}
			a.ahead.Add(int64(c.ends))
			const want = "reconnect needed"
			for range 2 { // found out by the vendor's answer, then known
				_, stderr, code := s.run(t, "", "host", tryOperation[c.connector].args...)
				if code != 1 || !strings.Contains(stderr, want) || !strings.Contains(stderr, "host: hint: run 'host connections rotate "+c.connector+"'") {
					t.Errorf("exit code %d: %s", code, stderr)
				}
			}
			waiting := s.consent(t, "connections", "rotate", c.connector)
			browse(t, waiting.address)
			if stderr, code := waiting.end(t); code != 0 {
				t.Fatalf("exit code %d: %s", code, stderr)
			}
			s.tried(t, c.connector)
		})
	}
}
