package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
)

// dropped says which records of a page come out of the vendor's list and not out of the guest: those that are like
// another but for their ids, or have a property that others of the cases have.
func dropped(ctx context.Context, s *rule.Subject, op rule.Operation, t lab.Trace) string {
	l, ok := listOf(t)
	if !ok {
		return ""
	}
	first, _ := l.Items[0].(map[string]any)
	if n := l.kept(ctx, s, t, []any{first, twin(first, 1), twin(first, 2)}); n >= 0 && n < 3 {
		return fmt.Sprintf("%d of three records that differ by their ids", n)
	}
	if op.Kind != abi.KindAction {
		return ""
	}
	pool := valuesIn(s)
	for _, name := range slices.Sorted(maps.Keys(first)) {
		for _, v := range pool[name] {
			one := maps.Clone(first)
			one[name] = v
			if n := l.kept(ctx, s, t, []any{one, twin(one, 1)}); n >= 0 && n < 2 && !identity.MatchString(name) {
				text, _ := json.Marshal(v) // it was read from JSON
				return fmt.Sprintf("%d of two records whose %s is %s", n, name, clip(text))
			}
		}
	}
	return ""
}

// itemList is the list of a vendor's answer that a page is made of.
type itemList struct{ lab.List }

// listOf finds the list that has as many items as the page, in the answers of a case.
func listOf(t lab.Trace) (itemList, bool) {
	n := len(itemsOf(t))
	for _, x := range t.Case.Exchanges {
		for _, l := range lab.Lists(x.AnswerBody) {
			if n > 0 && len(l.Items) == n && x.Status/100 == 2 {
				return itemList{l}, true
			}
		}
	}
	return itemList{}, false
}

func itemsOf(t lab.Trace) []json.RawMessage {
	var out struct {
		Items []json.RawMessage `json:"items"`
	}
	if t.Fault != nil || t.Status != abi.StatusPage || json.Unmarshal(t.Output, &out) != nil {
		return nil
	}
	return out.Items
}

// kept is how many items a page has when the vendor's list has these, -1 if there is none.
func (l itemList) kept(ctx context.Context, s *rule.Subject, t lab.Trace, items []any) int {
	again := s.Lab.Try(ctx, lab.Try{Case: t.Case, Call: t.Case.Call, Change: l.with(items)})
	if again.Fault != nil || again.Status != abi.StatusPage {
		return -1
	}
	return len(itemsOf(again))
}

// with puts items into the list, in every answer that has it.
func (l itemList) with(items []any) func(int, cases.Exchange) cases.Exchange {
	return func(_ int, x cases.Exchange) cases.Exchange {
		if _, ok := l.Of(x.AnswerBody); ok {
			x.AnswerBody = l.In(x.AnswerBody, items)
		}
		return x
	}
}

// identity are names of properties by which records are told apart.
var identity = regexp.MustCompile(`(?i)^(id|_id|gid|uid|uuid|guid|key|number|num|no|ref|reference|href|self|url|uri|link|email|mail|login|code|sku|slug|handle|alias|internalid|externalid|name|.*_(id|key|number|no))$|[a-z]I[dD]$|[a-z](Key|Number)$`)

// twin is another record like one: what tells them apart is different.
func twin(record map[string]any, n int) map[string]any {
	made := maps.Clone(record)
	for name, v := range made {
		switch v := v.(type) {
		case string:
			if len(v) > 2 && (identity.MatchString(name) || longID.MatchString(v)) {
				made[name] = strings.TrimRight(v[:len(v)-2], "-") + fmt.Sprintf("%02d", n)
			}
		case json.Number:
			if n64, err := v.Int64(); err == nil && identity.MatchString(name) {
				made[name] = json.Number(fmt.Sprint(n64 + int64(n)))
			}
		}
	}
	return made
}

type valuesKey struct{}

// mostValues is how many values of a property are tried.
const mostValues = 4

// valuesIn are the values that the properties of vendors' records have anywhere in the cases, by name; those that are
// few, which tell kinds and states of records.
func valuesIn(s *rule.Subject) map[string][]any {
	return rule.Once(s, valuesKey{}, func() map[string][]any {
		seen := map[string]map[string]any{}
		for _, k := range s.Cases {
			for _, x := range k.Exchanges {
				rewritten(x.AnswerBody, func(name string, v any) any {
					if seen[name] == nil {
						seen[name] = map[string]any{"null": nil}
					}
					seen[name][fmt.Sprint(v)] = v
					return v
				})
			}
		}
		all := map[string][]any{}
		for name, values := range seen {
			keys := slices.Sorted(maps.Keys(values))
			for _, key := range keys[:min(len(keys), mostValues)] {
				all[name] = append(all[name], values[key])
			}
		}
		return all
	})
}
