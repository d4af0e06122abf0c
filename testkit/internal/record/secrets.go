package record

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// shortestKnown is how long a secret of a connection must be to be looked for, as for the host.
const shortestKnown = 4

// Secrets are all secrets in a connection's record in the vault: what was typed, with the lines of a key and the secrets
// of a JSON document on their own, too, and what the vendor gave out.
func Secrets(record map[string]string) (all []string) {
	add := func(value string) {
		if len(value) >= shortestKnown && !slices.Contains(all, value) {
			all = append(all, value)
		}
	}
	for name, value := range record {
		if name != tokens {
			add(value)
			lines(value, add)
		}
		if json.Valid([]byte(value)) {
			eachString([]byte(value), func(names []string, leaf string) string {
				if len(leaf) >= shortest && (name == tokens && issued(names) || name != tokens && slices.ContainsFunc(names, isSecret)) {
					add(leaf)
					lines(leaf, add)
				}
				return leaf
			})
		}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// tokens is the name under which a host keeps what a vendor gave out, as a JSON document.
const tokens = ".tokens"

// issued reports whether a vendor's secret is what stands under these names of it.
func issued(names []string) bool {
	return len(names) > 0 && slices.Contains([]string{"access", "refresh", "previous", "values"}, names[0])
}

// lines adds the lines of a key in PEM.
func lines(value string, add func(string)) {
	if !strings.Contains(value, "\n") {
		return
	}
	for l := range strings.Lines(value) {
		if l = strings.TrimSpace(l); len(l) >= 16 && !strings.HasPrefix(l, "-----") {
			add(l)
		}
	}
}

// forms are the ways in which a secret may be written, the longest first.
func forms(secret string) []string {
	raw := []byte(secret)
	reversed := slices.Clone(raw)
	slices.Reverse(reversed)
	inJSON := strings.Trim(string(quote(secret)), `"`)
	escapedHTML, _ := json.Marshal(secret)
	all := []string{
		secret, string(reversed), inJSON, strings.ReplaceAll(inJSON, "/", `\/`), strings.Trim(string(escapedHTML), `"`),
		html.EscapeString(secret), url.QueryEscape(secret), url.PathEscape(secret), strings.ReplaceAll(url.QueryEscape(secret), "+", "%20"),
		hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)),
	}
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		all = append(all, enc.EncodeToString(raw))
		for offset := range 3 {
			text := enc.EncodeToString(append(make([]byte, offset), raw...))
			first, last := (offset*8+5)/6, (offset+len(raw))*8/6 // what the bytes around it have no part in
			if last-first >= shortest {
				all = append(all, text[first:last])
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(slices.DeleteFunc(all, func(f string) bool { return len(f) < shortestKnown }))
}

// hider replaces secrets in every form, whatever name they stand under.
func hider(secrets []string, mark string) *strings.Replacer {
	var pairs []string
	var all []string
	for _, s := range secrets {
		all = append(all, forms(s)...)
	}
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	for _, f := range all {
		pairs = append(pairs, f, mark)
	}
	return strings.NewReplacer(pairs...)
}

// Search says where a case file holds a secret, in whatever form: "http/2.response:4". It never repeats one.
func Search(text []byte, secrets []string) (places []string) {
	var needles []string
	for _, s := range secrets {
		for _, f := range forms(s) {
			needles = append(needles, f, strings.ToLower(f))
		}
	}
	found := func(haystack string) bool {
		return slices.ContainsFunc(spellings(haystack), func(s string) bool {
			return slices.ContainsFunc(needles, func(n string) bool { return strings.Contains(s, n) })
		})
	}
	eachLine(text, func(place, line string) {
		if found(line) {
			places = append(places, place)
		}
	})
	if len(places) == 0 && found(string(text)) { // over several lines
		places = []string{"the file, over several lines"}
	}
	return places
}

// spellings are a text as it is, and with what may be encoded in it decoded.
func spellings(s string) []string {
	all := []string{s, strings.ToLower(s), html.UnescapeString(s), unescapeJSON(s)}
	for range 2 {
		s = percentDecoded(s)
		all = append(all, s, strings.ToLower(s), unescapeJSON(s))
	}
	return all
}

var (
	percents = regexp.MustCompile(`(?i)%[0-9a-f]{2}`)
	unicodes = regexp.MustCompile(`(?i)\\u[0-9a-f]{4}|\\["\\/]`)
)

func percentDecoded(s string) string {
	return percents.ReplaceAllStringFunc(s, func(m string) string {
		b, _ := hex.DecodeString(m[1:])
		return string(b)
	})
}

func unescapeJSON(s string) string {
	return unicodes.ReplaceAllStringFunc(s, func(m string) string {
		if m[1] != 'u' {
			return m[1:]
		}
		n, _ := strconv.ParseUint(m[2:], 16, 16)
		return string(rune(n))
	})
}

var beginning = regexp.MustCompile(`^-- (\S+) --\r?$`)

// eachLine visits the lines of a txtar file, and says of each where it is: the comment, or a line of a file in it.
func eachLine(text []byte, visit func(place, line string)) {
	name, n := "the comment", 0
	for l := range bytes.Lines(text) {
		s := strings.TrimRight(string(l), "\n")
		if m := beginning.FindStringSubmatch(s); m != nil {
			name, n = m[1], 0
			continue
		}
		n++
		visit(fmt.Sprintf("%s:%d", name, n), s)
	}
}
