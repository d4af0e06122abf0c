package egress

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"patchbay/abi"
)

const (
	redacted   = "[redacted]"
	minSecret  = 4 // bytes; shorter ones match by chance
	minAligned = 6 // bytes, inside a longer base64 text
	minLearned = 8 // bytes of a value that Authorize set
)

// scrubber removes secrets from what goes back to a guest or into a log. It does not change.
type scrubber struct {
	secrets []string
	forms   [][]byte // every way in which a secret may be written
	lower   []string // the secrets in lower case: names of headers lose their case on the way
	grams   *grams
}

func newScrubber(secrets []string) *scrubber { return new(scrubber).with(secrets...) }

// with returns a scrubber of s's secrets and more.
func (s *scrubber) with(secrets ...string) *scrubber {
	n := &scrubber{slices.Clone(s.secrets), slices.Clone(s.forms), slices.Clone(s.lower), nil}
	for _, secret := range secrets {
		n.add(secret)
	}
	n.grams = newGrams(n.forms)
	return n
}

func (s *scrubber) add(secret string) {
	if len(secret) < minSecret || s.knows(secret) {
		return
	}
	s.secrets = append(s.secrets, secret)
	s.lower = append(s.lower, strings.ToLower(secret))
	for _, form := range forms(secret) {
		for _, b := range [][]byte{[]byte(form), lowerHex([]byte(form))} {
			if !slices.ContainsFunc(s.forms, func(f []byte) bool { return bytes.Equal(f, b) }) {
				s.forms = append(s.forms, b)
			}
		}
	}
}

func (s *scrubber) knows(secret string) bool { return slices.Contains(s.secrets, secret) }

// sent is a request before Authorize has changed it.
type sent struct {
	header http.Header
	url    url.URL
}

// schemes are the words before a credential that are none of it.
var schemes = []string{"bearer", "basic", "digest", "oauth", "token"}

// added returns what Authorize put on the request: values of headers and of query parameters, without the scheme
// ("Bearer abc"), or when it is no known one both with what stands before the first space and without.
func (s sent) added(after *http.Request) (secrets []string) {
	learn := func(old, values []string) {
		if slices.Equal(old, values) {
			return
		}
		for _, v := range values {
			scheme, rest, _ := strings.Cut(v, " ")
			all := []string{v, rest}
			if slices.Contains(schemes, strings.ToLower(scheme)) {
				all = all[1:]
			}
			secrets = append(secrets, slices.DeleteFunc(all, func(s string) bool { return len(s) < minLearned })...)
		}
	}
	for name, values := range after.Header {
		learn(s.header[name], values)
	}
	if after.URL.RawQuery != s.url.RawQuery {
		old := s.url.Query()
		for key, values := range after.URL.Query() {
			learn(old[key], values)
		}
	}
	return secrets
}

// response scrubs everything that a guest sees.
func (s *scrubber) response(r *abi.Response) {
	r.URL = s.text(r.URL)
	r.Body = s.bytes(r.Body)
	s.headers(r.Headers)
	if f := r.Fault; f != nil {
		r.Fault = &abi.Fault{Code: f.Code, Message: s.text(f.Message), Field: s.text(f.Field), RetryAfter: f.RetryAfter,
			Details: s.bytes(f.Details)}
	}
}

// headers scrubs values, and drops headers whose names hold a secret.
func (s *scrubber) headers(all map[string][]string) {
	maps.DeleteFunc(all, func(name string, _ []string) bool { return s.text(name) != name || s.names(name) })
	for _, values := range all {
		for i := range values {
			values[i] = s.text(values[i])
		}
	}
}

// names reports whether a secret stands in a header's name, in any case.
func (s *scrubber) names(header string) bool {
	header = strings.ToLower(header)
	return slices.ContainsFunc(s.lower, func(secret string) bool { return strings.Contains(header, secret) })
}

func (s *scrubber) text(t string) string {
	b := []byte(t)
	if out := s.bytes(b); len(b) > 0 && &out[0] != &b[0] {
		return string(out)
	}
	return t
}

