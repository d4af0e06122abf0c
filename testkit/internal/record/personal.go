package record

import (
	"regexp"
	"strings"
)

// Found is something in a case that may be about a person.
type Found struct {
	Place string `json:"place"` // http/2.response:4
	What  string `json:"what"`  // e-mail address
	Text  string `json:"text"`
}

var personal = []struct {
	what    string
	pattern *regexp.Regexp
}{
	{"e-mail address", regexp.MustCompile(`[\w.+-]+@[\w-]+(?:\.[\w-]+)+`)},
	{"phone number", regexp.MustCompile(`\+\d[\d ()./-]{6,}\d`)},
}

// reserved are domains that belong to nobody.
var reserved = regexp.MustCompile(`(?i)@(?:[\w-]+\.)*(?:example\.(?:com|org|net)|[\w-]+\.(?:example|test|invalid))$`)

// Personal lists what in a case file looks like personal data, each text once, for the author to replace.
func Personal(text []byte) []Found {
	all := []Found{}
	seen := map[string]bool{}
	eachLine(text, func(place, line string) {
		for _, p := range personal {
			for _, t := range p.pattern.FindAllString(line, -1) {
				if !seen[t] && !reserved.MatchString(t) {
					all = append(all, Found{place, p.what, strings.TrimSpace(t)})
				}
				seen[t] = true
			}
		}
	})
	return all
}
