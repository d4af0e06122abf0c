package main

import (
	"cmp"
	"embed"
	"strings"

	"patchbay/sdk"
)

//go:embed queries/*.graphql
var files embed.FS

// pageInfo says where a connection, which is a list in GraphQL's words, goes on.
type pageInfo struct {
	HasNextPage bool   `json:"hasNextPage"`
	EndCursor   string `json:"endCursor"`
}

// next is the cursor of the next page, nil on the last one.
func (p pageInfo) next() any {
	if !p.HasNextPage || p.EndCursor == "" {
		return nil
	}
	return p.EndCursor
}

type vars map[string]any

// query runs the document of that name and reads what stands under data into a T.
func query[T any](call *sdk.Call, document string, v vars) (T, error) {
	var out struct {
		Data *T `json:"data"`
	}
	var none T
	text, err := load(document)
	if err != nil {
		return none, err
	}
	resp, err := call.HTTP("graphql").Post("/graphql", sdk.JSON(map[string]any{"query": text, "variables": v}))
	if err != nil {
		return none, err
	}
	if !resp.OK() {
		return none, resp.Fault()
	}
	if err := resp.JSON(&out); err != nil {
		return none, err
	}
	if out.Data == nil {
		return none, sdk.Faultf(sdk.Unavailable, "Linear answered neither data nor an error; try again later")
	}
	return *out.Data, nil
}

// load reads a document, with the fragment that it uses.
func load(name string) (string, error) {
	text, err := files.ReadFile("queries/" + name + ".graphql")
	if err != nil {
		return "", sdk.Faultf(sdk.Internal, "query %s: %v", name, err)
	}
	if !strings.Contains(string(text), "...I") {
		return string(text), nil
	}
	fragment, err := files.ReadFile("queries/fragment.graphql")
	if err != nil {
		return "", sdk.Faultf(sdk.Internal, "query %s: %v", name, err)
	}
	return string(text) + string(fragment), nil
}

// done is the payload of a mutation: Linear may say that it did not succeed without an error. Each mutation has another
// name for its object.
type done[T any] struct {
	Success bool `json:"success"`
	Issue   *T   `json:"issue"`
	Comment *T   `json:"comment"`
}

// result is the object that a mutation made or changed.
func (d *done[T]) result(what string) (*T, error) {
	if d != nil && d.Success && (d.Issue != nil || d.Comment != nil) {
		return cmp.Or(d.Issue, d.Comment), nil
	}
	return nil, sdk.Faultf(sdk.InDoubt, "Linear does not say that it %s; look before you repeat it", what)
}
