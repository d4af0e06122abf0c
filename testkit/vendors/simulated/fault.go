package simulated

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Effect is the way in which a failing request fails.
type Effect string

const (
	// Answer, the default, answers Rule.Status with the vendor's own body for it.
	Answer Effect = ""
	// Hang answers nothing until the client leaves or the server is closed.
	Hang Effect = "hang"
	// Drip gives the true answer one byte at a time, Rule.Interval apart.
	Drip Effect = "drip"
	// Slow gives the true answer after Rule.Interval.
	Slow Effect = "slow"
	// Reset ends the connection with a TCP reset and answers nothing.
	Reset Effect = "reset"
	// Malformed answers 200 with JSON that breaks off.
	Malformed Effect = "malformed"
	// Huge answers 200 with a valid JSON document of Rule.Size bytes.
	Huge Effect = "huge"
	// Bomb answers 200 with a small gzip body that inflates to Rule.Size bytes of JSON.
	Bomb Effect = "bomb"
)

// Rule says which requests fail, and how. The zero Rule answers 500 to the next request, whatever it is.
type Rule struct {
	// Method is the HTTP method the rule is for. Empty means every method.
	Method string
	// Path is a pattern for the URL's path: * stands for one segment, a last ** for any number of them.
	// Empty means every path.
	Path string
	// Skip lets that many matching requests through before the first fails.
	Skip int
	// Times is how many requests fail. Zero means one, a negative number all until ClearFaults.
	Times int

	// Effect is how they fail.
	Effect Effect
	// Performed makes the request take effect before it fails, so that only its answer is lost.
	// Drip and Slow always perform; Malformed, Huge and Bomb do so when it is set.
	Performed bool
	// Status is the status for Answer. Defaults to 500.
	Status int
	// RetryAfter is sent as the Retry-After header, verbatim: seconds, a fraction, an HTTP date, nonsense.
	RetryAfter string
	// Body replaces the vendor's body for Status. It is sent as JSON unless Header says otherwise.
	Body string
	// Header has more headers of the answer: the Location of a redirect, the Content-Type of Body.
	Header http.Header
	// Interval is the pause between the bytes of Drip and before the answer of Slow. Defaults to 10 ms.
	Interval time.Duration
	// Size is how many bytes Huge sends and Bomb inflates to. Defaults to 32 MiB.
	Size int
}

// matches reports whether the rule is for the request.
func (rule *Rule) matches(r *http.Request) bool {
	if rule.Method != "" && rule.Method != r.Method {
		return false
	}
	return rule.Path == "" || matchPath(strings.Split(rule.Path, "/"), strings.Split(r.URL.Path, "/"))
}

// matchPath compares a pattern with a path, both as segments.
func matchPath(pattern, path []string) bool {
	for i, segment := range pattern {
		switch {
		case segment == "**" && i == len(pattern)-1:
			return true
		case i >= len(path), segment != "*" && segment != path[i]:
			return false
		}
	}
	return len(pattern) == len(path)
}

// performs reports whether a request that the rule hits takes effect all the same.
func (rule *Rule) performs() bool {
	return rule.Performed || rule.Effect == Drip || rule.Effect == Slow
}

// faults are the rules in force. The zero value has none.
type faults struct {
	mu    sync.Mutex
	rules []*Rule // guarded by mu; in the order they were added
}

// add puts rules behind those in force, with defaults filled in.
func (f *faults) add(rules ...Rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rule := range rules {
		if rule.Times == 0 {
			rule.Times = 1
		}
		if rule.Status == 0 {
			rule.Status = http.StatusInternalServerError
		}
		if rule.Interval == 0 {
			rule.Interval = 10 * time.Millisecond
		}
		if rule.Size == 0 {
			rule.Size = 32 << 20
		}
		f.rules = append(f.rules, &rule)
	}
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// take returns the first rule for the request and uses up one of its times, or nil.
func (f *faults) take(r *http.Request) *Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, rule := range f.rules {
		if !rule.matches(r) {
			continue
		}
		if rule.Skip > 0 {
			rule.Skip--
			continue
		}
		hit := *rule
		if rule.Times > 0 {
			rule.Times--
		}
		if rule.Times == 0 {
			f.rules = slices.Delete(f.rules, i, i+1)
		}
		return &hit
	}
	return nil
}
