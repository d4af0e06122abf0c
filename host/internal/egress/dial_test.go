package egress

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"

	"github.com/google/go-cmp/cmp"
)

// special are addresses that no guest may reach by default. private says that an admin may allow it.
var special = []struct {
	addr    string
	private bool
}{
	{"0.0.0.0", false}, {"0.1.2.3", false}, {"10.0.0.1", true}, {"10.255.255.255", true}, {"100.64.0.1", true},
	{"100.127.255.255", true}, {"100.100.100.200", false}, {"127.0.0.1", true}, {"127.255.255.254", true},
	{"168.63.129.16", false}, {"169.254.169.254", false}, {"169.254.0.1", false}, {"169.254.170.2", false},
	{"172.16.0.1", true}, {"172.31.255.255", true}, {"192.0.0.192", false}, {"192.0.2.1", false}, {"192.88.99.1", false},
	{"192.168.0.1", true}, {"198.18.0.1", false}, {"198.51.100.1", false}, {"203.0.113.1", false}, {"224.0.0.1", false},
	{"239.255.255.250", false}, {"240.0.0.1", false}, {"255.255.255.255", false},

	{"::", false}, {"::1", true}, {"::127.0.0.1", false}, {"::ffff:0:127.0.0.1", false}, {"::ffff:127.0.0.1", true},
	{"::ffff:10.0.0.1", true}, {"::ffff:169.254.169.254", false}, {"::ffff:168.63.129.16", false}, {"64:ff9b::127.0.0.1", false},
	{"64:ff9b::10.0.0.1", false}, {"64:ff9b:1::1", false}, {"100::1", false}, {"2001::1", false}, {"2001:0:7f00:1::", false},
	{"2001:db8::1", false}, {"2002:7f00:1::", false}, {"2002:a9fe:a9fe::", false}, {"3fff::1", false}, {"5f00::1", false},
	{"fc00::1", true}, {"fd12:3456::1", true}, {"fd00:ec2::254", false}, {"fd20:ce::254", false}, {"fe80::1", false},
	{"fec0::1", false}, {"ff02::1", false}, {"fe80::1%eth0", false}, {"::1%lo", false}, {"fd00:ec2::254%eth0", false},
	{"fd12::1%eth0", false},
}

func TestDial_SpecialAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range special {
		addr := netip.MustParseAddr(c.addr)
		for _, private := range []bool{false, true} {
			n := &network{names: map[string][][]string{"api.example.com": {{c.addr}}}}
			p := open("http://api.example.com")
			if private {
				p.Private = []string{"http://other.example.com", "http://api.example.com"}
			}
			r := reply(n.client(t).Do(t.Context(), get("http://api.example.com/"), p))
			if private && c.private {
				wantFault(t, r, abi.Unavailable, "api.example.com cannot be reached")
				if want := []string{netip.AddrPortFrom(addr.Unmap(), 80).String()}; !slices.Equal(n.dials(), want) {
					t.Errorf("%s: dialled %q, want %q", c.addr, n.dials(), want)
				}
			} else {
				wantFault(t, r, abi.Forbidden, "api.example.com is no address on the public internet", "admin")
				if len(n.dials()) > 0 {
					t.Errorf("%s: dialled %q", c.addr, n.dials())
				}
			}
			if strings.Contains(r.Fault.Message, c.addr) && c.addr != "::" {
				t.Errorf("%s: the guest is told the address: %q", c.addr, r.Fault.Message)
			}
			// The same verdict in the place where the system is about to connect.
			control := newGuard(private).control("tcp4", netip.AddrPortFrom(addr.Unmap(), 80).String(), nil)
			if (control == nil) != (private && c.private) {
				t.Errorf("%s (private %v): control says %v", c.addr, private, control)
			}
		}
	}
}