// bytes replaces every run of secrets in b. It searches b for each form, from match to match, so its cost is linear
// in b whatever b holds. Escapes with hex digits of mixed case are found in a second text of the same length.
// It returns b itself when there is nothing to replace.
func (s *scrubber) bytes(b []byte) []byte {
	folded := lowerHex(b)
	same := len(b) == 0 || &folded[0] == &b[0]
	if !s.grams.in(b) && (same || !s.grams.in(folded)) {
		return b
	}
	searches := s.searches(b)
	if !same {
		searches = append(searches, s.searches(folded)...)
	}
	var out []byte
	done := 0
	for {
		start := len(b)
		for i := range searches {
			start = min(start, searches[i].at)
		}
		if start == len(b) {
			break
		}
		out = append(out, b[done:start]...)
		out = append(out, redacted...)
		done = run(searches, start)
	}
	if done == 0 {
		return b
	}
	return append(out, b[done:]...)
}

// search finds one form in one text, match after match.
type search struct {
	text, form []byte
	at         int // the latest match; len(text) when there are no more
}

func (s *scrubber) searches(text []byte) []search {
	var all []search
	for _, f := range s.forms {
		one := search{text: text, form: f}
		one.next(0)
		if one.at < len(text) {
			all = append(all, one)
		}
	}
	return all
}

func (s *search) next(from int) {
	s.at = len(s.text)
	if i := bytes.Index(s.text[from:], s.form); i >= 0 {
		s.at = from + i
	}
}

// run returns the end of the run of matches that overlap or touch each other from start on, and moves past it.
func run(searches []search, start int) (end int) {
	end = start
	for grown := true; grown; {
		grown = false
		for i := range searches {
			for s := &searches[i]; s.at <= end && s.at < len(s.text); grown = true {
				end = max(end, s.at+len(s.form))
				s.next(s.at + len(s.form))
			}
		}
	}
	return end
}

// forms returns the ways in which programs write secret.
func forms(secret string) []string {
	all := []string{secret, html.EscapeString(secret)}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		padded := enc.EncodeToString([]byte(secret))
		all = append(all, padded, strings.TrimRight(padded, "="))
		if len(secret) >= minAligned {
			all = append(all, aligned(enc, secret)...)
		}
	}
	query := url.QueryEscape(secret)
	component := strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(query)
	all = append(all, query, strings.ReplaceAll(query, "+", "%20"), component, url.PathEscape(secret))
	for _, j := range []string{jsonText(secret, true), jsonText(secret, false)} {
		all = append(all, j, strings.ReplaceAll(j, "/", `\/`), asciiJSON(j), strings.ReplaceAll(asciiJSON(j), "/", `\/`))
	}
	return all
}

// aligned returns the characters that secret alone decides in a longer base64 text, for each of the three
// offsets at which it may begin there.
func aligned(enc *base64.Encoding, secret string) []string {
	var all []string
	for offset := range 3 {
		text := enc.EncodeToString([]byte("\x00\x00"[:offset] + secret))
		first := (offset*8 + 5) / 6            // characters that the bytes before have a part in
		last := (offset + len(secret)) * 8 / 6 // characters that the bytes after have no part in
		all = append(all, text[first:last])
	}
	return all
}

// lowerHex writes the hex digits of %XX and \uXXXX in lower case. It returns b itself when there is nothing to change.
func lowerHex(b []byte) []byte {
	out := lowerAfter(b, b, "%", 2)
	return lowerAfter(out, b, `\u`, 4)
}

// lowerAfter does so after every mark in b, in a copy if b is still the original.
func lowerAfter(b, original []byte, mark string, digits int) []byte {
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte(mark))
		if i < 0 {
			return b
		}
		at += i + len(mark)
		for j := at; j < min(at+digits, len(b)); j++ {
			if 'A' <= b[j] && b[j] <= 'F' {
				if &b[0] == &original[0] {
					b = bytes.Clone(b)
				}
				b[j] += 'a' - 'A'
			}
		}
	}
}

func jsonText(s string, escapeHTML bool) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(escapeHTML)
	if err := enc.Encode(s); err != nil { // cannot be: s is a string
		return s
	}
	return strings.TrimSuffix(b.String()[1:], "\"\n")
}

// asciiJSON escapes all that is not ASCII, as Python and PHP do.
func asciiJSON(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
