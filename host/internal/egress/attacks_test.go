package egress

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"patchbay/abi"
)

// attack is one way to reach a place that is not allowed, to send the credential to another origin, to smuggle a
// request past the judgement of another one, or to get the credential back.
type attack struct {
	kind, name string
	req        abi.Request
	names      map[string][]string // more answers of the resolver
	answer     http.HandlerFunc    // of https://api.example.com; default 200
	change     func(*Policy)
	want       string // code of the fault, or the status
}

// The places of the attacks. Everything else that is dialled is a forbidden reach.
const (
	apiAddr   = public + ":443"
	otherAddr = "1.1.1.1:443"
	portAddr  = public + ":8443"
	plainAddr = public + ":80"
)

// inside are origins that the grants cover and the guard must not let through. They are what an attack
// would have to reach, so that it is not the grants alone that hold it off.
var inside = []string{"https://inside.example.com", "https://mixed.example.com", "https://10.0.0.1", "https://169.254.169.254",
	"https://168.63.129.16", "https://[::1]", "https://[fd00:ec2::254]", "https://127.0.0.1", "https://localhost"}

func attackPolicy() Policy {
	p := credential(open("https://api.example.com/v1", "https://other.example.com", "https://api.example.com:8443", "http://api.example.com"))
	for _, base := range inside {
		p.Grants = append(p.Grants, open(base).Grants...)
	}
	return p
}

// scene is where an attack takes place: nothing of it leaves the process.
type scene struct {
	*network
	at  map[string]*recorder // "address:port" to what arrived there
	log bytes.Buffer
}

func newScene(a attack) *scene {
	s := &scene{at: map[string]*recorder{}, network: &network{
		names: map[string][][]string{"api.example.com": {{public}}, "other.example.com": {{"1.1.1.1"}},
			"inside.example.com": {{"10.0.0.5"}}, "localhost": {{"127.0.0.1"}}},
		servers: map[string]http.Handler{},
	}}
	for name, addrs := range a.names {
		s.names[name] = [][]string{addrs}
	}
	fine := func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "other.example.com" && r.URL.Path == "/home" { // the way back
			http.Redirect(w, r, "https://api.example.com/v1/landed", http.StatusFound)
		}
	}
	for _, addr := range []string{apiAddr, otherAddr, portAddr, plainAddr} {
		s.at[addr] = &recorder{}
		answer := http.HandlerFunc(fine)
		if addr == apiAddr && a.answer != nil {
			answer = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v1/landed" {
					fine(w, r)
					return
				}
				a.answer(w, r)
			}
		}
		s.servers[addr] = s.at[addr].wrap(answer)
	}
	return s
}

// verdict returns everything that went wrong: forbidden reaches, credentials at a wrong origin, smuggled requests
// and secrets that came back.
func (s *scene) verdict(r abi.Response, told Trace) (wrong []string) {
	for _, addr := range s.dials() {
		if s.at[addr] == nil {
			wrong = append(wrong, "reached "+addr)
		}
	}
	for addr, rec := range s.at {
		for i, got := range rec.requests() {
			away := i > 0 && s.at[otherAddr].requests() != nil // home again, by way of another origin
			if (addr != apiAddr || away) && holds(got) {
				wrong = append(wrong, fmt.Sprintf("the credential came to %s: %+v", addr, got))
			}
			if smuggled := got.header["X-Evil"]; smuggled != nil || strings.Contains(got.uri, "..") || strings.Contains(got.uri, "admin") {
				wrong = append(wrong, fmt.Sprintf("smuggled to %s: %+v", addr, got))
			}
		}
	}
	seen := fmt.Sprintf("%s %q %s %+v %s %+v", r.URL, r.Headers, r.Body, r.Fault, s.log.String(), told)
	for _, encode := range encodings {
		if leak := encode("", secret); strings.Contains(seen, leak) {
			wrong = append(wrong, fmt.Sprintf("%q came back in %s", leak, seen))
		}
	}
	if strings.Contains(strings.ToLower(seen), "s3cr3t") {
		wrong = append(wrong, "a part of the secret came back in "+seen)
	}
	return wrong
}

func (a attack) run(t *testing.T, http1 bool) (r abi.Response, wrong []string) {
	s := newScene(a)
	s.http1 = http1
	p := attackPolicy()
	if a.change != nil {
		a.change(&p)
	}
	c := New(Config{Resolver: s, Dial: s.dial, RootCAs: roots(), Logger: logger(&s.log)})
	r, told := c.Do(t.Context(), a.req, p)
	s.end(c)
	return r, s.verdict(r, told)
}

