package egress

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	maxPlans   = 256 // that a client keeps
	maxLearned = 16  // values that a plan's scrubber keeps beside the policy's secrets
)

// plan is what Do derives from the parts of a policy that stay the same from call to call.
type plan struct {
	of      Policy // the parts
	rules   []rule
	err     error // of the grants
	private []string
	hidden  map[string]bool // folded names of response headers that guests do not get to see
	scrub   atomic.Pointer[scrubber]
	secrets *scrubber // without what was learned
}

func newPlan(p Policy) *plan {
	// The caller may change its slices.
	n := &plan{of: Policy{Grants: slices.Clone(p.Grants), Private: slices.Clone(p.Private), Owned: slices.Clone(p.Owned), Secrets: slices.Clone(p.Secrets)}}
	for i, g := range n.of.Grants {
		n.of.Grants[i].Methods, n.of.Grants[i].Paths = slices.Clone(g.Methods), slices.Clone(g.Paths)
	}
	n.rules, n.err = compileAll(n.of.Grants)
	for _, origin := range p.Private {
		if t, err := parseURL(origin); err == nil {
			n.private = append(n.private, t.origin())
		}
	}
	n.hidden = map[string]bool{}
	for _, name := range slices.Concat(hopByHop, unseen, p.Owned) {
		n.hidden[fold(name)] = true
	}
	n.secrets = newScrubber(p.Secrets)
	n.scrub.Store(n.secrets)
	return n
}

// fits reports whether the plan is p's.
func (n *plan) fits(p *Policy) bool {
	return slices.Equal(n.of.Private, p.Private) && slices.Equal(n.of.Owned, p.Owned) && slices.Equal(n.of.Secrets, p.Secrets) &&
		slices.EqualFunc(n.of.Grants, p.Grants, func(a, b Grant) bool {
			return a.ID == b.ID && a.Base == b.Base && a.Authenticated == b.Authenticated &&
				slices.Equal(a.Methods, b.Methods) && slices.Equal(a.Paths, b.Paths)
		})
}

// learn returns s with one more secret, and keeps it for later calls unless there are too many: some methods
// make a new value for each request.
func (n *plan) learn(s *scrubber, secret string) *scrubber {
	if s.knows(secret) {
		return s
	}
	s = s.with(secret)
	if len(s.lower) > len(n.secrets.lower)+maxLearned {
		n.scrub.Store(n.secrets)
	} else {
		n.scrub.Store(s)
	}
	return s
}

// plans keeps the latest plans. Policies are told apart by all that they hold, not by their hash.
type plans struct {
	seed maphash.Seed

	mu   sync.Mutex // guards kept
	kept map[uint64]*plan
}

func newPlans() *plans { return &plans{seed: maphash.MakeSeed(), kept: map[uint64]*plan{}} }

func (c *plans) get(p *Policy) *plan {
	key := c.hash(p)
	c.mu.Lock()
	n := c.kept[key]
	c.mu.Unlock()
	if n != nil && n.fits(p) {
		return n
	}
	n = newPlan(*p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) >= maxPlans {
		for other := range c.kept { // any one
			delete(c.kept, other)
			break
		}
	}
	c.kept[key] = n
	return n
}

func (c *plans) hash(p *Policy) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	for _, g := range p.Grants {
		h.WriteString(g.ID)
		h.WriteString(g.Base)
	}
	for _, list := range [][]string{p.Private, p.Owned, p.Secrets} {
		for _, s := range list {
			h.WriteString(s)
		}
	}
	return h.Sum64()
}
