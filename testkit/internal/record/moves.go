package record

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"patchbay/manifest"
)

// move is an address that an admin put in the place of the manifest's.
type move struct{ from, to string }

// moves puts the manifest's own addresses back, so that a case is the same wherever the vendor was.
func (l *Live) moves() (*strings.Replacer, error) {
	var all []move
	for _, g := range l.Manifest.HTTP {
		from := l.Connection.URLs[g.ID]
		if from == "" {
			continue
		}
		to, err := manifest.Expand(g.URL, l.fields(), manifest.EscapeURL)
		if err != nil {
			return nil, fmt.Errorf("http grant %s: %w", g.ID, err)
		}
		all = append(all, move{strings.TrimSuffix(from, "/"), strings.TrimSuffix(to, "/")})
		f, errFrom := url.Parse(from)
		t, errTo := url.Parse(to)
		if err := errors.Join(errFrom, errTo); err != nil {
			return nil, err
		}
		all = append(all, move{f.Scheme + "://" + f.Host, t.Scheme + "://" + t.Host}, move{f.Host, t.Host})
	}
	slices.SortStableFunc(all, func(a, b move) int { return cmp.Compare(len(b.from), len(a.from)) })
	var pairs []string
	for _, m := range all {
		pairs = append(pairs, m.from, m.to, url.QueryEscape(m.from), url.QueryEscape(m.to), strings.ReplaceAll(m.from, "/", `\/`), strings.ReplaceAll(m.to, "/", `\/`))
	}
	return strings.NewReplacer(pairs...), nil
}
