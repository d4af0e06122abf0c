// Command github is the guest of a connector that reads what GitHub shows to everybody.
package main

import (
	"net/url"
	"strconv"

	"patchbay/sdk"
)

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Action(c, "get_repository", getRepository)
	sdk.PagedAction(c, "list_releases", listReleases)
	sdk.Trigger(c, "issue_changed", issueChanged)
	return c
}

type repositoryInput struct {
	Owner      string `json:"owner"`
	Repository string `json:"repository"`
}

// get reads the repository itself, or with a part what is below it.
func (in repositoryInput) get(c *sdk.Call, out any, query url.Values, part ...string) error {
	api := c.HTTP("api")
	api.Header.Set("Accept", "application/vnd.github+json")
	api.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	resp, err := api.Get(sdk.Path(append([]string{"repos", in.Owner, in.Repository}, part...)...), query)
	if err != nil {
		return err
	}
	if !resp.OK() {
		return resp.Fault()
	}
	return resp.JSON(out)
}

type repository struct {
	ID            int64  `json:"id"`
	FullName      string `json:"full_name"`
	Description   string `json:"description,omitempty"`
	DefaultBranch string `json:"default_branch,omitempty"`
	Stars         int    `json:"stars"`
	Archived      bool   `json:"archived"`
}

func getRepository(c *sdk.Call, in repositoryInput) (repository, error) {
	var found struct {
		repository
		Stargazers int `json:"stargazers_count"`
	}
	if err := in.get(c, &found, nil); err != nil {
		return repository{}, err
	}
	if found.ID == 0 || found.FullName == "" {
		return repository{}, sdk.Faultf(sdk.Unavailable, "GitHub's answer has no repository in it; try again later")
	}
	found.Stars = found.Stargazers
	return found.repository, nil
}

type release struct {
	ID          int64  `json:"id"`
	Tag         string `json:"tag"`
	Name        string `json:"name,omitempty"`
	Prerelease  bool   `json:"prerelease"`
	PublishedAt string `json:"published_at,omitempty"`
}

const releasesPerPage = 50

// listReleases goes on until a page is not full. The cursor is the number of the next page.
func listReleases(c *sdk.Call, in repositoryInput) (sdk.Page[release], error) {
	page := 1
	if _, err := c.Cursor(&page); err != nil {
		return sdk.Page[release]{}, err
	}
	var found []struct {
		release
		TagName string `json:"tag_name"`
	}
	query := url.Values{"per_page": {strconv.Itoa(releasesPerPage)}, "page": {strconv.Itoa(page)}}
	if err := in.get(c, &found, query, "releases"); err != nil {
		return sdk.Page[release]{}, err
	}
	var p sdk.Page[release]
	for _, r := range found {
		if r.ID == 0 {
			continue
		}
		r.Tag = r.TagName
		p.Items = append(p.Items, r.release)
	}
	if len(found) == releasesPerPage {
		p.Cursor = page + 1
	}
	return p, nil
}
