package main

import "patchbay/sdk"

type commentInput struct {
	IssueID string `json:"issue_id"`
	Body    string `json:"body"`
}

// Comment is what was added.
type Comment struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

func addComment(call *sdk.Call, in commentInput) (Comment, error) {
	got, err := query[struct {
		Done *done[Comment] `json:"commentCreate"`
	}](call, "comment", vars{"input": vars{"issueId": in.IssueID, "body": in.Body}})
	if err != nil {
		return Comment{}, err
	}
	c, err := got.Done.result("added the comment")
	if err != nil {
		return Comment{}, err
	}
	return *c, nil
}

func teams(call *sdk.Call, _ struct{}) (sdk.Page[sdk.Option], error) {
	type team struct{ ID, Name, Key string }
	var after *string
	if _, err := call.Cursor(&after); err != nil {
		return sdk.Page[sdk.Option]{}, err
	}
	got, err := query[struct {
		Teams struct {
			Nodes    []team
			PageInfo pageInfo
		}
	}](call, "teams", vars{"after": after})
	page := sdk.Page[sdk.Option]{Cursor: got.Teams.PageInfo.next()}
	for _, t := range got.Teams.Nodes {
		page.Items = append(page.Items, sdk.Option{Value: t.ID, Label: t.Name + " (" + t.Key + ")"})
	}
	return page, err
}

func whoami(call *sdk.Call) (map[string]string, error) {
	got, err := query[struct {
		Viewer struct {
			Name         string
			Organization struct{ Name string }
		}
	}](call, "viewer", vars{})
	if err != nil {
		return nil, err
	}
	return map[string]string{"user": got.Viewer.Name, "workspace": got.Viewer.Organization.Name}, nil
}
