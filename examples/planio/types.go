package main

import "encoding/xml"

// ref is how Redmine names another object: <project id="3" name="Website"/>.
type ref struct {
	ID   int64  `xml:"id,attr"`
	Name string `xml:"name,attr"`
}

type xmlIssue struct {
	XMLName     xml.Name `xml:"issue"`
	ID          int64    `xml:"id"`
	Project     ref      `xml:"project"`
	Tracker     ref      `xml:"tracker"`
	Status      ref      `xml:"status"`
	AssignedTo  *ref     `xml:"assigned_to"`
	Subject     string   `xml:"subject"`
	Description string   `xml:"description"`
	DoneRatio   int      `xml:"done_ratio"`
	UpdatedOn   string   `xml:"updated_on"`
}

type xmlIssues struct {
	XMLName xml.Name   `xml:"issues"`
	Total   int        `xml:"total_count,attr"`
	Offset  int        `xml:"offset,attr"`
	Issues  []xmlIssue `xml:"issue"`
}

// Issue is an issue as recipes see it.
type Issue struct {
	ID          int64  `json:"id"`
	Project     string `json:"project"`
	Tracker     string `json:"tracker"`
	Status      string `json:"status"`
	Assignee    string `json:"assignee,omitempty"`
	Subject     string `json:"subject"`
	Description string `json:"description,omitempty"`
	DoneRatio   int    `json:"done_ratio"`
	UpdatedOn   string `json:"updated_on"`
}

func (x xmlIssue) issue() Issue {
	i := Issue{ID: x.ID, Project: x.Project.Name, Tracker: x.Tracker.Name, Status: x.Status.Name, Subject: x.Subject,
		Description: x.Description, DoneRatio: x.DoneRatio, UpdatedOn: x.UpdatedOn}
	if x.AssignedTo != nil {
		i.Assignee = x.AssignedTo.Name
	}
	return i
}

func (l xmlIssues) all() []Issue {
	out := make([]Issue, len(l.Issues))
	for i, x := range l.Issues {
		out[i] = x.issue()
	}
	return out
}

// write is the body of a new or changed issue. What is not given is left out.
type write struct {
	XMLName     xml.Name `xml:"issue" json:"-"`
	ProjectID   int64    `xml:"project_id,omitempty" json:"project_id"`
	Subject     *string  `xml:"subject" json:"subject"`
	Description *string  `xml:"description" json:"description"`
	DoneRatio   *int     `xml:"done_ratio" json:"done_ratio"`
	Notes       *string  `xml:"notes" json:"notes"`
}
