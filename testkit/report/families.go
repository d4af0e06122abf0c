package report

import "slices"

// family is a family with the rules that were looked at or skipped.
type family struct {
	Family
	rules []Rule
}

// families returns the report's families in their order, then those of rules that it does not count.
func (r *Report) families(rules []Rule) []family {
	var all []family
	for _, f := range r.Families {
		all = append(all, family{Family: f})
	}
	for _, rule := range rules {
		i := slices.IndexFunc(all, func(f family) bool { return f.ID == rule.Family() })
		if i < 0 {
			all = append(all, family{Family: Family{ID: rule.Family()}})
			i = len(all) - 1
		}
		all[i].rules = append(all[i].rules, rule)
	}
	return all
}
