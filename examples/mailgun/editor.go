package main

import (
	"net/url"
	"strconv"

	"patchbay/sdk"
)

const pageSize = 100

// lists are the choices of the field list. Mailgun gives the address of a next page behind the last one too, so a page that is
// not full ends them.
func lists(c *sdk.Call, _ struct{}) (sdk.Page[sdk.Option], error) {
	var next string
	if _, err := c.Cursor(&next); err != nil {
		return sdk.Page[sdk.Option]{}, err
	}
	r := sdk.Request{Path: "/lists/pages", Query: url.Values{"limit": {strconv.Itoa(pageSize)}}}
	if next != "" {
		r = sdk.Request{URL: next}
	}
	var found struct {
		Items  []list `json:"items"`
		Paging struct {
			Next string `json:"next"`
		} `json:"paging"`
	}
	if err := ask(c, r, nil, &found); err != nil {
		return sdk.Page[sdk.Option]{}, err
	}
	var p sdk.Page[sdk.Option]
	for _, l := range found.Items {
		label := l.Address
		if l.Name != "" {
			label = l.Name + " (" + l.Address + ")"
		}
		p.Items = append(p.Items, sdk.Option{Value: l.Address, Label: label})
	}
	if len(found.Items) >= pageSize && found.Paging.Next != "" && found.Paging.Next != next {
		p.Cursor = found.Paging.Next
	}
	return p, nil
}

type varsInput struct {
	List string `json:"list"`
}

type schema struct {
	Type                 string            `json:"type"`
	Properties           map[string]schema `json:"properties,omitempty"`
	AdditionalProperties *schema           `json:"additionalProperties,omitempty"`
}

// memberVars is what the first members of a list have. Another name is allowed: somebody has to be the first to have it.
func memberVars(c *sdk.Call, in varsInput) (schema, error) {
	var found struct {
		Items []struct {
			Vars map[string]any `json:"vars"`
		} `json:"items"`
	}
	r := sdk.Request{Path: sdk.Path("lists", in.List, "members", "pages"), Query: url.Values{"limit": {strconv.Itoa(pageSize)}}}
	if err := ask(c, r, nil, &found); err != nil {
		return schema{}, err
	}
	text := schema{Type: "string"}
	s := schema{Type: "object", Properties: map[string]schema{}, AdditionalProperties: &text}
	for _, m := range found.Items {
		for name := range m.Vars {
			s.Properties[name] = text
		}
	}
	return s, nil
}

type account struct {
	Host string `json:"host"`
}

func test(c *sdk.Call) (account, error) {
	var answer struct{}
	err := ask(c, sdk.Request{Path: "/lists/pages", Query: url.Values{"limit": {"1"}}}, nil, &answer)
	return account{c.Field("host")}, err
}