func TestDial_AddressInTheURL(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://127.0.0.1", "http://[::1]:8080", "http://169.254.169.254", "https://10.1.2.3", "https://[fd00:ec2::254]"} {
		n := &network{}
		p := open(base)
		p.Private = []string{"http://127.0.0.1:81", "https://127.0.0.1", "http://[::1]", "https://10.1.2.3:80"} // near misses
		wantFault(t, reply(n.client(t).Do(t.Context(), get(base+"/x"), p)), abi.Forbidden, "no address on the public internet")
		if len(n.dials()) > 0 || len(n.looked) > 0 {
			t.Errorf("%s: looked up %q, dialled %q", base, n.looked, n.dials())
		}
	}
}

func TestDial_PublicAddressesOfOtherRanges(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{public, "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "2606:4700::1111", "::ffff:93.184.216.34"} {
		if err := newGuard(false).check(netip.MustParseAddr(addr)); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestDial_PassesOverSpecialAddresses(t *testing.T) {
	t.Parallel()
	n := api(http.NotFoundHandler())
	n.names["api.example.com"] = [][]string{{"127.0.0.1", "10.0.0.1", "::1", "2606:4700::1", public, "1.1.1.1"}}
	wantStatus(t, reply(n.client(t).Do(t.Context(), get("http://api.example.com/"), open("http://api.example.com"))), 404)
	if diff := cmp.Diff([]string{"[2606:4700::1]:80", public + ":80"}, n.dials()); diff != "" {
		t.Errorf("dialled (-want +got):\n%s", diff)
	}
}

func TestDial_TriesAFewAddressesOnly(t *testing.T) {
	t.Parallel()
	n := &network{names: map[string][][]string{"api.example.com": {slices.Repeat([]string{public}, 1000)}}}
	wantFault(t, reply(n.client(t).Do(t.Context(), get("http://api.example.com/"), open("http://api.example.com"))), abi.Unavailable)
	if got := len(n.dials()); got != maxAddresses {
		t.Errorf("dialled %d times, want %d", got, maxAddresses)
	}
}

// A name server that answers with a public address first and with a private one to the next question.
func TestDial_Rebinding(t *testing.T) {
	t.Parallel()
	n := api(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }))
	n.names["api.example.com"] = [][]string{{public}, {"127.0.0.1"}}
	c, p := n.client(t), open("http://api.example.com")
	wantStatus(t, reply(c.Do(t.Context(), get("http://api.example.com/"), p)), 200)
	for range 100 {
		wantFault(t, reply(c.Do(t.Context(), get("http://api.example.com/"), p)), abi.Forbidden)
	}
	if diff := cmp.Diff([]string{public + ":80"}, n.dials()); diff != "" {
		t.Errorf("dialled (-want +got):\n%s", diff)
	}
	if want := "api.example.com."; n.looked[0] != want || len(n.looked) != 101 {
		t.Errorf("looked up %q %d times, want %q once a connection", n.looked[0], len(n.looked), want)
	}
}

// A redirect is dialled under the same guard.
func TestDial_RedirectToAPrivateAddress(t *testing.T) {
	t.Parallel()
	n := api(http.RedirectHandler("http://inside.example.com/", http.StatusFound))
	n.names["inside.example.com"] = [][]string{{"10.0.0.1"}}
	p := open("http://api.example.com", "http://inside.example.com")
	p.Private = []string{"http://api.example.com"}
	wantFault(t, reply(n.client(t).Do(t.Context(), get("http://api.example.com/"), p)), abi.Forbidden, "inside.example.com is no address")
	if diff := cmp.Diff([]string{public + ":80"}, n.dials()); diff != "" {
		t.Errorf("dialled (-want +got):\n%s", diff)
	}
}

// A connection that was opened for an origin with private addresses serves no policy without them.
func TestDial_PrivateConnectionsAreNotShared(t *testing.T) {
	t.Parallel()
	n := &network{
		names:   map[string][][]string{"api.example.com": {{"10.0.0.1"}}},
		servers: map[string]http.Handler{"10.0.0.1:80": http.NotFoundHandler()},
	}
	c := n.client(t)
	wantStatus(t, reply(c.Do(t.Context(), get("http://api.example.com/"), private("http://api.example.com"))), 404)
	wantStatus(t, reply(c.Do(t.Context(), get("http://api.example.com/"), private("http://api.example.com:80"))), 404)
	wantFault(t, reply(c.Do(t.Context(), get("http://api.example.com/"), open("http://api.example.com"))), abi.Forbidden)
	if len(n.dials()) != 1 || n.looked[0] != "api.example.com" {
		t.Errorf("looked up %q, dialled %q: want a plain name, and one connection used twice", n.looked, n.dials())
	}
}

