package egress

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// No form is ever missed, wherever it stands.
func TestGrams_Property(t *testing.T) {
	t.Parallel()
	text := rapid.SliceOfN(rapid.Byte(), 0, 60)
	rapid.Check(t, func(t *rapid.T) {
		forms := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), gram, 40), 1, 10).Draw(t, "forms")
		form := rapid.SampledFrom(forms).Draw(t, "form")
		if !newGrams(forms).in(bytes.Join([][]byte{text.Draw(t, "before"), form, text.Draw(t, "after")}, nil)) {
			t.Fatalf("%q of %q was missed", form, forms)
		}
	})
}

func TestGrams_SayNo(t *testing.T) {
	t.Parallel()
	g := newScrubber([]string{"an-access-token/of+some=length"}).grams
	if g.in([]byte(strings.Repeat(`{"id":12345,"name":"Some \"quoted\" name"},`, 25))) || g.in([]byte("of")) || newGrams(nil).in([]byte("text")) {
		t.Error("a text without secrets is searched")
	}
}

func TestPlans(t *testing.T) {
	t.Parallel()
	c := newPlans()
	p := credential(private("https://api.example.com"))
	first := c.get(&p)
	if c.get(&p) != first {
		t.Error("the same policy has two plans")
	}
	for name, change := range map[string]func(*Policy){
		"base":          func(p *Policy) { p.Grants[0].Base = "https://x.example.com" },
		"methods":       func(p *Policy) { p.Grants[0].Methods[0] = "PURGE" },
		"paths":         func(p *Policy) { p.Grants[0].Paths = []string{"/x"} },
		"authenticated": func(p *Policy) { p.Grants[0].Authenticated = false },
		"private":       func(p *Policy) { p.Private = nil },
		"owned":         func(p *Policy) { p.Owned = nil },
		"secrets":       func(p *Policy) { p.Secrets = []string{"another secret"} },
	} {
		p := credential(private("https://api.example.com"))
		c.get(&p)
		if change(&p); c.get(&p) == first {
			t.Errorf("another %s, and the plan is the same", name)
		}
	}
	for i := range 2 * maxPlans {
		c.get(&Policy{Secrets: []string{strings.Repeat("a", i+minSecret)}})
	}
	if len(c.kept) > maxPlans {
		t.Errorf("%d plans are kept", len(c.kept))
	}
	for i := range 10 * maxLearned {
		first.learn(first.scrub.Load(), strings.Repeat("b", i+minLearned))
	}
	if n := len(first.scrub.Load().secrets); n > len(p.Secrets)+maxLearned {
		t.Errorf("%d secrets are kept", n)
	}
}
