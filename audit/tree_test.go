package audit

import (
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func hashes(lines [][]byte) []tlog.Hash {
	var leaves []tlog.Hash
	for _, line := range lines {
		leaves = append(leaves, tlog.RecordHash(line))
	}
	return leaves
}

// TestTree holds the tree to tlog's, which keeps all hashes, whatever the steps in which it grows.
func TestTree(t *testing.T) {
	t.Parallel()
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (found []tlog.Hash, err error) {
		for _, i := range indexes {
			found = append(found, stored[i])
		}
		return found, nil
	})
	var lines [][]byte
	steps := tree{}
	for n := range int64(300) {
		whole := tree{}.with(hashes(lines))
		want, err := tlog.TreeHash(n, reader)
		if err != nil || whole.root() != want || steps.root() != want || !whole.equal(steps) || !whole.sound() || whole.size != n {
			t.Fatalf("tree of %d: root %v, in steps %v, want %v, %v", n, whole.root(), steps.root(), want, err)
		}
		line := fmt.Appendf(nil, "line %d", n)
		more, err := tlog.StoredHashes(n, line, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored, lines = append(stored, more...), append(lines, line)
		steps = steps.with(hashes([][]byte{line}))
	}
	for _, bad := range []tree{{size: -1}, {size: 1}, {size: 2, subtrees: stored[:2]}} {
		if bad.sound() {
			t.Errorf("%+v is sound", bad)
		}
	}
}
