package main

import "patchbay/sdk"

// node is an issue as Linear has it.
type node struct {
	ID          string  `json:"id"`
	Identifier  string  `json:"identifier"`
	Title       string  `json:"title"`
	Description *string `json:"description"`
	Priority    float64 `json:"priority"`
	URL         string  `json:"url"`
	CreatedAt   string  `json:"createdAt"`
	UpdatedAt   string  `json:"updatedAt"`
	State       *struct {
		Name string `json:"name"`
	} `json:"state"`
	Assignee *struct {
		DisplayName string `json:"displayName"`
	} `json:"assignee"`
}

// Issue is an issue as recipes see it.
type Issue struct {
	ID          string  `json:"id"`
	Identifier  string  `json:"identifier"`
	Title       string  `json:"title"`
	Description *string `json:"description,omitempty"`
	Priority    int     `json:"priority"`
	State       string  `json:"state,omitempty"`
	Assignee    string  `json:"assignee,omitempty"`
	URL         string  `json:"url"`
	CreatedAt   string  `json:"created_at,omitempty"`
	UpdatedAt   string  `json:"updated_at"`
}

func (n node) issue() Issue {
	i := Issue{ID: n.ID, Identifier: n.Identifier, Title: n.Title, Description: n.Description, Priority: int(n.Priority),
		URL: n.URL, CreatedAt: n.CreatedAt, UpdatedAt: n.UpdatedAt}
	if n.State != nil {
		i.State = n.State.Name
	}
	if n.Assignee != nil {
		i.Assignee = n.Assignee.DisplayName
	}
	return i
}

type connection struct {
	Issues struct {
		Nodes    []node   `json:"nodes"`
		PageInfo pageInfo `json:"pageInfo"`
	} `json:"issues"`
}

func (c connection) all() []Issue {
	var list []Issue
	for _, n := range c.Issues.Nodes {
		list = append(list, n.issue())
	}
	return list
}

type listInput struct {
	TeamID string `json:"team_id"`
	State  string `json:"state"`
}

func listIssues(call *sdk.Call, in listInput) (sdk.Page[Issue], error) {
	filter := vars{"team": vars{"id": vars{"eq": in.TeamID}}}
	if in.State != "" {
		filter["state"] = vars{"type": vars{"eq": in.State}}
	}
	var after *string
	if _, err := call.Cursor(&after); err != nil {
		return sdk.Page[Issue]{}, err
	}
	got, err := query[connection](call, "issues", vars{"filter": filter, "after": after})
	return sdk.Page[Issue]{Items: got.all(), Cursor: got.Issues.PageInfo.next()}, err
}

type getInput struct {
	Issue string `json:"issue"`
}

func getIssue(call *sdk.Call, in getInput) (Issue, error) {
	got, err := query[struct {
		Issue *node `json:"issue"`
	}](call, "issue", vars{"id": in.Issue})
	if err != nil {
		return Issue{}, err
	}
	if got.Issue == nil {
		return Issue{}, sdk.Faultf(sdk.NotFound, "there is no issue %s, or the connection may not see it", in.Issue).At("/issue")
	}
	return got.Issue.issue(), nil
}

type createInput struct {
	TeamID      string  `json:"team_id"`
	Title       string  `json:"title"`
	Description *string `json:"description"`
	Priority    *int    `json:"priority"`
}

func createIssue(call *sdk.Call, in createInput) (Issue, error) {
	input := vars{"teamId": in.TeamID, "title": in.Title}
	set(input, "description", in.Description)
	set(input, "priority", in.Priority)
	got, err := query[struct {
		Done *done[node] `json:"issueCreate"`
	}](call, "create", vars{"input": input})
	if err != nil {
		return Issue{}, err
	}
	n, err := got.Done.result("filed the issue")
	if err != nil {
		return Issue{}, err
	}
	return n.issue(), nil
}

type updateInput struct {
	Issue       string  `json:"issue"`
	Title       *string `json:"title"`
	Description *string `json:"description"`
	Priority    *int    `json:"priority"`
}

func updateIssue(call *sdk.Call, in updateInput) (Issue, error) {
	input := vars{}
	set(input, "title", in.Title)
	set(input, "description", in.Description)
	set(input, "priority", in.Priority)
	got, err := query[struct {
		Done *done[node] `json:"issueUpdate"`
	}](call, "update", vars{"id": in.Issue, "input": input})
	if err != nil {
		return Issue{}, err
	}
	n, err := got.Done.result("changed the issue")
	if err != nil {
		return Issue{}, err
	}
	return n.issue(), nil
}

// set puts what was given into the variables.
func set[T any](v vars, name string, value *T) {
	if value != nil {
		v[name] = *value
	}
}
