package main

import (
	"encoding/json"
	"net/url"
	"strconv"

	"patchbay/sdk"
)

type issue struct {
	ID        int64  `json:"id"`
	Number    int    `json:"number,omitempty"`
	Title     string `json:"title,omitempty"`
	State     string `json:"state,omitempty"`
	UpdatedAt string `json:"updated_at"`
	URL       string `json:"url,omitempty"`
}

// place is where the next poll begins. GitHub's since includes the very second, so an issue that changes in the second of
// the last one seen is found too; what comes again is known by its id and time.
type place struct {
	Since string `json:"since,omitempty"`
	Page  int    `json:"page,omitempty"` // above 1 only while more than a page changed in one second
}

const issuesPerPage = 100

// issueChanged reads a page of what has changed since, the oldest change first. The first poll begins with the oldest issue.
func issueChanged(c *sdk.Call, in repositoryInput) (sdk.Page[issue], error) {
	at := place{}
	if _, err := c.Cursor(&at); err != nil {
		return sdk.Page[issue]{}, err
	}
	var found []struct {
		issue
		HTMLURL     string          `json:"html_url"`
		PullRequest json.RawMessage `json:"pull_request"`
	}
	if err := in.get(c, &found, at.query(), "issues"); err != nil {
		return sdk.Page[issue]{}, err
	}
	var p sdk.Page[issue]
	last := at.Since
	for _, f := range found {
		last = max(last, f.UpdatedAt)
		if f.PullRequest != nil || f.ID == 0 || f.UpdatedAt == "" {
			continue
		}
		f.URL = f.HTMLURL
		p.Items = append(p.Items, f.issue)
	}
	p.Cursor = at.next(last, len(found))
	return p, nil
}

func (p place) query() url.Values {
	q := url.Values{"state": {"all"}, "sort": {"updated"}, "direction": {"asc"}, "per_page": {strconv.Itoa(issuesPerPage)}}
	if p.Since != "" {
		q.Set("since", p.Since)
	}
	if p.Page > 1 {
		q.Set("page", strconv.Itoa(p.Page))
	}
	return q
}

// next moves on to the last change seen, or turns the page where a full one has but one second in it.
func (p place) next(last string, n int) place {
	if n == issuesPerPage && last == p.Since {
		return place{Since: last, Page: max(p.Page, 1) + 1}
	}
	return place{Since: last}
}
