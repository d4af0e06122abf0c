package audit

import (
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// tree is what must be known of a log to append to it.
type tree struct {
	size     int64
	subtrees []tlog.Hash // roots of its complete subtrees, the greatest first
}

// with returns the tree with more leaves.
func (t tree) with(leaves []tlog.Hash) tree {
	subtrees := slices.Clone(t.subtrees)
	for i, h := range leaves {
		// each subtree that the leaf completes takes in the one of its own size to its left
		for range bits.TrailingZeros64(uint64(t.size+int64(i)) + 1) {
			last := len(subtrees) - 1
			h = tlog.NodeHash(subtrees[last], h)
			subtrees = subtrees[:last]
		}
		subtrees = append(subtrees, h)
	}
	return tree{size: t.size + int64(len(leaves)), subtrees: subtrees}
}

// sound says whether there are as many subtrees as a tree of that size has.
func (t tree) sound() bool {
	return t.size >= 0 && len(t.subtrees) == bits.OnesCount64(uint64(t.size))
}

// root returns the root of a sound tree.
func (t tree) root() tlog.Hash {
	subtrees := tlog.HashReaderFunc(func([]int64) ([]tlog.Hash, error) { return t.subtrees, nil })
	root, err := tlog.TreeHash(t.size, subtrees) // asks for just these, in this order
	if err != nil {
		panic("audit: a tree with the wrong number of subtrees: " + err.Error())
	}
	return root
}

func (t tree) equal(u tree) bool { return t.size == u.size && slices.Equal(t.subtrees, u.subtrees) }
