package network

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// narrow are the rules about grants that are wider than what uses them.
var narrow = []rule.Rule{wholeAPI, anyDepth, oneLiteral, pathTwice, grantTwice}

var wholeAPI = rule.Rule{
	Rule: report.Rule{
		ID: "N004", Title: "A grant is for paths, not for a whole host", Severity: report.Warning,
		Rationale: "Somebody who allows /** allows everything that the vendor offers now and later, deleting the account included.",
		Fix:       "list the paths that the operations use, such as /tickets and /tickets/*",
		Origin:    "least privilege (NIST SP 800-53 AC-6)",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		all := uses(s)
		for i, g := range s.Manifest.HTTP {
			starts := firsts(of(all, i))
			if len(starts) == 0 || ledTo(g, of(all, i)) {
				continue
			}
			switch at := slices.IndexFunc(g.Paths, everything); {
			case len(g.Paths) == 0:
				found(rule.Grant(i), "grant %s names no paths, which allows all of %s; the cases use those below %s", g.ID, g.URL, strings.Join(starts, ", "))
			case at >= 0:
				found(fmt.Sprintf("%s/paths/%d", rule.Grant(i), at), "%s allows all of %s; the cases use paths below %s", g.Paths[at], g.URL, strings.Join(starts, ", "))
			}
		}
		return nil
	},
}

// everything reports whether a pattern has nothing but wildcards and leaves the depth open.
func everything(pattern string) bool {
	parts := segments(pattern)
	return parts[len(parts)-1] == "**" && !slices.ContainsFunc(parts, func(s string) bool { return s != "*" && s != "**" })
}

// firsts are the first segments of requests, sorted; "" for none is left out.
func firsts(mine []use) []string {
	var all []string
	for _, u := range mine {
		if u.segments[0] != "" {
			all = append(all, "/"+u.segments[0])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

var anyDepth = rule.Rule{
	Rule: report.Rule{
		ID: "N005", Title: "A path has ** only where the depth is open", Severity: report.Warning,
		Rationale: "/tickets/** is also /tickets/7/attachments/purge, which nobody has thought of.",
		Fix:       "list the paths that are used, with * for each segment that varies",
		Origin:    "least privilege (NIST SP 800-53 AC-6)",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		all := uses(s)
		for i, g := range s.Manifest.HTTP {
			for j, path := range g.Paths {
				if would := narrower(path, of(all, i), j); would != "" && !everything(path) && !ledTo(g, of(all, i)) {
					found(fmt.Sprintf("%s/paths/%d", rule.Grant(i), j), "%s allows any depth; for the requests in the cases %s would do", path, would)
				}
			}
		}
		return nil
	},
}

// narrower returns the patterns that would do in the place of one that ends in **, or "" where the depth is open indeed:
// requests of three depths and more, the first segment of which is no fixed word.
func narrower(path string, mine []use, pattern int) string {
	rest, open := strings.CutSuffix(path, "/**")
	var would []string
	depths, fixed := map[int]bool{}, true
	for _, u := range mine {
		if !slices.Contains(u.patterns, pattern) {
			continue
		}
		below := u.segments[len(segments(rest)):]
		depths[len(below)] = true
		fixed = fixed && (len(below) == 0 || word.MatchString(below[0]))
		would = append(would, rest+stars(below))
	}
	if !open || len(depths) > 2 && !fixed {
		return ""
	}
	slices.Sort(would)
	would = slices.Compact(would)
	return strings.Join(slices.DeleteFunc(slices.Clone(would), func(a string) bool {
		return slices.ContainsFunc(would, func(b string) bool { return a != b && within(segments(a), segments(b)) })
	}), ", ")
}

// stars is a pattern for segments: words stay, all else varies.
func stars(below []string) string {
	text := ""
	for _, s := range below {
		if word.MatchString(s) {
			text += "/" + s
		} else {
			text += "/*"
		}
	}
	return text
}

var oneLiteral = rule.Rule{
	Rule: report.Rule{
		ID: "N006", Title: "A segment that is always the same word is written out", Severity: report.Note,
		Rationale: "A * that only ever stands for one word allows all the others.",
		Fix:       "write the word in the place of *",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		all := uses(s)
		for i, g := range s.Manifest.HTTP {
			for j, path := range g.Paths {
				for k, part := range segments(path) {
					if word := always(of(all, i), j, k); part == "*" && word != "" {
						found(fmt.Sprintf("%s/paths/%d", rule.Grant(i), j), "in %s segment %d is %q in every request of the cases, and comes from no input", path, k+1, word)
					}
				}
			}
		}
		return nil
	},
}

var (
	word = regexp.MustCompile(`^[a-z]+([_-][a-z]+)*$`)
	// humped is a word of several, written as one: serverTime.
	humped = regexp.MustCompile(`^[a-z]+([A-Z][a-z]+)+$`)
)

// always returns the one word that stands in a segment of all requests under a pattern, two at the least, unless it
// may have come from what a call was given or a vendor has answered.
func always(mine []use, pattern, segment int) string {
	seen, n := "", 0
	for _, u := range mine {
		if !slices.Contains(u.patterns, pattern) {
			continue
		}
		w := u.segments[segment]
		if n++; !word.MatchString(w) && !humped.MatchString(w) || seen != "" && w != seen || given(u, w) {
			return ""
		}
		seen = w
	}
	if n < 2 {
		return ""
	}
	return seen
}

func given(u use, w string) bool {
	from, err := json.Marshal(u.of.Call)
	if err != nil {
		return true
	}
	for _, x := range u.of.Exchanges {
		from = append(from, x.AnswerBody...)
	}
	return strings.Contains(aKey.ReplaceAllString(string(from), ""), w)
}

// aKey is a key of an object: what an answer is called is not what it says.
var aKey = regexp.MustCompile(`"[^"]*"\s*:`)

var pathTwice = rule.Rule{
	Rule: report.Rule{
		ID: "N007", Title: "No path of a grant is within another", Severity: report.Warning,
		Rationale: "A list in which one line covers the rest looks narrow and is not.",
		Fix:       "remove the wider of the two, or the narrower if the wider one is needed",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for i, g := range s.Manifest.HTTP {
			for j, a := range g.Paths {
				for k, b := range g.Paths {
					if j != k && within(segments(a), segments(b)) && (a != b || j > k) {
						found(fmt.Sprintf("%s/paths/%d", rule.Grant(i), j), "%s is within %s of grant %s", a, b, g.ID)
					}
				}
			}
		}
		return nil
	},
}

var grantTwice = rule.Rule{
	Rule: report.Rule{
		ID: "N008", Title: "Grants do not overlap", Severity: report.Warning,
		Rationale: "The first grant that covers a request decides whether it carries the credential: with two, reviewers have to guess.",
		Fix:       "make one grant of the two, or give them paths that have nothing in common",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for i, b := range s.Manifest.HTTP {
			for _, a := range s.Manifest.HTTP[:i] {
				if path := common(a, b); path != "" {
					found(rule.Grant(i), "grants %s and %s both cover %s of %s", a.ID, b.ID, path, b.URL)
				}
			}
		}
		return nil
	},
}

// common returns a path pattern of b that lies within one of a, or the other way round, for a method that both have.
func common(a, b manifest.Grant) string {
	if !slices.ContainsFunc(a.Methods, func(m string) bool { return slices.Contains(b.Methods, m) }) {
		return ""
	}
	for _, p := range patterns(a) {
		for _, q := range patterns(b) {
			full, other := segments(a.URL+p), segments(b.URL+q)
			if within(full, other) || within(other, full) {
				return q
			}
		}
	}
	return ""
}
