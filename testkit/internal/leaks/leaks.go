// Package leaks finds credentials in texts and modules, by the rules of gitleaks (rules.json; see LICENSE.gitleaks).
// The matcher is our own: gitleaks itself brings sixty modules, and reads repositories where we have bytes.
package leaks

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

//go:embed rules.json
var data []byte

// Leak is one credential that was found. It does not hold it.
type Leak struct {
	Kind   string // "aws-access-token"
	Offset int    // of the credential's first byte
	Line   int    // from 1
	Shown  string // its beginning, and how long it is
}

// rule is one kind of credential.
type rule struct {
	id       string
	regex    *regexp.Regexp
	inside   *regexp.Regexp // regex without what must stand before and after: compiled texts have no gaps between them
	keywords []string       // in lower case; one of them is near every match
	entropy  float64        // of the credential, at least; 0: any
	group    int            // of the match that is the credential; 0: the first, or all of it
	allow    []allowance
	reach    int // bytes around a keyword that a match may take
}

// allowance is what is no credential although it looks like one.
type allowance struct {
	match     bool // the regexes look at the whole match
	regexes   []*regexp.Regexp
	stopwords []string
}

type ruleFile struct {
	Allow fileAllow `json:"allow"`
	Rules []struct {
		ID       string      `json:"id"`
		Regex    string      `json:"regex"`
		Keywords []string    `json:"keywords"`
		Entropy  float64     `json:"entropy"`
		Group    int         `json:"group"`
		Allow    []fileAllow `json:"allow"`
	} `json:"rules"`
}

type fileAllow struct {
	Target    string   `json:"target"`
	Regexes   []string `json:"regexes"`
	Stopwords []string `json:"stopwords"`
}

// load reads the rules. They are ours: what cannot be read is a mistake that the first test finds.
var load = sync.OnceValues(func() ([]rule, allowance) {
	var f ruleFile
	if err := json.Unmarshal(data, &f); err != nil {
		panic(fmt.Sprintf("leaks: rules.json: %v", err))
	}
	var all []rule
	for _, r := range f.Rules {
		bare := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(r.Regex, `\b`), "(?:[\\x60'\"\\s;]|\\\\[nr]|$)"), `\b`)
		made := rule{id: r.ID, regex: regexp.MustCompile(r.Regex), inside: regexp.MustCompile(bare), keywords: r.Keywords, entropy: r.Entropy, group: r.Group, reach: 400}
		if r.ID == "private-key" || r.ID == "jwt" || r.ID == "jwt-base64" {
			made.reach = 8 << 10
		}
		for _, a := range r.Allow {
			made.allow = append(made.allow, a.compile())
		}
		all = append(all, made)
	}
	return all, f.Allow.compile()
})

func (a fileAllow) compile() allowance {
	made := allowance{match: a.Target == "match" || a.Target == "line", stopwords: a.Stopwords}
	for _, text := range a.Regexes {
		made.regexes = append(made.regexes, regexp.MustCompile(text))
	}
	return made
}
