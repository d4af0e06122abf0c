package sdk

import (
	"net/url"
	"strings"
)

// Path joins segments to an escaped path: Path("runs", id) is "/runs/" and the ID with everything escaped
// that would make it more than one segment ("/", "?", "#", "%"). A colon stays as it is, so an external ID
// such as "eid:CID-7" does too.
//
// A segment that is empty, "." or ".." would name another resource than the one meant, and no escape hides
// it. [Client.Do] refuses such a path with an invalid_input fault, and one such as "../x" too.
func Path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		if s == "" {
			s = "." // an empty segment at the end looks like a list's own URL; a dot cannot be mistaken
		}
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// checkPath refuses a path that might mean another resource to the vendor than to the reader.
func checkPath(path string) error {
	if path == "" {
		return nil
	}
	if path[0] != '/' {
		return Faultf(Internal, "path %q does not begin with a slash", path)
	}
	if i := strings.IndexFunc(path, notInPath); i >= 0 {
		return Faultf(Internal, "path %q: the character at byte %d ends or breaks a path; escape values with sdk.Path and put the query in Query", path, i)
	}
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return Faultf(Internal, "path %q: %v; escape values with sdk.Path", path, err)
		}
		last := i == len(segments)-1
		if plain == "" && !last || hasDots(plain) {
			return Faultf(InvalidInput, "path %q has an empty segment, or one of dots; is an ID missing?", path)
		}
	}
	return nil
}

// notInPath reports what RFC 3986 does not allow in a path as it stands.
func notInPath(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("?#\\\"<>^`{|}", r)
}

// hasDots looks for "." and ".." also behind an escaped slash: a server that unescapes too early would
// take them for steps.
func hasDots(segment string) bool {
	for _, s := range strings.FieldsFunc(segment, func(r rune) bool { return r == '/' || r == '\\' }) {
		if s == "." || s == ".." {
			return true
		}
	}
	return false
}

// under parses an absolute URL and reports a fault unless it is below base: same scheme and host, and a
// path that goes on after the base's. The fragment is dropped.
func under(base, raw string) (*url.URL, error) {
	b, err := url.Parse(base)
	if err != nil {
		return nil, Faultf(Internal, "the grant's base URL: %v", err)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, Faultf(Internal, "the URL of the request: %v", err)
	}
	if u.User != nil || u.Opaque != "" || !sameOrigin(b, u) || !pathUnder(b.EscapedPath(), u.EscapedPath()) {
		return nil, Faultf(Forbidden, "%s is not under %s, the base URL of the grant", withoutQuery(u), base)
	}
	if err := checkPath(strings.TrimPrefix(u.EscapedPath(), strings.TrimSuffix(b.EscapedPath(), "/"))); err != nil {
		return nil, err
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	switch strings.ToLower(u.Scheme) {
	case "https":
		return "443"
	case "http":
		return "80"
	}
	return ""
}

func pathUnder(base, path string) bool {
	base = strings.TrimSuffix(base, "/")
	return path == base || strings.HasPrefix(path, base+"/")
}

// withoutQuery is a URL fit for a message: no query and no user, where secrets live.
func withoutQuery(u *url.URL) string {
	c := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return c.String()
}
