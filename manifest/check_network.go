package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"patchbay/abi"
)

func (c *checker) grant(pointer string, g Grant) {
	c.url(pointer+"/url", g.URL)
	for i, p := range g.Paths {
		c.pathPattern(pointer+"/paths/"+strconv.Itoa(i), p)
	}
}

// url checks the template of a base URL over the fields of every connection.
func (c *checker) url(pointer, text string) { c.urlOver(pointer, text, c.m.Connection.Fields) }

// urlOver checks the template of a URL: https, a host that its owner controls, and a plain path.
func (c *checker) urlOver(pointer, text string, fields []Field) {
	rest, ok := strings.CutPrefix(text, "https://")
	switch {
	case text == "":
		return
	case strings.HasPrefix(text, "http://"):
		c.add(pointer, quote(text)+" is not encrypted", "a URL that begins with https://", "")
		return
	case !ok:
		c.add(pointer, quote(text)+" is not an absolute URL", "a URL that begins with https://", "")
		return
	}
	authority, path, _ := strings.Cut(rest, "/")
	switch {
	case strings.ContainsAny(rest, "?#"):
		c.add(pointer, "a base URL has no query and no fragment", "", "remove it")
	case strings.Contains(authority, "@"):
		c.add(pointer, "a URL must not hold a user name or password", "", "use an auth method")
	case strings.HasSuffix(rest, "/"):
		c.add(pointer, "the base URL ends in a slash", "", "remove it")
	case path != "" && !plainPath("/"+path):
		c.add(pointer, "the path holds an empty segment, . or .., a *, or a character that must be percent-encoded", "a plain path", "")
	}
	parts := c.template(pointer, text, fields, "/connection/fields", false)
	if parts == nil {
		return
	}
	host, port, hasPort := strings.Cut(authority, ":")
	if strings.HasPrefix(authority, "[") {
		host, hasPort = authority, false
	}
	if n, err := strconv.Atoi(port); hasPort && (err != nil || n < 1 || n > 65535) {
		c.add(pointer, quote(port)+" is not a port", "1 to 65535", "")
	}
	hostParts, err := parseTemplate(host)
	if err != nil {
		return
	}
	c.host(pointer, host, hostParts, fields)
}

// host checks a URL's host. Whoever fills in the fields of a template must not be able to lead it astray.
func (c *checker) host(pointer, host string, parts []part, fields []Field) {
	names := fieldNames(parts)
	if len(names) == 0 {
		if problem := badHost(host); problem != "" {
			c.add(pointer, "the host "+quote(host)+" "+problem, "a full host name such as api.example.com", "")
		}
		return
	}
	if sample := join(parts, func(string) string { return "a" }); !hostLabels.MatchString(sample) || strings.ToLower(sample) != sample {
		c.add(pointer, "the host "+quote(host)+" is not a host name", "lower case letters, digits, hyphens and dots", "")
		return
	}
	anchored := anchored(parts, fields)
	for _, name := range names {
		f, ok := find(fields, func(f Field) bool { return f.Name == name })
		if !ok {
			continue // a problem already
		}
		switch {
		case len(f.Enum) == 0 && f.Pattern == "":
			c.add(pointer, "the field "+quote(name)+" is in the host, and may be anything", "", "give it an enum or a pattern")
		case len(f.Enum) > 0:
			c.hostChoices(pointer, parts, f, anchored)
		case !anchored && c.lets(f, parts):
			c.add(pointer, "the pattern of the field "+quote(name)+" lets any host through", "a host that ends in a name of the vendor's, such as .example.com, or an enum", "")
		}
	}
}

// anchored reports whether the host ends in a full name that no field can change, or only choose.
func anchored(parts []part, fields []Field) bool {
	last := parts[len(parts)-1]
	if last.field == "" {
		return strings.HasPrefix(last.text, ".") && badHost(last.text[1:]) == ""
	}
	f, _ := find(fields, func(f Field) bool { return f.Name == last.field })
	return len(parts) > 1 && strings.HasSuffix(parts[len(parts)-2].text, ".") && len(f.Enum) > 0 &&
		!slices.ContainsFunc(f.Enum, func(v any) bool { return badHost(fmt.Sprint(v)) != "" })
}

