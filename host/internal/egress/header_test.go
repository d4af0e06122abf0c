package egress

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"patchbay/abi"

	"github.com/google/go-cmp/cmp"
)

func TestGuestHeader_Refused(t *testing.T) {
	t.Parallel()
	names := strings.Fields(`Host host Authorization AUTHORIZATION Cookie Cookie2 Proxy-Authorization Proxy-Connection Proxy-X
		Sec-Fetch-Site Connection Keep-Alive TE Te Trailer Transfer-Encoding Upgrade HTTP2-Settings Content-Length Expect Forwarded
		X-Forwarded-For X-Forwarded-Host X-Real-Ip Via Referer Accept-Encoding X-Api-Key x-api-key X_Api_Key X_Forwarded_For
		transfer_encoding X-HTTP-Method-Override X-HTTP-Method X-Method-Override X-Original-URL X-Rewrite-URL`)
	for _, name := range names {
		_, fault := guestHeader(map[string][]string{name: {"x"}}, []string{"X-Api-Key"})
		if fault == nil || fault.Code != abi.InvalidInput || !strings.Contains(fault.Message, name) {
			t.Errorf("%s: got %v, want an invalid_input fault that names it", name, fault)
		}
	}
	for _, name := range []string{"", "A B", "A:", "A\r\nB", "\u00e9", "A\x00", ":authority", "A/B", "A\t"} {
		if _, fault := guestHeader(map[string][]string{name: {"x"}}, nil); fault == nil || fault.Code != abi.InvalidInput {
			t.Errorf("name %q: got %v", name, fault)
		}
	}
	for _, value := range []string{"a\r\nB: c", "a\nb", "a\rb", "a\x00b", "\x7f", "\x1b[31m"} {
		_, fault := guestHeader(map[string][]string{"X-A": {"fine", value}}, nil)
		if fault == nil || fault.Code != abi.InvalidInput || !strings.Contains(fault.Message, "X-A") || strings.Contains(fault.Message, value) {
			t.Errorf("value %q: got %v", value, fault)
		}
	}
}

func TestGuestHeader_Bounds(t *testing.T) {
	t.Parallel()
	many := func(n int) map[string][]string {
		h := map[string][]string{}
		for i := range n {
			h[fmt.Sprintf("X-%d", i)] = []string{"a"}
		}
		return h
	}
	for _, c := range []struct {
		name string
		in   map[string][]string
		ok   bool
	}{
		{"64 headers", many(64), true},
		{"65 headers", many(65), false},
		{"65 values of one header", map[string][]string{"X": make([]string, 65)}, false},
		{"16 KiB", map[string][]string{"X": {strings.Repeat("a", 16<<10-1)}}, true},
		{"16 KiB and a byte", map[string][]string{"X": {strings.Repeat("a", 16<<10)}}, false},
	} {
		_, fault := guestHeader(c.in, nil)
		if c.ok && fault != nil || !c.ok && (fault == nil || fault.Code != abi.LimitExceeded) {
			t.Errorf("%s: got %v", c.name, fault)
		}
	}
}

func TestGuestHeader_Allowed(t *testing.T) {
	t.Parallel()
	got, fault := guestHeader(map[string][]string{
		"accept": {"a", "b\tc"}, "Accept": {"d"}, "X-Expected": {"1"}, "If-Match": {`"e"`}, "X-Secure": {"\u00e9"}, "Hosts": {""},
	}, []string{"X-Api-Key"})
	if fault != nil {
		t.Fatal(fault)
	}
	want := http.Header{"Accept": {"d", "a", "b\tc"}, "X-Expected": {"1"}, "If-Match": {`"e"`}, "X-Secure": {"\u00e9"},
		"Hosts": {""}, "User-Agent": {"patchbay/1"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, _ := guestHeader(map[string][]string{"user-agent": {"acme/2"}}, nil); got.Get("User-Agent") != "acme/2" {
		t.Errorf("the guest's User-Agent became %q", got.Get("User-Agent"))
	}
}

func TestVendorHeader(t *testing.T) {
	t.Parallel()
	got := vendorHeader(http.Header{
		"Content-Type": {"a"}, "Set-Cookie": {"a"}, "Set-Cookie2": {"a"}, "Connection": {"close, x-hop"}, "X-Hop": {"a"},
		"Keep-Alive": {"a"}, "Transfer-Encoding": {"a"}, "Te": {"a"}, "Trailer": {"a"}, "Upgrade": {"a"}, "Proxy-Authenticate": {"a"},
		"Proxy-Connection": {"a"}, "Www-Authenticate": {"a", "b"}, "X-Auth-Token": {"a"}, "Authorization": {"a"}, "Location": {"a"}, "X Y": {"a"},
	}, newPlan(Policy{Owned: []string{"x_auth_token"}}).hidden)
	want := map[string][]string{"Content-Type": {"a"}, "Www-Authenticate": {"a", "b"}, "Location": {"a"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
