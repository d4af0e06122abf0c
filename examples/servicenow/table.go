package main

import (
	"net/url"
	"strconv"

	"patchbay/sdk"
)

const pageSize = 100

// list reads the rows of a table that match an encoded query, from the offset on, and whether more follow.
func list[Row any](call *sdk.Call, table, query string, offset int) (rows []Row, more bool, err error) {
	resp, err := get(call, sdk.Path(table), url.Values{
		"sysparm_query": {query}, "sysparm_limit": {strconv.Itoa(pageSize)}, "sysparm_offset": {strconv.Itoa(offset)},
	})
	if err != nil {
		return nil, false, err
	}
	var body struct {
		Result []Row `json:"result"`
	}
	if err := resp.JSON(&body); err != nil {
		return nil, false, err
	}
	// A user who may not see some rows gets shorter pages, so only the link tells whether more follow.
	return body.Result, len(body.Result) > 0 && resp.Link("next") != "", nil
}

// one reads one row.
func one[Row any](call *sdk.Call, table, id string) (Row, error) {
	var body struct {
		Result *Row `json:"result"`
	}
	resp, err := get(call, sdk.Path(table, id), nil)
	if err == nil {
		err = resp.JSON(&body)
	}
	if err == nil && body.Result == nil {
		err = sdk.Faultf(sdk.Unavailable, "ServiceNow's answer has no result; try again later")
	}
	if err != nil {
		return *new(Row), err
	}
	return *body.Result, nil
}

// get asks for JSON: without being asked some instances answer XML. One that sleeps answers 200 with a page for people, which
// the SDK takes for unavailable when it is read.
func get(call *sdk.Call, path string, query url.Values) (*sdk.Response, error) {
	api := call.HTTP("table")
	api.Header.Set("Accept", "application/json")
	resp, err := api.Get(path, query)
	if err == nil && !resp.OK() {
		err = resp.Fault()
	}
	return resp, err
}
