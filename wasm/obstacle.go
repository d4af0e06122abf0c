package wasm

import (
	"fmt"
	"slices"
)

// obstacles are the instructions that change what only the runtime can reach: tables, and which segments are dropped.
var obstacles = map[opcode]string{
	opTableSet:  "table.set",
	opTableGrow: "table.grow",
	opTableFill: "table.fill",
	opTableCopy: "table.copy",
	opTableInit: "table.init",
	opElemDrop:  "elem.drop",
	opDataDrop:  "data.drop",
}

// noteObstacle notes the first of each instruction that is an obstacle.
func (r *rewriter) noteObstacle(op opcode) {
	if op != opTableSet && op>>8 != prefixNumeric {
		return
	}
	if name, ok := obstacles[op]; ok && !slices.Contains(r.noted, op) {
		r.noted = append(r.noted, op)
		r.obstacle(fmt.Sprintf("function %d has %s", r.entry, name))
	}
}

func (r *rewriter) obstacle(why string) { r.result.Obstacles = append(r.result.Obstacles, why) }
