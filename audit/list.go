package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Query says which entries are wanted. Of its fields, those that are set must all hold.
type Query struct {
	After, Before time.Time // Before is not included
	Kind          string
	Connector     string
	Connection    string
	Limit         int // the newest so many; 0: all
}

func (q Query) wants(e Entry) bool {
	return !e.Time.Before(q.After) && (q.Before.IsZero() || e.Time.Before(q.Before)) &&
		(q.Kind == "" || q.Kind == e.Kind) &&
		(q.Connector == "" || q.Connector == e.Connector) &&
		(q.Connection == "" || q.Connection == e.Connection)
}

// List returns entries, the oldest first. It reads what is there and verifies nothing; see [Log.Verify].
func (l *Log) List(ctx context.Context, q Query) ([]Entry, error) {
	keys, err := l.cfg.Store.Keys(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list audit log: %w", err)
	}
	var found []Entry // the newest first
	for _, key := range slices.Backward(keys) {
		data, err := l.cfg.Store.Get(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("list audit log: %w", err)
		}
		lines, _ := split(data)
		for _, line := range slices.Backward(lines) {
			var e Entry
			if err := json.Unmarshal(line, &e); err != nil {
				return nil, fmt.Errorf("list audit log: chunk %s: an entry is no JSON: %w", key, ErrTampered)
			}
			if q.wants(e) {
				found = append(found, e)
			}
			if q.Limit > 0 && len(found) == q.Limit {
				slices.Reverse(found)
				return found, nil
			}
		}
	}
	slices.Reverse(found)
	return found, nil
}
