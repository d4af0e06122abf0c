package main

import "patchbay/sdk"

// position is how far the trigger is: changes since a time, and the page of them, for one time may have more
// changes than a page holds.
type position struct {
	Since string `json:"since"`
	After string `json:"after,omitempty"`
}

type changedInput struct {
	TeamID string `json:"team_id"`
}

func issueChanged(call *sdk.Call, in changedInput) (sdk.Page[Issue], error) {
	filter := vars{}
	if in.TeamID != "" {
		filter["team"] = vars{"id": vars{"eq": in.TeamID}}
	}
	var at position
	begun, err := call.Cursor(&at)
	if err != nil {
		return sdk.Page[Issue]{}, err
	}
	if !begun {
		return newest(call, filter)
	}
	if at.Since != "" {
		filter["updatedAt"] = vars{"gte": at.Since} // equal ones again: another may have the same time
	}
	v := vars{"filter": filter}
	if at.After != "" {
		v["after"] = at.After
	}
	got, err := query[connection](call, "changes", v)
	if err != nil {
		return sdk.Page[Issue]{}, err
	}
	return sdk.Page[Issue]{Items: got.all(), Cursor: at.move(got)}, nil
}

// move goes to the next page, or past the last change of the last one.
func (p position) move(got connection) position {
	if next, ok := got.Issues.PageInfo.next().(string); ok {
		return position{Since: p.Since, After: next}
	}
	if n := len(got.Issues.Nodes); n > 0 {
		return position{Since: got.Issues.Nodes[n-1].UpdatedAt}
	}
	return position{Since: p.Since}
}

// newest begins with what changes after the latest change that is there.
func newest(call *sdk.Call, filter vars) (sdk.Page[Issue], error) {
	got, err := query[connection](call, "newest", vars{"filter": filter})
	if err != nil {
		return sdk.Page[Issue]{}, err
	}
	var at position
	if n := got.Issues.Nodes; len(n) > 0 {
		at.Since = n[0].UpdatedAt
	}
	return sdk.Page[Issue]{Cursor: at}, nil
}
