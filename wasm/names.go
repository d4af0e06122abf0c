package wasm

import (
	"cmp"
	"slices"
)

// functionNames are names of functions by index in Code, in the order of indices.
type functionNames []functionName

type functionName struct {
	index uint32
	name  string
}

func (n functionNames) of(index uint32) string {
	i, ok := slices.BinarySearchFunc(n, index, func(f functionName, index uint32) int { return cmp.Compare(f.index, index) })
	if !ok {
		return ""
	}
	return n[i].name
}

// readNames reads the section "name" for functions that exist; of several names for one function the first counts.
func readNames(s *scanner) functionNames {
	names := functionNames{{uint32(s.imported), MeterTick}}
	r := reader{data: s.data, pos: s.names.start, end: s.names.end}
	for r.more() {
		id := r.byte("id of the subsection")
		outer := r.enter(r.uint32("size of the subsection"), "subsection")
		for n := 0; id == namesFunctions && n == 0 && r.more(); n++ {
			names = r.functionNames(names, s)
		}
		r.pos = r.end
		r.end = outer
	}
	slices.SortStableFunc(names, func(a, b functionName) int { return cmp.Compare(a.index, b.index) })
	return slices.CompactFunc(names, func(a, b functionName) bool { return a.index == b.index })
}

func (r *reader) functionNames(names functionNames, s *scanner) functionNames {
	for n := r.uint32("named functions"); n > 0 && r.err == nil; n-- {
		index, name := r.uint32("index"), r.text(MaxCustomBytes, "name")
		if uint64(index) >= uint64(len(s.functions)) {
			continue
		}
		if index >= uint32(s.imported) {
			index++
		}
		names = append(names, functionName{index, string(name)})
	}
	return names
}