// The system's own dialler refuses too, whatever a resolver or a caller gave it.
func TestDial_ControlOfTheRealDialler(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if c, err := newDialer(Config{}, false).dial(t.Context(), "tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("the dialler for public addresses reached loopback")
	}
	c, err := newDialer(Config{}, true).dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("the dialler for private addresses: %v", err)
	}
	c.Close()
	for _, network := range []string{"udp4", "unix", "ip4"} {
		if newGuard(true).control(network, "127.0.0.1:80", nil) == nil {
			t.Errorf("control allows %s", network)
		}
	}
}

func TestDial_DefaultResolver(t *testing.T) {
	t.Parallel()
	if r, ok := newDialer(Config{}, false).resolver.(*net.Resolver); !ok || !r.PreferGo {
		t.Error("names are looked up by the C library, which reads 127.1 as an address")
	}
}

func TestDial_NoMultipathTCP(t *testing.T) {
	t.Setenv("GODEBUG", "multipathtcp=1")
	if !new(net.Dialer).MultipathTCP() {
		t.Fatal("GODEBUG does not turn MPTCP on: this test shows nothing")
	}
	if newGuard(false).dialer().MultipathTCP() {
		t.Error("the environment turns MPTCP on")
	}
}

func TestDial_Faults(t *testing.T) {
	t.Parallel()
	n := &network{names: map[string][][]string{}}
	p := private("http://gone.example.com", "http://127.0.0.1:1", "http://lame.example.com")
	wantFault(t, reply(n.client(t).Do(t.Context(), get("http://gone.example.com/?key=hunter2"), p)), abi.Unavailable,
		"gone.example.com does not exist", "connection's fields")

	c := New(Config{Resolver: lame{}})
	wantFault(t, reply(c.Do(t.Context(), get("http://lame.example.com/"), p)), abi.Unavailable, "lame.example.com cannot be looked up", "name servers")

	n = api(http.RedirectHandler("http://1.1.1.1/", http.StatusFound))
	wantFault(t, reply(n.client(t).Do(t.Context(), get("http://api.example.com/"), open("http://api.example.com", "http://1.1.1.1"))),
		abi.Unavailable, "1.1.1.1 cannot be reached")

	c = New(Config{})
	t.Cleanup(c.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens on this port now
	origin := "http://" + l.Addr().String()
	r := reply(c.Do(t.Context(), get(origin+"/?key=hunter2"), private(origin)))
	wantFault(t, r, abi.Unavailable, "refused the connection", "check host and port", l.Addr().String())
	if strings.Contains(r.Fault.Message, "hunter2") {
		t.Errorf("the query is in %q", r.Fault.Message)
	}
}

// lame is a resolver whose name server has failed.
type lame struct{}

func (lame) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "server misbehaving", Name: host, IsTemporary: true}
}

// The time for connecting is shared among the addresses, so a dead first one leaves some for the others.
func TestDial_DividesTheTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &network{names: map[string][][]string{"api.example.com": {{"1.1.1.1", "1.0.0.1", public}}}}
		d := newDialer(Config{Resolver: n, Dial: n.hang}, false)
		start := time.Now()
		_, err := d.DialContext(t.Context(), "tcp", "api.example.com:443")
		if took := time.Since(start); err == nil || took != connectTimeout {
			t.Errorf("got %v after %v, want an error after %v", err, took, connectTimeout)
		}
		if diff := cmp.Diff([]string{"1.1.1.1:443", "1.0.0.1:443", public + ":443"}, n.dials()); diff != "" {
			t.Errorf("dialled (-want +got):\n%s", diff)
		}
	})
}
