package main

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"patchbay/testkit/vendors/netsuite"
	"patchbay/testkit/vendors/simulated"
	"patchbay/testkit/vendors/tallyfy"
)

// station is a home folder with both connectors installed, and the vendors that they are connected to.
type station struct {
	home       string
	tallyfy    *tallyfy.Server
	tallyfyURL string
	netsuite   *netsuite.Server
}

// secretToken is what the vendors are given as a credential. It must never be seen again.
const secretToken = "tok-9f2c71d8b3e64a05-canary"

func newStation(t *testing.T) *station {
	t.Helper()
	s := &station{
		home:     t.TempDir(),
		tallyfy:  tallyfy.New(tallyfy.Config{Tokens: map[string]int{secretToken: tallyfy.Ada}, RatePerMinute: -1}),
		netsuite: netsuite.New(netsuite.Config{Tokens: map[string]netsuite.Role{secretToken: {}}}),
	}
	ts, ns := httptest.NewServer(s.tallyfy), httptest.NewServer(s.netsuite)
	t.Cleanup(func() {
		s.tallyfy.Close()
		s.netsuite.Close()
		ts.CloseClientConnections()
		ns.CloseClientConnections()
		ts.Close()
		ns.Close()
	})
	s.tallyfyURL = ts.URL + "/api"
	for _, name := range connectors {
		s.must(t, "", "pack", "publish", filepath.Join("..", "..", "plugins", name))
		s.must(t, "", "host", "install", name, "--yes")
	}
	s.must(t, secretToken, "host", "connect", "tallyfy", "--field", "organization="+tallyfy.AcmeOrg,
		"--secret", "token=-", "--url", "api="+ts.URL+"/api", "--allow-private")
	s.must(t, secretToken, "host", "connect", "netsuite", "--field", "account=1234567",
		"--secret", "token=-", "--url", "api="+ns.URL+"/services/rest", "--allow-private")
	return s
}

