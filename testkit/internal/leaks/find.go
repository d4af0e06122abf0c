package leaks

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// Find returns the credentials in a text, in their order.
func Find(text []byte) []Leak {
	return find(text, func(r rule) *regexp.Regexp { return r.regex })
}

// FindIn returns the credentials in a module. Rules about any long word that follows "key" or "secret" are left out: in
// compiled code texts stand side by side that have nothing to do with each other.
func FindIn(module []byte) []Leak {
	return find(module, func(r rule) *regexp.Regexp {
		if strings.Contains(r.regex.String(), `{0,20})[\s'"]{0,3}`) {
			return nil
		}
		return r.inside
	})
}

// find looks for what the rules' expressions match, as pick chooses them; nil leaves a rule out.
func find(text []byte, pick func(rule) *regexp.Regexp) (all []Leak) {
	rules, everywhere := load()
	lower := lowered(text)
	seen := map[int]bool{} // where one was found already
	for _, r := range rules {
		regex := pick(r)
		if regex == nil {
			continue
		}
		for _, w := range r.windows(lower) {
			for _, m := range regex.FindAllSubmatchIndex(text[w.start:w.end], -1) {
				from, to := r.secret(m)
				secret, match := text[w.start+from:w.start+to], text[w.start+m[0]:w.start+m[1]]
				if r.rejects(secret, match) || everywhere.allows(secret, match) || seen[w.start+from] {
					continue
				}
				seen[w.start+from] = true
				all = append(all, Leak{Kind: r.id, Offset: w.start + from, Shown: shown(secret)})
			}
		}
	}
	slices.SortFunc(all, func(a, b Leak) int { return cmp.Compare(a.Offset, b.Offset) })
	line, counted := 1, 0
	for i := range all { // each line is counted once: a text may hold very many
		line += bytes.Count(text[counted:all[i].Offset], []byte("\n"))
		all[i].Line, counted = line, all[i].Offset
	}
	return all
}

// lowered is a text in lower case, as far as ASCII goes: every byte stays where it is.
func lowered(text []byte) []byte {
	lower := bytes.Clone(text)
	for i, b := range lower {
		if 'A' <= b && b <= 'Z' {
			lower[i] = b + 'a' - 'A'
		}
	}
	return lower
}

// shown is a credential's beginning, and how long it is.
func shown(secret []byte) string {
	return fmt.Sprintf("%s… (%d characters)", strings.ToValidUTF8(string(secret[:min(4, len(secret)/4)]), "?"), len(secret))
}

// window is a part of a text.
type window struct{ start, end int }

// windows are the parts of a text that a match may lie in: around keywords, those that touch together.
func (r rule) windows(lower []byte) []window {
	if len(r.keywords) == 0 {
		return []window{{0, len(lower)}}
	}
	var all []window
	for _, k := range r.keywords {
		for at := 0; ; {
			i := bytes.Index(lower[at:], []byte(k))
			if i < 0 {
				break
			}
			at += i
			all = append(all, window{max(0, at-r.reach), min(len(lower), at+len(k)+r.reach)})
			at += len(k)
		}
	}
	slices.SortFunc(all, func(a, b window) int { return cmp.Compare(a.start, b.start) })
	var merged []window
	for _, w := range all {
		if n := len(merged); n > 0 && w.start <= merged[n-1].end {
			merged[n-1].end = max(merged[n-1].end, w.end)
			continue
		}
		merged = append(merged, w)
	}
	return merged
}

// secret is which part of a match is the credential.
func (r rule) secret(m []int) (from, to int) {
	if r.group > 0 && 2*r.group+1 < len(m) && m[2*r.group] >= 0 {
		return m[2*r.group], m[2*r.group+1]
	}
	for i := 2; i+1 < len(m); i += 2 {
		if m[i] >= 0 && m[i+1] > m[i] {
			return m[i], m[i+1]
		}
	}
	return m[0], m[1]
}

func (r rule) rejects(secret, match []byte) bool {
	if r.entropy > 0 && entropy(secret) <= r.entropy {
		return true
	}
	if strings.HasPrefix(r.id, "generic") && !bytes.ContainsAny(secret, "0123456789") {
		return true
	}
	return slices.ContainsFunc(r.allow, func(a allowance) bool { return a.allows(secret, match) })
}

func (a allowance) allows(secret, match []byte) bool {
	target := secret
	if a.match {
		target = match
	}
	for _, re := range a.regexes {
		if re.Match(target) {
			return true
		}
	}
	lower := lowered(secret)
	return slices.ContainsFunc(a.stopwords, func(w string) bool { return bytes.Contains(lower, []byte(strings.ToLower(w))) })
}

// entropy is Shannon's, in bits a byte.
func entropy(b []byte) (bits float64) {
	var counts [256]int
	for _, c := range b {
		counts[c]++
	}
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(b))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}
