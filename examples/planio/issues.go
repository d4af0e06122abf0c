package main

import (
	"net/url"
	"strconv"

	"patchbay/sdk"
)

const pageSize = 100

type listInput struct {
	ProjectID int64  `json:"project_id"`
	Status    string `json:"status"`
}

func listIssues(call *sdk.Call, in listInput) (sdk.Page[Issue], error) {
	var offset int
	if _, err := call.Cursor(&offset); err != nil {
		return sdk.Page[Issue]{}, err
	}
	query := url.Values{"limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(offset)}, "sort": {"id"}}
	if in.ProjectID != 0 {
		query.Set("project_id", strconv.FormatInt(in.ProjectID, 10))
	}
	if in.Status != "" {
		query.Set("status_id", map[string]string{"open": "open", "closed": "closed", "any": "*"}[in.Status])
	}
	var list xmlIssues
	if err := send(call, "GET", "/issues.xml", query, nil, &list); err != nil {
		return sdk.Page[Issue]{}, err
	}
	page := sdk.Page[Issue]{Items: list.all()}
	if end := offset + len(list.Issues); len(list.Issues) > 0 && end < list.Total {
		page.Cursor = end
	}
	return page, nil
}

// issuePath is the path of an issue: /issues/7.xml.
func issuePath(id int64) string { return sdk.Path("issues", strconv.FormatInt(id, 10)+".xml") }

func getIssue(call *sdk.Call, in struct{ ID int64 }) (Issue, error) {
	var x xmlIssue
	err := send(call, "GET", issuePath(in.ID), nil, nil, &x)
	return x.issue(), err
}

func createIssue(call *sdk.Call, in write) (Issue, error) {
	var x xmlIssue
	err := send(call, "POST", "/issues.xml", nil, in, &x)
	return x.issue(), err
}

// updateIssue reads the issue afterwards, since Planio answers a change with 204 and nothing.
func updateIssue(call *sdk.Call, in struct {
	ID int64 `json:"id"`
	write
}) (Issue, error) {
	if err := send(call, "PUT", issuePath(in.ID), nil, in.write, nil); err != nil {
		return Issue{}, err
	}
	return getIssue(call, struct{ ID int64 }{in.ID})
}