// run runs a command on the station's home.
func (s *station) run(t *testing.T, stdin, command string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, command), args...)
	cmd.Env = append(os.Environ(), "PATCHBAY_HOME="+s.home)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if strings.Contains(out.String()+errOut.String(), secretToken) {
		t.Errorf("%s %v prints the credential", command, args)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

func (s *station) must(t *testing.T, stdin, command string, args ...string) string {
	t.Helper()
	out, errOut, code := s.run(t, stdin, command, args...)
	if code != 0 {
		t.Fatalf("%s %v exited with %d\n%s%s", command, args, code, out, errOut)
	}
	return out
}

// TestVendorFaults: whatever a vendor does, the user gets a clear fault with a remedy and a right exit code,
// in bounded time.
func TestVendorFaults(t *testing.T) {
	s := newStation(t)
	for _, c := range []struct {
		name string
		rule simulated.Rule
		args []string
		code int
		want []string // parts of standard error
	}{
		{"401", simulated.Rule{Status: 401}, nil, 1, []string{"unauthorized", "host connect"}},
		{"403", simulated.Rule{Status: 403}, nil, 1, []string{"forbidden"}},
		{"404", simulated.Rule{Status: 404}, nil, 4, []string{"not_found"}},
		{"422", simulated.Rule{Status: 422}, nil, 1, []string{"invalid_input"}},
		{"429", simulated.Rule{Status: 429, RetryAfter: "7"}, []string{"--timeout", "5s"}, 1, []string{"rate_limited", "try again later"}},
		{"500", simulated.Rule{Status: 500}, nil, 1, []string{"unavailable"}},
		{"503", simulated.Rule{Status: 503, RetryAfter: "Wed, 21 Oct 2026 07:28:00 GMT"}, nil, 1, []string{"unavailable"}},
		{"hang", simulated.Rule{Effect: simulated.Hang}, []string{"--timeout", "2s"}, 1, []string{"timeout", "took too long", "while it waited for the answer to GET 127.0.0.1:"}},
		{"drip", simulated.Rule{Effect: simulated.Drip}, []string{"--timeout", "2s"}, 1, []string{"timeout"}},
		{"reset", simulated.Rule{Effect: simulated.Reset}, nil, 1, []string{"unavailable"}},
		{"malformed JSON", simulated.Rule{Effect: simulated.Malformed}, nil, 1, []string{"unavailable"}},
		{"1 GiB body", simulated.Rule{Effect: simulated.Huge, Size: 1 << 30}, nil, 1, []string{"limit_exceeded", "16MiB"}},
		{"gzip bomb", simulated.Rule{Effect: simulated.Bomb, Size: 1 << 30}, nil, 1, []string{"limit_exceeded"}},
		{"invalid UTF-8", simulated.Rule{Status: 200, Body: "{\"data\":[{\"id\":\"\xff\"}]}"}, nil, 1, []string{"unavailable", "not valid UTF-8"}},
		{"deep JSON", simulated.Rule{Status: 200, Body: strings.Repeat(`{"data":`, 10_000) + "1" + strings.Repeat("}", 10_000)}, nil, 1, []string{"at /data: want an array"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.rule.Times = -1
			s.tallyfy.Fail(c.rule)
			defer s.tallyfy.ClearFaults()
			out, errOut, code := s.run(t, "", "host", append([]string{"run", "tallyfy.list_blueprints", "--json"}, c.args...)...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, part := range append(c.want, "host: error: ", "host: hint: ") {
				if !strings.Contains(errOut, part) {
					t.Errorf("standard error lacks %q:\n%s", part, errOut)
				}
			}
			if !strings.Contains(out, `"fault"`) {
				t.Errorf("standard output is not a JSON error: %s", out)
			}
			t.Log(strings.TrimSpace(errOut))
		})
	}
	s.writesOnce(t)
	// A connection that fails its test is kept, and said to be; a vendor's 404 is no success.
	for _, status := range []int{401, 404} {
		s.tallyfy.Fail(simulated.Rule{Status: status})
		_, errOut, code := s.run(t, "wrong-token", "host", "connect", "tallyfy", "--name", "other", "--field", "organization="+tallyfy.AcmeOrg,
			"--secret", "token=-", "--url", "api="+s.tallyfyURL, "--allow-private")
		if code == 0 || !strings.Contains(errOut, "connection other was saved") {
			t.Errorf("connecting to a vendor that answers %d exits with %d: %s", status, code, errOut)
		}
	}
	s.must(t, "", "host", "disconnect", "other")
	if out := s.must(t, "", "host", "run", "tallyfy.list_blueprints"); !strings.Contains(out, "Sales order approval") {
		t.Errorf("after the faults: %s", out)
	}
}

// writesOnce: a write whose answer is lost is in doubt, and the vendor has seen it once.
func (s *station) writesOnce(t *testing.T) {
	input := `{"blueprint_id": "` + tallyfy.SalesApproval + `", "kickoff": {"order_number": "1", "customer_name": "ACME", "Order total": "1", "currency": "USD", "priority": "High"}}`
	for name, rule := range map[string]simulated.Rule{
		"reset":                {Effect: simulated.Reset, Performed: true},
		"slow drip":            {Effect: simulated.Drip},
		"bad gateway":          {Status: 502, Performed: true},
		"hang":                 {Effect: simulated.Hang},
		"gzip bomb":            {Effect: simulated.Bomb, Performed: true, Size: 1 << 30},
		"endless body":         {Effect: simulated.Huge, Performed: true, Size: 1 << 30},
		"body that is no body": {Effect: simulated.Malformed, Performed: true},
	} {
		rule.Method, rule.Path, rule.Times = "POST", "/api/organizations/*/runs", -1
		s.tallyfy.Fail(rule)
		before := s.launches()
		_, errOut, code := s.run(t, "", "host", "run", "tallyfy.launch_process", "--input", input, "--timeout", "3s")
		s.tallyfy.ClearFaults()
		if code != 1 || !strings.Contains(errOut, "in_doubt") || !strings.Contains(errOut, "look before you repeat") {
			t.Errorf("%s: exit code %d: %s", name, code, errOut)
		}
		if n := s.launches() - before; n != 1 {
			t.Errorf("%s: the vendor has seen the write %d times", name, n)
		}
	}
}

// launches counts the requests to launch a process that have reached the vendor.
func (s *station) launches() (n int) {
	for _, r := range s.tallyfy.Requests() {
		if r.Method == "POST" && strings.HasSuffix(r.Path, "/runs") {
			n++
		}
	}
	return n
}
