package rule

import (
	"fmt"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
)

// Operation is one that the manifest declares, with its place there.
type Operation struct {
	manifest.Operation
	Place   string // "/actions/0"; "/connection/test" of the connection test
	Title   string // "action get_order"
	Samples []manifest.Sample
}

// Operations are all operations that the manifest declares, in its order.
func (s *Subject) Operations() []Operation {
	var all []Operation
	next := map[abi.Kind]int{}
	for _, o := range s.Manifest.Operations() {
		op := Operation{Title: fmt.Sprintf("%s %s", o.Kind, o.Name)}
		op.Operation, _ = s.Manifest.Operation(o.Kind, o.Name)
		i := next[o.Kind]
		next[o.Kind]++
		switch o.Kind {
		case abi.KindAction:
			op.Place, op.Samples = Action(i), s.Manifest.Actions[i].Samples
		case abi.KindTrigger:
			op.Place, op.Samples = Trigger(i), s.Manifest.Triggers[i].Samples
		case abi.KindTest:
			op.Place = "/connection/test"
		case abi.KindOptions:
			op.Place = fmt.Sprintf("/options/%d", i)
		case abi.KindSchema:
			op.Place = fmt.Sprintf("/schemas/%d", i)
		}
		all = append(all, op)
	}
	return all
}

// CasesOf are the cases of an operation, by name.
func (s *Subject) CasesOf(op Operation) []*cases.Case {
	var all []*cases.Case
	for _, k := range s.Cases {
		if k.Call.Kind == op.Kind && k.Call.Operation == op.Name {
			all = append(all, k)
		}
	}
	return all
}
