package resilience

import (
	"context"
	"fmt"

	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
)

// nullable compares trials in pairs: a property that is missing, and the same one as null.
func nullable(ctx context.Context, s *rule.Subject, found rule.Found) error {
	all, err := trials(ctx, s, lab.Missing, lab.Null)
	if err != nil {
		return err
	}
	fine := map[string]bool{} // without the property
	gather := gathered{}
	for i := range all {
		t := &all[i]
		key := fmt.Sprint(t.Case.Name, t.Index, t.Mishap.Pointer)
		switch {
		case t.Mishap.Kind == lab.Missing:
			fine[key] = t.Hits > 0 && t.Fault == nil
		case t.Mishap.Kind == lab.Null && t.Fault != nil && fine[key]:
			gather.add(t.place(), t.what()+"; "+t.end()+"; without the property it succeeds")
		}
	}
	gather.tell(found)
	return nil
}
