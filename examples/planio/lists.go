package main

import (
	"encoding/xml"
	"net/url"
	"strconv"

	"patchbay/sdk"
)

// choice is an element of a list of names.
type choice struct {
	ID   int64  `xml:"id"`
	Name string `xml:"name"`
}

func options(list []choice) []sdk.Option {
	var out []sdk.Option
	for _, c := range list {
		out = append(out, sdk.Option{Value: c.ID, Label: c.Name})
	}
	return out
}

func projects(call *sdk.Call, _ struct{}) (sdk.Page[sdk.Option], error) {
	var offset int
	if _, err := call.Cursor(&offset); err != nil {
		return sdk.Page[sdk.Option]{}, err
	}
	var got struct {
		XMLName  xml.Name `xml:"projects"`
		Total    int      `xml:"total_count,attr"`
		Projects []choice `xml:"project"`
	}
	query := url.Values{"limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(offset)}}
	if err := send(call, "GET", "/projects.xml", query, nil, &got); err != nil {
		return sdk.Page[sdk.Option]{}, err
	}
	page := sdk.Page[sdk.Option]{Items: options(got.Projects)}
	if end := offset + len(got.Projects); len(got.Projects) > 0 && end < got.Total {
		page.Cursor = end
	}
	return page, nil
}

func activities(call *sdk.Call, _ struct{}) (sdk.Page[sdk.Option], error) {
	var got struct {
		XMLName    xml.Name `xml:"time_entry_activities"`
		Activities []choice `xml:"time_entry_activity"`
	}
	err := send(call, "GET", "/enumerations/time_entry_activities.xml", nil, nil, &got)
	return sdk.Page[sdk.Option]{Items: options(got.Activities)}, err
}

func me(call *sdk.Call) (any, error) {
	var got struct {
		XMLName xml.Name `xml:"user"`
		Login   string   `xml:"login"`
		First   string   `xml:"firstname"`
		Last    string   `xml:"lastname"`
	}
	err := send(call, "GET", "/users/current.xml", nil, nil, &got)
	return map[string]string{"login": got.Login, "name": got.First + " " + got.Last}, err
}
