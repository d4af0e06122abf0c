package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"patchbay/abi"
)

// Policy says what one connection's requests may do.
type Policy struct {
	// Grants are the parts of the network that may be used. None: no request is allowed.
	Grants []Grant
	// Private are the origins (https://host[:port]) that an admin allowed to have a private or loopback address.
	Private []string
	// Authorize attaches the credential to a request under an authenticated grant: to its headers or its query.
	// It is called once for every request that is sent, with the call's context in it. It may read the body and
	// may not change method, scheme, host or path. An error that is no [abi.Fault] is logged, not shown to the guest.
	// Nil: there is no credential.
	Authorize func(*http.Request) error
	// Admit is asked before every request that is about to be sent, those of redirects too: when the grants cover it,
	// before the credential is attached and a connection is sought. It may wait. Its error ends the exchange; the rules
	// for Authorize's errors apply. release is called exactly once, when the response has been read or has failed.
	// Nil: every request is admitted.
	Admit func(ctx context.Context, r Outgoing) (release func(Outcome), err error)
	// Record is told of every request that was sent, those of redirects too, when its answer has come or failed, in
	// their order. Nil: nobody is.
	Record func(Exchange)
	// Certificate is the client certificate, shown to servers that ask for one wherever the credential would be attached.
	// A connection is used again only with the certificate that it was made with. Nil: there is none.
	Certificate *tls.Certificate
	// NoRedirects gives the guest every redirect as it is, without its body.
	NoRedirects bool
	// Owned are the names of headers and query parameters that the auth method sets. Guests may not set them.
	Owned []string
	// Secrets are the values that must not come back.
	Secrets []string
	// Limits bounds bodies and time. Zero fields have the defaults of [abi.Limits].
	Limits abi.Limits
}

// Outgoing is a request that is about to be sent.
type Outgoing struct {
	Grant  string // the ID of the grant that covers it
	Method string
	Origin string // https://host[:port]
	Path   string // escaped, as sent
}

// Outcome is what became of a request.
type Outcome struct {
	Status int         // 0: there was no response
	Header http.Header // of the response, as it came; nil: there was none
}

// Grant is a part of the network that a guest may use: a grant of the manifest, resolved for one connection.
type Grant struct {
	ID            string   // names it in faults
	Base          string   // scheme://host[:port][/path], without percent-encoding, query or fragment
	Methods       []string // upper case
	Paths         []string // patterns below Base, see the package comment; default "/**"
	Authenticated bool     // attach the connection's credential
}

// Validate reports why the grant cannot be used, or nil. Its base URL often comes from what a user typed.
func (g Grant) Validate() error {
	_, err := compile(g)
	return err
}

// rule is a grant made ready for matching.
type rule struct {
	Grant
	origin   string
	prefix   string     // the base URL's path without its last slash
	patterns [][]string // segments
}

func compileAll(grants []Grant) ([]rule, error) {
	rules := make([]rule, 0, len(grants))
	for _, g := range grants {
		r, err := compile(g)
		if err != nil {
			return nil, fmt.Errorf("http grant %s: %w", g.ID, err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func compile(g Grant) (rule, error) {
	if strings.ContainsAny(g.Base, "%?#") {
		return rule{}, errors.New("base url: must not hold a percent sign, a query or a fragment")
	}
	base, err := parseURL(g.Base)
	if err != nil {
		return rule{}, fmt.Errorf("base url: %w", err)
	}
	for _, m := range g.Methods {
		if m == "" || strings.Trim(m, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || m == http.MethodConnect || m == http.MethodTrace {
			return rule{}, fmt.Errorf("method %q: must be an upper-case HTTP method, and not CONNECT or TRACE", m)
		}
	}
	r := rule{Grant: g, origin: base.origin(), prefix: strings.TrimSuffix(base.path, "/")}
	if len(r.Paths) == 0 {
		r.Paths = []string{"/**"}
	}
	for _, p := range r.Paths {
		segments, err := parsePattern(p)
		if err != nil {
			return rule{}, fmt.Errorf("path %q: %w", p, err)
		}
		r.patterns = append(r.patterns, segments)
	}
	return r, nil
}

func parsePattern(p string) ([]string, error) {
	if !strings.HasPrefix(p, "/") {
		return nil, errors.New("must begin with /")
	}
	if strings.ContainsAny(p, "%?#") || strings.ContainsFunc(p, illegal) {
		return nil, errors.New("must hold only characters that a URL's path has without encoding")
	}
	if err := checkPath(p); err != nil {
		return nil, err
	}
	segments := strings.Split(p, "/")[1:]
	if slices.Contains(segments[:len(segments)-1], "**") {
		return nil, errors.New("** must be the last segment")
	}
	return segments, nil
}

// judge finds the rule that covers the request.
func judge(rules []rule, method string, t *target) (*rule, *abi.Fault) {
	for i := range rules {
		if rules[i].allows(method, t) {
			return &rules[i], nil
		}
	}
	return nil, abi.Faultf(abi.Forbidden,
		"%s %s%s matches no http grant of the manifest (%s): the connector's author can add one, and an admin allow it",
		clip(method, 20), t.origin(), clip(t.path, 200), describe(rules))
}

func (r *rule) allows(method string, t *target) bool {
	if t.origin() != r.origin || !slices.Contains(r.Methods, method) {
		return false
	}
	for _, path := range t.readings {
		if !r.covers(path) {
			return false
		}
	}
	return true
}

func (r *rule) covers(path string) bool {
	rest, ok := strings.CutPrefix(path, r.prefix)
	if !ok || rest != "" && rest[0] != '/' {
		return false
	}
	segments := strings.Split(rest, "/")[1:]
	return slices.ContainsFunc(r.patterns, func(pattern []string) bool { return matches(pattern, segments) })
}

func matches(pattern, segments []string) bool {
	for i, p := range pattern {
		switch {
		case p == "**":
			return true
		case i >= len(segments), p == "*" && segments[i] == "", p != "*" && p != segments[i]:
			return false
		}
	}
	return len(pattern) == len(segments)
}

// describe lists the grants for a person, and only the first of very many.
func describe(rules []rule) string {
	if len(rules) == 0 {
		return "it has none"
	}
	const most = 8
	var list []string
	for _, r := range rules[:min(len(rules), most)] {
		paths := r.origin + r.prefix + strings.Join(r.Paths, " or ")
		list = append(list, fmt.Sprintf("%s: %s %s", r.ID, strings.Join(r.Methods, " "), clip(paths, 200)))
	}
	if len(rules) > most {
		list = append(list, fmt.Sprintf("and %d more", len(rules)-most))
	}
	return strings.Join(list, "; ")
}

// clip shortens s to about n bytes, for faults and logs.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}
