package manifest

import "patchbay/abi"

// maxWidth bounds the work of checking one place of a value: sub-schemas that apply to it, each with its enum.
const maxWidth = 10_000

// cycle returns a sub-schema that contains itself in place, so that checking it would never end. Recursion through
// properties or items is fine: there the value ends.
func (g *guard) cycle() *schemaNode {
	var visit func(n *schemaNode) *schemaNode
	visit = func(n *schemaNode) *schemaNode {
		if n.done {
			return nil
		}
		if n.visiting {
			return n
		}
		n.visiting = true
		for _, sub := range n.inplace {
			if c := visit(sub); c != nil {
				return c
			}
		}
		n.visiting, n.done = false, true
		return nil
	}
	for _, n := range g.order {
		if c := visit(n); c != nil {
			return c
		}
	}
	return nil
}

// width returns the greatest weight of all sub-schemas that apply to one place of any value, at most limit+1.
//
// Let f(s, k) be the weight of what s applies to a place k levels down. In place, everything adds up. One level
// down, at most one property or item schema applies to a part, and every pattern. f is computed level by level, to the depth
// that a value may have; nested alternatives that multiply reach the limit after a few levels.
func (g *guard) width(weight func(*schemaNode) int, limit int) int {
	above := make([]int, len(g.order)) // f(., k-1)
	widest := 0
	for k := 0; k <= abi.MaxDepth; k++ {
		level := make([]int, len(g.order))
		known := make([]bool, len(g.order))
		var f func(n *schemaNode) int
		f = func(n *schemaNode) int {
			if known[n.index] {
				return level[n.index]
			}
			known[n.index] = true
			sum := 0
			if k == 0 {
				sum = weight(n)
			} else {
				sum = below(n, above)
			}
			for _, sub := range n.inplace {
				sum = min(sum+f(sub), limit+1)
			}
			level[n.index] = sum
			return sum
		}
		same := true
		for _, n := range g.order {
			same = f(n) == above[n.index] && same
		}
		widest = max(widest, level[0])
		if same && k > 0 || widest > limit {
			break
		}
		above = level
	}
	return min(widest, limit+1)
}

// below sums up what n applies to a part of its value, given the weights one level up. A value has properties or
// items, never both.
func below(n *schemaNode, above []int) int {
	return max(among(n.fields, n.everyField, above), among(n.items, n.everyItem, above))
}

func among(one, every []*schemaNode, above []int) int {
	most, sum := 0, 0
	for _, sub := range one {
		most = max(most, above[sub.index])
	}
	for _, sub := range every {
		sum += above[sub.index]
	}
	return most + sum
}
