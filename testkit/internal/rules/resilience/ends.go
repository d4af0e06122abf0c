package resilience

import (
	"fmt"

	"patchbay/abi"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
)

// ends are the ways in which calls end that got a status as an answer to a kind of request, as far as cases show it: a
// code, or "" for success.
type ends map[string]map[abi.Code]bool

func endsOf(all []*cases.Case) ends {
	e := ends{}
	for _, k := range all {
		code := abi.Code("")
		if k.Want.Fault != nil {
			code = k.Want.Fault.Code
		}
		for i := range k.Exchanges {
			x := &k.Exchanges[i]
			key := endKey(k, x, x.Status)
			if e[key] == nil {
				e[key] = map[abi.Code]bool{}
			}
			e[key][code] = true
		}
	}
	return e
}

func endKey(k *cases.Case, x *cases.Exchange, status int) string {
	return fmt.Sprint(k.Call.Kind, " ", k.Call.Operation, " ", lab.Shape(x), " ", status)
}

// meant reports whether a case shows that the call ends so when it gets this status.
func (t *trial) meant(code abi.Code) bool {
	return t.Mishap.Status >= 300 && t.shown[endKey(t.Case, t.Exchange, t.Mishap.Status)][code]
}
