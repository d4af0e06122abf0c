package main

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"patchbay/sdk"
)

type getRecordInput struct {
	recordRef
	Expand bool     `json:"expand"`
	Fields []string `json:"fields"`
}

type getRecordOutput struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	ExternalID string         `json:"external_id,omitempty"`
	Record     map[string]any `json:"record"`
}

func getRecord(call *sdk.Call, in getRecordInput) (getRecordOutput, error) {
	path, err := in.path()
	if err != nil {
		return getRecordOutput{}, err
	}
	query := url.Values{}
	if in.Expand {
		query.Set("expandSubResources", "true")
	}
	if len(in.Fields) > 0 {
		query.Set("fields", strings.Join(in.Fields, ","))
	}
	var record map[string]any
	if err := connect(call).get(&sdk.Request{Path: path, Query: query}, &record); err != nil {
		return getRecordOutput{}, err
	}
	dropLinks(record)
	id, _ := record["id"].(string)
	externalID, _ := record["externalId"].(string)
	return getRecordOutput{Type: in.Type, ID: cmp.Or(id, in.ID), ExternalID: cmp.Or(externalID, in.ExternalID), Record: record}, nil
}

type suiteQLInput struct {
	Q        string `json:"q"`
	PageSize int    `json:"page_size"`
}

type row map[string]json.RawMessage

// suiteQL returns one page; its cursor is the next page's offset.
func suiteQL(call *sdk.Call, in suiteQLInput) (sdk.Page[row], error) {
	offset, size := 0, cmp.Or(in.PageSize, 100)
	if _, err := call.Cursor(&offset); err != nil {
		return sdk.Page[row]{}, err
	}
	r := &sdk.Request{
		Method: "POST",
		Path:   "/query/v1/suiteql",
		Query:  url.Values{"limit": {strconv.Itoa(size)}, "offset": {strconv.Itoa(offset)}},
		Header: sdk.Header{"Prefer": {"transient"}}, // required, though there is no other kind
		Body:   sdk.JSON(map[string]string{"q": in.Q}),
	}
	var page resultPage
	if err := connect(call).get(r, &page); err != nil {
		return sdk.Page[row]{}, err
	}
	if page.Items == nil {
		return sdk.Page[row]{}, sdk.Faultf(sdk.Internal, "NetSuite's answer to the query has no /items")
	}
	out := sdk.Page[row]{}
	for _, item := range page.Items {
		delete(item, "links")
		out.Items = append(out.Items, row(item))
	}
	if page.HasMore {
		out.Cursor = offset + size
	}
	return out, nil
}

type account struct {
	Account    string `json:"account"`
	ServerTime string `json:"server_time"`
}

// test proves that the token is good for the connection's account; any role may ask for the time.
func test(call *sdk.Call) (account, error) {
	var now serverTime
	if err := connect(call).get(&sdk.Request{Path: "/system/v1/serverTime"}, &now); err != nil {
		return account{}, err
	}
	return account{Account: realmForm(call.Field("account")), ServerTime: now.ServerTime}, nil
}
