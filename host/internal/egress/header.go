package egress

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"patchbay/abi"
)

const (
	maxHeaders     = 64       // lines
	maxHeaderBytes = 16 << 10 // names and values
	userAgent      = "patchbay/1"
)

// hopByHop are the headers that mean one connection, not the message (RFC 9110 section 7.6.1).
var hopByHop = []string{"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings"}

// reserved are the other headers that a guest may not set: the host's own, and those by which a server or a proxy
// would take the request for another one than was judged.
var reserved = []string{
	"host", "authorization", "cookie", "cookie2", "content-length", "expect", "forwarded", "x-real-ip", "via", "referer",
	"accept-encoding", "x-http-method", "x-http-method-override", "x-method-override", "x-original-url", "x-rewrite-url",
}

// unseen are the headers of a response that are not for guests, beside those of the connection.
var unseen = []string{"set-cookie", "set-cookie2", "authorization", "proxy-authenticate"}

var reservedPrefixes = []string{"proxy-", "sec-", "x-forwarded-"}

// carried are the guest's headers that survive a change of origin.
var carried = []string{"Accept", "Accept-Language", "User-Agent"}

// guestHeader checks a guest's headers and returns them in canonical form.
func guestHeader(in map[string][]string, owned []string) (http.Header, *abi.Fault) {
	out := http.Header{}
	lines, size := 0, 0
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if fault := checkName(name, owned); fault != nil {
			return nil, fault
		}
		for _, value := range in[name] {
			if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				return nil, abi.Faultf(abi.InvalidInput, "header %s: the value must not hold control characters", name)
			}
			lines++
			size += len(name) + len(value)
			out.Add(name, value)
		}
	}
	if lines > maxHeaders || size > maxHeaderBytes {
		return nil, abi.Faultf(abi.LimitExceeded, "request headers: %d lines of %d bytes are more than %d lines or %d bytes",
			lines, size, maxHeaders, maxHeaderBytes)
	}
	if out.Get("User-Agent") == "" {
		out.Set("User-Agent", userAgent)
	}
	return out, nil
}

func checkName(name string, owned []string) *abi.Fault {
	if !token(name) {
		return abi.Faultf(abi.InvalidInput, "header %q: the name must be a token of RFC 9110", clip(name, 100))
	}
	folded := fold(name)
	switch {
	case slices.ContainsFunc(owned, func(o string) bool { return fold(o) == folded }):
		return abi.Faultf(abi.InvalidInput, "header %s belongs to the auth method: leave it out, the host sets it", clip(name, 100))
	case slices.Contains(reserved, folded), slices.Contains(hopByHop, folded),
		slices.ContainsFunc(reservedPrefixes, func(p string) bool { return strings.HasPrefix(folded, p) }):
		return abi.Faultf(abi.InvalidInput, "header %s is the host's to set: leave it out", clip(name, 100))
	}
	return nil
}

// fold returns the form in which CGI-like servers tell header names apart: they turn "-" into "_".
func fold(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "-")) }

// tokenChars are the characters of a token (RFC 9110 section 5.6.2).
var tokenChars = table("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

func token(s string) bool {
	for i := range len(s) {
		if !tokenChars[s[i]] {
			return false
		}
	}
	return s != ""
}

// table returns the set of the characters.
func table(chars string) (set [256]bool) {
	for i := range len(chars) {
		set[chars[i]] = true
	}
	return set
}

// vendorHeader returns what a guest may see of a response's headers. hidden are folded names.
func vendorHeader(in http.Header, hidden map[string]bool) map[string][]string {
	var named []string
	for _, list := range in["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			named = append(named, fold(strings.TrimSpace(name)))
		}
	}
	out := make(map[string][]string, len(in))
	for name, values := range in {
		if folded := fold(name); token(name) && !hidden[folded] && !slices.Contains(named, folded) { // net/http lets other names through
			out[name] = slices.Clone(values)
		}
	}
	return out
}
