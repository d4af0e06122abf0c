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

// scrubber removes secrets from what goes back to a guest or into a log.
type scrubber struct {
	forms [][]byte // every way in which a secret may be written
	lower []string // the secrets in lower case: names of headers lose their case on the way
}

func newScrubber(secrets []string) *scrubber {
	s := &scrubber{}
	for _, secret := range secrets {
		s.add(secret)
	}
	return s
}

func (s *scrubber) add(secret string) {
	if len(secret) < minSecret {
		return
	}
	s.lower = append(s.lower, strings.ToLower(secret))
	for _, form := range forms(secret) {
		for _, b := range [][]byte{[]byte(form), lowerHex([]byte(form))} {
			if !slices.ContainsFunc(s.forms, func(f []byte) bool { return bytes.Equal(f, b) }) {
				s.forms = append(s.forms, b)
			}
		}
	}
}

// learn adds what Authorize put on the request: values of headers and of query parameters, and a header's
// value after its scheme ("Bearer abc").
func (s *scrubber) learn(before, after *http.Request) {
	learn := func(old, values []string) {
		if slices.Equal(old, values) {
			return
		}
		for _, v := range values {
			_, rest, _ := strings.Cut(v, " ")
			for _, secret := range []string{v, rest} {
				if len(secret) >= minLearned {
					s.add(secret)
				}
			}
		}
	}
	for name, values := range after.Header {
		learn(before.Header[name], values)
	}
	old := before.URL.Query()
	for key, values := range after.URL.Query() {
		learn(old[key], values)
	}
}

// response scrubs everything that a guest sees.
func (s *scrubber) response(r *abi.Response) {
	r.URL = s.text(r.URL)
	r.Body = s.bytes(r.Body)
	maps.DeleteFunc(r.Headers, func(name string, _ []string) bool { return s.text(name) != name || s.names(name) })
	for _, values := range r.Headers {
		for i := range values {
			values[i] = s.text(values[i])
		}
	}
	if f := r.Fault; f != nil {
		r.Fault = &abi.Fault{Code: f.Code, Message: s.text(f.Message), Field: s.text(f.Field), RetryAfter: f.RetryAfter,
			Details: s.bytes(f.Details)}
	}
}

// names reports whether a secret stands in a header's name, in any case.
func (s *scrubber) names(header string) bool {
	header = strings.ToLower(header)
	return slices.ContainsFunc(s.lower, func(secret string) bool { return strings.Contains(header, secret) })
}

func (s *scrubber) text(t string) string { return string(s.bytes([]byte(t))) }

// bytes replaces every run of secrets in b. It searches b for each form, from match to match, so its cost is linear
// in b whatever b holds. Escapes with hex digits of mixed case are found in a second text of the same length.
// It returns b itself when there is nothing to replace.
func (s *scrubber) bytes(b []byte) []byte {
	searches := s.searches(b)
	if folded := lowerHex(b); !bytes.Equal(folded, b) {
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

// lowerHex writes the hex digits of %XX and \uXXXX in lower case. It returns b itself when there are none.
func lowerHex(b []byte) []byte {
	if !bytes.ContainsAny(b, `%\`) {
		return b
	}
	out := bytes.Clone(b)
	digits := 0 // that may follow
	for i, c := range out {
		switch {
		case c == '%':
			digits = 2
		case c == 'u' && i > 0 && out[i-1] == '\\':
			digits = 4
		case digits > 0:
			if 'A' <= c && c <= 'F' {
				out[i] = c - 'A' + 'a'
			}
			digits--
		}
	}
	return out
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
