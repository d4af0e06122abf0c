package egress

import (
	"net/http"
	"slices"
	"strings"
)

const maxRedirects = 5

// hop is one request of an exchange: the guest's own, or one that a redirect asked for.
type hop struct {
	method  string
	target  *target
	rule    *rule
	header  http.Header
	body    []byte
	sent    bool // it was given to the network
	foreign bool // the origin has changed on the way: no credential from here on
}

// trusted reports whether the credential goes with h.
func (h *hop) trusted() bool { return h.rule.Authenticated && !h.foreign }

// redirects reports whether resp sends the client elsewhere (RFC 9110 section 15.4).
func redirects(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return resp.Header.Get("Location") != ""
	}
	return false
}

// follow returns the hop that resp redirects to, or nil when the guest gets the redirect itself.
func (x *exchange) follow(h *hop, resp *http.Response) *hop {
	if x.policy.NoRedirects {
		return nil
	}
	t, err := h.target.resolve(resp.Header.Get("Location"))
	if err != nil {
		return nil
	}
	t.query = withoutOwned(t.query, x.policy.Owned) // servers copy the query, and with it a key of ours
	next := &hop{method: h.method, target: t, header: h.header.Clone(), body: h.body, foreign: h.foreign}
	next.rewrite(resp.StatusCode)
	rule, fault := judge(x.plan.rules, next.method, t)
	if fault != nil {
		return nil
	}
	next.rule = rule
	if t.origin() != h.target.origin() {
		if len(next.body) > 0 || x.scrub.text(t.url().String()) != t.url().String() {
			return nil
		}
		next.leave()
	}
	return next
}

// rewrite turns the method into GET where browsers do (fetch.spec.whatwg.org, HTTP-redirect fetch, step 12).
func (h *hop) rewrite(status int) {
	switch {
	case status == http.StatusSeeOther && h.method != http.MethodGet && h.method != http.MethodHead:
	case (status == http.StatusMovedPermanently || status == http.StatusFound) && h.method == http.MethodPost:
	default:
		return
	}
	h.method, h.body = http.MethodGet, nil
	for name := range h.header {
		if strings.HasPrefix(name, "Content-") {
			delete(h.header, name)
		}
	}
}

// leave drops what another origin must not see.
func (h *hop) leave() {
	h.foreign = true
	for name := range h.header {
		if !slices.Contains(carried, name) {
			delete(h.header, name)
		}
	}
}