// minAttacks is how many the table has at least. TestAttacks prints how many they are.
const minAttacks = 200

func TestAttacks(t *testing.T) {
	t.Parallel()
	count := map[string]int{}
	failed := 0
	all := slices.Concat(addressAttacks(), urlAttacks(), methodAttacks(), headerAttacks(), redirectAttacks(), echoAttacks())
	for _, a := range all {
		count[a.kind]++
		for proto, http1 := range map[string]bool{"HTTP/1.1": true, "HTTP/2": false} {
			r, wrong := a.run(t, http1)
			got := fmt.Sprint(r.Status)
			if r.Fault != nil {
				got = string(r.Fault.Code)
			}
			if got != a.want {
				wrong = append(wrong, fmt.Sprintf("ended as %s (%v), want %s", got, r.Fault, a.want))
			}
			if len(wrong) > 0 {
				failed++
				t.Errorf("%s: %s over %s:\n%s", a.kind, a.name, proto, strings.Join(wrong, "\n"))
			}
		}
	}
	var kinds []string
	for _, k := range sortedKeys(count) {
		kinds = append(kinds, fmt.Sprintf("%s %d", k, count[k]))
	}
	t.Logf("%d attacks (%s), each over HTTP/1.1 and HTTP/2: %d succeeded", len(all), strings.Join(kinds, ", "), failed)
	if len(all) < minAttacks || len(count) < 6 {
		t.Errorf("the table has shrunk to %d attacks of %d kinds", len(all), len(count))
	}
}

// What is allowed does reach and does carry the credential, so the attacks do not fail for another reason.
func TestAttacks_Control(t *testing.T) {
	t.Parallel()
	s := newScene(attack{})
	c := New(Config{Resolver: s, Dial: s.dial, RootCAs: roots()})
	for _, path := range []string{"/v1", "/v1/a?b=c"} {
		wantStatus(t, reply(c.Do(t.Context(), get("https://api.example.com"+path), attackPolicy())), 200)
	}
	got := s.at[apiAddr].requests()
	if len(got) != 2 || !holds(got[0]) || !holds(got[1]) || !slices.Equal(s.dials(), []string{apiAddr}) {
		t.Errorf("dialled %q and sent %+v", s.dials(), got)
	}
	s.end(c)
}

// The judge of the attacks sees each thing that can go wrong.
func TestAttacks_TheVerdictCanBeGuilty(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]attack{
		"reached 127.0.0.1:443": {req: get("https://127.0.0.1/"), change: func(p *Policy) { p.Private = []string{"https://127.0.0.1"} }},
		"credential came to":    {req: get("https://other.example.com/")},
		"smuggled":              {req: abi.Request{Method: "GET", URL: "https://api.example.com/v1", Headers: map[string][]string{"X-Evil": {"1"}}}},
		"came back": {req: get("https://api.example.com/v1"), change: func(p *Policy) { p.Authorize, p.Secrets = nil, nil },
			answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, secret) }},
	} {
		if _, wrong := a.run(t, false); !strings.Contains(strings.Join(wrong, "\n"), want) {
			t.Errorf("%s: the verdict is %q", want, wrong)
		}
	}
}

// A name server that changes its mind between every two questions, a thousand times.
func TestAttacks_Rebinding(t *testing.T) {
	t.Parallel()
	s := newScene(attack{})
	s.servers[plainAddr] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	flips := [][]string{{public}, {"127.0.0.1"}, {"10.0.0.1", "169.254.169.254"}, {"::ffff:127.0.0.1"}}
	s.names["api.example.com"] = nil
	const tries = 1000
	for i := range tries + 1 {
		s.names["api.example.com"] = append(s.names["api.example.com"], flips[i%len(flips)])
	}
	c := New(Config{Resolver: s, Dial: s.dial, RootCAs: roots()})
	reached := 0
	for range tries {
		r, told := c.Do(t.Context(), get("http://api.example.com/"), attackPolicy())
		if r.Fault == nil {
			reached++
		} else if !told.Refused || told.Sent {
			t.Fatalf("%v with %+v", r.Fault, told)
		}
	}
	for _, addr := range s.dials() {
		if addr != plainAddr {
			t.Fatalf("dialled %s", addr)
		}
	}
	if reached != tries/len(flips) || len(s.looked) != tries {
		t.Errorf("%d of %d tries reached the public address, with %d lookups", reached, tries, len(s.looked))
	}
	s.end(c)
}