// hostChoices checks the hosts that the values of an enum make.
func (c *checker) hostChoices(pointer string, parts []part, f Field, anchored bool) {
	for _, v := range f.Enum {
		s, ok := v.(string)
		if !ok {
			continue
		}
		host := join(parts, func(name string) string {
			if name == f.Name {
				return s
			}
			return "a"
		})
		problem := badHost(host)
		if anchored && hostLabels.MatchString(host) {
			problem = ""
		}
		if problem != "" {
			c.add(pointer, "with "+f.Name+" "+quote(s)+" the host "+quote(host)+" "+problem, "a full host name such as api.example.com", "")
		}
	}
}

// strangers are hosts that no vendor's pattern has a reason to match.
var strangers = []string{"attacker.example", "x.attacker.example", "attacker-1.example.net", "localhost", "169.254.169.254", "10.0.0.1"}

// lets reports whether the field's pattern lets a stranger's host through.
func (c *checker) lets(f Field, parts []part) bool {
	re := wholePattern(f.Pattern)
	if re == nil {
		return false
	}
	tail := parts[len(parts)-1].text
	return slices.ContainsFunc(strangers, func(host string) bool {
		return matchesSpelling(re, host) || strings.HasSuffix(host, tail) && matchesSpelling(re, strings.TrimSuffix(host, tail))
	})
}

// matchesSpelling reports whether the pattern matches the value in a spelling that filters may undo.
func matchesSpelling(re *regexp.Regexp, value string) bool {
	for _, s := range []string{value, strings.ReplaceAll(value, "-", "_")} {
		if re.MatchString(s) || re.MatchString(strings.ToUpper(s)) {
			return true
		}
	}
	return false
}

var (
	hostLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	topLevel  = regexp.MustCompile(`^([a-z]{2,63}|xn--[a-z0-9-]{1,59})$`)
)

// badHost says why a name is not a host on the open network, or nothing.
func badHost(host string) string {
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	switch {
	case strings.HasPrefix(host, "["), last != "" && strings.Trim(last, "0123456789") == "", strings.HasPrefix(last, "0x"):
		return "is an IP address"
	case strings.Contains(host, "*"):
		return "is a wildcard"
	case len(host) > 253 || !allLabels(labels):
		return "is not a host name in lower case"
	case len(labels) < 2:
		return "is a single name"
	case !topLevel.MatchString(last):
		return "does not end in a domain"
	}
	return ""
}

func allLabels(labels []string) bool {
	for _, l := range labels {
		if !hostLabel.MatchString(l) {
			return false
		}
	}
	return true
}

var pathCharacters = regexp.MustCompile(`^([A-Za-z0-9._~!$&'()+,;=:@/{}-]|%[0-9A-Fa-f]{2})*$`)

// plainPath reports whether a path means one place: RFC 3986 characters, no segment that moves elsewhere.
func plainPath(path string) bool {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		if s == "." || s == ".." || s == "" && i < len(segments)-1 {
			return false
		}
	}
	escaped := strings.ToLower(path)
	return pathCharacters.MatchString(path) && !strings.Contains(escaped, "%2e") && !strings.Contains(escaped, "%2f") && !strings.Contains(escaped, "%5c")
}

// pathPattern checks a grant's pattern: segments that are plain, *, or ** at the end.
func (c *checker) pathPattern(pointer, text string) {
	if text == "" {
		return
	}
	if !strings.HasPrefix(text, "/") {
		c.add(pointer, quote(text)+" does not begin with a slash", "", "write "+quote("/"+text))
		return
	}
	segments := strings.Split(text[1:], "/")
	for i, s := range segments {
		switch {
		case s == "*", s == "**" && i == len(segments)-1:
			segments[i] = "x"
		case s == "**":
			c.add(pointer, "** is not at the end", "", "use * for one segment in between")
			return
		case strings.Contains(s, "*"):
			c.add(pointer, "* stands for a whole segment", "", "write * alone between slashes")
			return
		}
	}
	if !plainPath("/" + strings.Join(segments, "/")) {
		c.add(pointer, quote(text)+" holds an empty segment, . or .., a query, or a character that must be percent-encoded", "a plain path", "")
	}
	c.connectionTemplate(pointer, text)
}

