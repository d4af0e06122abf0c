package registry

import (
	"fmt"
	"strings"

	"patchbay/bundle"
	"patchbay/manifest"
)

// reference is what a user writes to name a connector's version. Its names are safe as paths.
type reference struct {
	publisher string // may be empty
	name      string
	version   string // as written, may be empty
	allowed   manifest.Range
	digest    string // set when version is a digest
}

func parseReference(s string) (reference, error) {
	name, version, at := strings.Cut(s, "@")
	r := reference{name: name, version: version}
	if publisher, rest, ok := strings.Cut(name, "/"); ok {
		r.publisher, r.name = publisher, rest
		if !bundle.ValidName(publisher) {
			return r, badReference(s, "the publisher")
		}
	}
	if !bundle.ValidName(r.name) {
		return r, badReference(s, "the name")
	}
	if strings.HasPrefix(version, "sha256:") {
		r.digest = version
		return r, nil
	}
	if !at {
		return r, nil
	}
	allowed, err := manifest.ParseRange(version)
	if err != nil {
		return r, fmt.Errorf("connector %.120q: %w", s, err)
	}
	r.allowed = allowed
	return r, nil
}

func badReference(s, part string) error {
	return fmt.Errorf("connector %.120q: %s must be 2 to 40 lower-case letters, digits and single hyphens; "+
		"write NAME, PUBLISHER/NAME or PUBLISHER/NAME@VERSION", s, part)
}

func (r reference) String() string {
	if r.publisher == "" {
		return r.name
	}
	return r.publisher + "/" + r.name
}

// matches reports whether the version is one of those that r means.
func (r reference) matches(t tag) bool {
	switch {
	case r.digest != "":
		return t.desc.Digest.String() == r.digest
	case r.version == "":
		return !t.version.Prerelease()
	}
	return r.allowed.Contains(t.version)
}

// near returns the full names that r may have been meant to be, at most three.
func (r reference) near(names []string) []string {
	var out []string
	for _, full := range names {
		_, name, _ := strings.Cut(full, "/")
		if similar(r.name, name) || r.publisher != "" && similar(r.String(), full) {
			out = append(out, full)
		}
	}
	return out[:min(len(out), 3)]
}

// similar reports whether a may be b misspelt or cut short.
func similar(a, b string) bool {
	return len(a) > 2 && strings.Contains(b, a) || distance(a, b) <= min(2, len(a)/3)
}

// distance is the number of letters to change, add or remove that make a of b (Levenshtein). Names are short.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
