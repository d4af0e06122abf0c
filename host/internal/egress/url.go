package egress

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxURL      = 16 << 10 // bytes
	maxReadings = 3        // as written, decoded once, decoded twice
)

// target is where a request goes: a URL that every reader understands in the same way.
type target struct {
	scheme   string // http or https
	host     string // lower case; an IPv6 address without brackets
	port     string // "" for the scheme's own
	path     string // as written, begins with "/"
	query    string // as written, without "?"
	readings []string
}

// parseURL reads a URL by the rules of the package comment. Errors do not repeat the URL: it may hold secrets.
func parseURL(raw string) (*target, error) {
	if len(raw) > maxURL {
		return nil, fmt.Errorf("is longer than %d bytes", maxURL)
	}
	if i := firstIllegal(raw); i >= 0 {
		return nil, fmt.Errorf("holds %q at byte %d, which must be percent-encoded (a host name: in its xn-- form)", raw[i], i)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("is not a URL by RFC 3986")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("must begin with https:// (or http://, where a grant says so)")
	case u.Opaque != "" || u.Host == "":
		return nil, errors.New("must be absolute, with a host")
	case u.User != nil:
		return nil, errors.New("must not hold a user name or a password")
	}
	t := &target{scheme: u.Scheme, path: u.EscapedPath(), query: u.RawQuery}
	if t.path == "" {
		t.path = "/"
	}
	if t.host, err = parseHost(u.Host); err != nil {
		return nil, err
	}
	if t.port, err = parsePort(u); err != nil {
		return nil, err
	}
	if t.readings, err = readings(t.path); err != nil {
		return nil, err
	}
	return t, nil
}

// legal are the characters of RFC 3986.
var legal = table("!#$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~")

func firstIllegal(s string) int {
	for i := range len(s) {
		if !legal[s[i]] {
			return i
		}
	}
	return -1
}

// illegal reports whether RFC 3986 has no place for r in a URL.
func illegal(r rune) bool { return r >= 0x80 || !legal[byte(r)] }

func parseHost(hostport string) (string, error) {
	host := (&url.URL{Host: hostport}).Hostname()
	addr, err := netip.ParseAddr(host)
	switch {
	case err != nil && strings.HasPrefix(hostport, "["), err == nil && addr.Zone() != "", err == nil && addr.Is4In6():
		return "", errors.New("host must be a name, an IPv4 address or an IPv6 address without a zone and an embedded IPv4 address")
	case err == nil && addr.Is6() != strings.HasPrefix(hostport, "["):
		return "", errors.New("an IPv6 address, and only that, must be in brackets")
	case err == nil:
		return addr.String(), nil
	}
	return parseName(strings.ToLower(host))
}

// parseName refuses names that some reader takes for an address, or for another name.
func parseName(name string) (string, error) {
	labels := strings.Split(name, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || l[0] == '-' || l[len(l)-1] == '-' {
			return "", errors.New("host must be a DNS name of letters, digits and hyphens, without a last dot")
		}
	}
	// The URL standard (whatwg.org, "ends in a number") and C libraries read such a host as an IPv4 address.
	last := labels[len(labels)-1]
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") {
		return "", errors.New("an IPv4 address must have four decimal parts without leading zeros")
	}
	if len(name) > 253 {
		return "", errors.New("host is longer than 253 bytes")
	}
	return name, nil
}

// parsePort returns "" for the scheme's own port, so that both spellings are one origin.
func parsePort(u *url.URL) (string, error) {
	port := u.Port()
	if port == "" && !strings.HasSuffix(u.Host, ":") {
		return "", nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return "", errors.New("port must be a number from 1 to 65535")
	}
	if u.Scheme == "http" && n == 80 || u.Scheme == "https" && n == 443 {
		return "", nil
	}
	return port, nil
}

// readings returns what servers may take path for, see the package comment.
func readings(path string) ([]string, error) {
	var all []string
	for range maxReadings {
		if err := checkPath(path); err != nil {
			return nil, err
		}
		all = append(all, path)
		if i := strings.IndexAny(path, "?#"); i >= 0 { // a proxy that forwards the decoded path makes it a query
			all = append(all, path[:i])
		}
		next := unescape(path)
		if next == path {
			return all, nil
		}
		path = next
	}
	return nil, errors.New("path is percent-encoded more than twice")
}

func checkPath(path string) error {
	if !utf8.ValidString(path) {
		return errors.New("path must decode to UTF-8")
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return errors.New("path must not hold a backslash or a control character, encoded or not")
	}
	segments := strings.Split(path, "/")[1:]
	for i, s := range segments {
		name, _, _ := strings.Cut(s, ";")
		if name == "." || name == ".." {
			return errors.New("path must not hold dot segments, encoded or not")
		}
		if name == "" && (s != "" || i < len(segments)-1) {
			return errors.New("path must not hold empty segments")
		}
	}
	return nil
}

// unescape decodes every valid percent-encoded byte and leaves the rest alone.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// origin returns scheme, host and port in their one spelling.
func (t *target) origin() string { return t.scheme + "://" + t.authority() }

// authority returns host and port as the Host header has them.
func (t *target) authority() string {
	if t.port != "" {
		return net.JoinHostPort(t.host, t.port)
	}
	if strings.Contains(t.host, ":") {
		return "[" + t.host + "]"
	}
	return t.host
}

// url returns the URL, rebuilt from the judged parts.
func (t *target) url() *url.URL {
	path, err := url.PathUnescape(t.path)
	if err != nil { // cannot be: the path came from a parsed URL
		path = t.path
	}
	return &url.URL{Scheme: t.scheme, Host: t.authority(), Path: path, RawPath: t.path, RawQuery: t.query}
}

// resolve reads a Location header. Servers send raw spaces and UTF-8 in it, which browsers encode.
func (t *target) resolve(location string) (*target, error) {
	var b strings.Builder
	for i := range len(location) {
		if c := location[i]; illegal(rune(c)) {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	ref, err := url.Parse(b.String())
	if err != nil {
		return nil, errors.New("is not a URL by RFC 3986")
	}
	return parseURL(t.url().ResolveReference(ref).String())
}

// ownedKey returns the first key of the query that the auth method owns, or "".
// Keys are compared as the laxest servers do: ";" separates too, case is ignored, key[] is key.
func ownedKey(query string, owned []string) string {
	for _, part := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		key, _, _ := strings.Cut(part, "=")
		if k, err := url.QueryUnescape(key); err == nil {
			key = k
		}
		key, _, _ = strings.Cut(strings.TrimSpace(key), "[")
		if slices.ContainsFunc(owned, func(o string) bool { return strings.EqualFold(o, key) }) {
			return key
		}
	}
	return ""
}

// withoutOwned removes the parameters that the auth method owns.
func withoutOwned(query string, owned []string) string {
	parts := strings.Split(query, "&")
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return ownedKey(p, owned) != "" }), "&")
}