func (c *checker) quotas() {
	grants := namesOf(c.m.HTTP, func(g Grant) string { return g.ID })
	for i, q := range c.m.Quotas {
		pointer := at("quotas", i)
		for j, id := range q.Grants {
			c.refer(pointer+"/grants/"+strconv.Itoa(j), "grant", id, grants, "/http")
		}
		for j, p := range q.Paths {
			c.pathPattern(pointer+"/paths/"+strconv.Itoa(j), p)
		}
		if q.Account != "" {
			c.connectionTemplate(pointer+"/account", q.Account)
		}
		c.quota(pointer, q)
	}
}

func (c *checker) quota(pointer string, q Quota) {
	has := func(key string) bool { return c.has(pointer + "/" + key) }
	switch {
	case !has("requests") && !has("concurrency") && !has("cost_header") && !has("remaining_header"):
		c.add(pointer, "the quota limits nothing", "requests and per, concurrency, or remaining_header", "")
	case has("requests") && !has("per"):
		c.add(pointer+"/requests", "requests without per", "", "add per, such as per: 1m")
	case has("per") && !has("requests"):
		c.add(pointer+"/per", "per without requests", "", "add requests")
	case has("burst") && !has("requests"):
		c.add(pointer+"/burst", "burst without requests", "", "add requests and per")
	case has("reset_header") && !has("remaining_header"):
		c.add(pointer+"/reset_header", "reset_header without remaining_header", "", "add remaining_header")
	}
	switch {
	case q.Key == "account" && !has("account"):
		c.add(pointer+"/key", "key account without account", "", `add account, a template over connection fields such as "{organization}"`)
	case q.Key != "account" && has("account"):
		c.add(pointer+"/account", "account is for key account", "", "add key: account")
	}
}

func (c *checker) retry() {
	r := c.m.Retry
	if r == nil {
		return
	}
	base, longest := time.Duration(r.Base), time.Duration(r.Cap)
	or(&base, 500*time.Millisecond)
	or(&longest, 30*time.Second)
	if longest > time.Hour {
		c.add("/retry/cap", Duration(longest).String()+" is a long wait", "at most 1h", "")
	}
	if base > longest {
		c.add("/retry/base", "the first wait, "+Duration(base).String()+", is longer than the longest, "+Duration(longest).String(), "", "")
	}
}

func (c *checker) errorRule(pointer string, r ErrorRule, before []ErrorRule) {
	has := func(key string) bool { return c.has(pointer + "/" + key) }
	particular := has("pointer") || has("header")
	switch {
	case !has("status") && !particular:
		c.add(pointer, "the rule matches every error", "a status, a pointer or a header", "")
	case has("pointer") && has("header"):
		c.add(pointer+"/header", "pointer and header in one rule", "one of them", "make it two rules")
	case has("equals") && !particular:
		c.add(pointer+"/equals", "equals without pointer or header", "", "add pointer or header")
	case r.Status != 0 && r.Status < 400 && !particular:
		c.add(pointer+"/status", strconv.Itoa(r.Status)+" is not an error", "a status from 400, or a pointer or header that tells an error from a success", "")
	case has("retry_after") && has("code") && !c.unclear(pointer+"/code") && !abi.Code(r.Code).Temporary():
		c.add(pointer+"/retry_after", "nobody waits after "+r.Code, "", "remove it, or use the code rate_limited, unavailable or timeout")
	}
	for i, b := range before {
		if b.Status != 0 && b.Status == r.Status && b.Pointer == "" && b.Header == "" {
			c.add(pointer, "the rule is never reached, since "+at("errors", i)+" matches every "+strconv.Itoa(b.Status), "", "put it before that one")
			return
		}
	}
}
