package main

import (
	"net/url"
	"strconv"

	"patchbay/sdk"
)

// position is a time, and how many issues of that time and later have been seen since it became the position.
type position struct {
	Since  string `json:"since"`
	Offset int    `json:"offset,omitempty"`
}

type updatedInput struct {
	ProjectID int64 `json:"project_id"`
}

// issueUpdated walks forward through the issues in the order of their last change.
func issueUpdated(call *sdk.Call, in updatedInput) (sdk.Page[Issue], error) {
	query := url.Values{"status_id": {"*"}}
	if in.ProjectID != 0 {
		query.Set("project_id", strconv.FormatInt(in.ProjectID, 10))
	}
	var at position
	begun, err := call.Cursor(&at)
	if err != nil {
		return sdk.Page[Issue]{}, err
	}
	if !begun {
		return begin(call, query)
	}
	if at.Since != "" {
		query.Set("updated_on", ">="+at.Since) // the issues of that second again, for another may have joined them
	}
	query.Set("sort", "updated_on:asc,id:asc")
	query.Set("limit", strconv.Itoa(pageSize))
	query.Set("offset", strconv.Itoa(at.Offset))
	var list xmlIssues
	if err := send(call, "GET", "/issues.xml", query, nil, &list); err != nil {
		return sdk.Page[Issue]{}, err
	}
	return sdk.Page[Issue]{Items: list.all(), Cursor: at.move(list)}, nil
}

// move goes to the time of the last issue, or further along where a whole page has the same time.
func (p position) move(list xmlIssues) position {
	n := len(list.Issues)
	if n == 0 {
		return position{Since: p.Since}
	}
	last := list.Issues[n-1].UpdatedOn
	if n == pageSize && last == p.Since {
		return position{Since: p.Since, Offset: p.Offset + n}
	}
	return position{Since: last}
}

// begin finds the latest change, where the trigger begins.
func begin(call *sdk.Call, query url.Values) (sdk.Page[Issue], error) {
	query.Set("sort", "updated_on:desc")
	query.Set("limit", "1")
	var list xmlIssues
	if err := send(call, "GET", "/issues.xml", query, nil, &list); err != nil {
		return sdk.Page[Issue]{}, err
	}
	var at position
	if len(list.Issues) > 0 {
		at.Since = list.Issues[0].UpdatedOn
	}
	return sdk.Page[Issue]{Cursor: at}, nil
}
