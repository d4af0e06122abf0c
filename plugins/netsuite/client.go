package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"patchbay/sdk"
)

// client speaks the REST API's dialect over the grant "api": its answers without bodies, and its errors.
type client struct {
	http *sdk.Client
}

func connect(call *sdk.Call) client {
	h := call.HTTP("api")
	h.Header.Set("Accept", "application/json")
	return client{http: h}
}

// get reads path into v.
func (c client) get(r *sdk.Request, v any) error {
	resp, err := c.send(r, pointerTo)
	if err != nil {
		return err
	}
	return resp.JSON(v)
}

// write sends a record and returns its internal id, which NetSuite tells only in the Location header.
func (c client) write(r *sdk.Request) (id string, err error) {
	resp, err := c.send(r, fieldPointer)
	if err != nil {
		return "", err
	}
	if id = locationID(resp.Header.Get("Location")); id == "" {
		return "", sdk.Faultf(sdk.Internal, "NetSuite wrote the record but did not say its id: look for it before you repeat the call")
	}
	return id, nil
}

// send sends a request; an error response is a fault. at names the input field that a path of the vendor's
// leads to, "" when there is none.
func (c client) send(r *sdk.Request, at func(string) string) (*sdk.Response, error) {
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	if !resp.OK() {
		return nil, fault(resp, at)
	}
	return resp, nil
}

// fault says what an error response means. The error code decides before the status: the limit on concurrency
// comes as 429 from some accounts and as 400 from others.
func fault(resp *sdk.Response, at func(string) string) *sdk.Fault {
	f := resp.Fault()
	e := parseError(resp.Body)
	f.Message = fmt.Sprintf("NetSuite answered %d", resp.Status)
	if text := e.text(); text != "" {
		f.Message += ": " + text
	}
	var codes []string
	for _, d := range e.Details {
		codes = append(codes, d.Code)
		if code := d.classify(); code != "" {
			f.Code = code
		}
	}
	if f.Code == sdk.Unauthorized {
		f.Message += ". The credential may have ended (access tokens last 60 minutes), or lack REST web services in its scope or role: connect with a new one"
	}
	f.Details, _ = json.Marshal(map[string]any{"status": resp.Status, "codes": codes})
	for _, d := range e.Details {
		if pointer := at(d.place()); pointer != "" && f.Code == sdk.InvalidInput {
			return f.At(pointer)
		}
	}
	return f
}

// classify is the fault code of an error code, "" when the status says enough.
func (d errorDetail) classify() sdk.Code {
	switch d.Code {
	case "CONCURRENCY_LIMIT_EXCEEDED", "REQUEST_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED":
		return sdk.RateLimited
	case "INVALID_LOGIN", "INVALID_LOGIN_ATTEMPT":
		return sdk.Unauthorized
	case "INSUFFICIENT_PERMISSION":
		return sdk.Forbidden
	case "NONEXISTENT_ID", "RCRD_DSNT_EXIST":
		return sdk.NotFound
	case "RCRD_HAS_BEEN_CHANGED":
		return sdk.Conflict
	case "USER_ERROR": // any business rule; a duplicate is told apart by its words alone
		if strings.Contains(d.Detail, "already exists") {
			return sdk.Conflict
		}
	}
	return ""
}

// place is where in the request the error is.
func (d errorDetail) place() string {
	if d.Path != "" {
		return d.Path
	}
	return d.QueryParam
}

// pointerTo is the JSON pointer of the input field that a query parameter or body property comes from.
func pointerTo(name string) string {
	switch name {
	case "q", "fields":
		return "/" + name
	case "limit":
		return "/page_size"
	case "expandSubResources":
		return "/expand"
	}
	return ""
}

// fieldPointer turns an error path such as item.items[0].item into a JSON pointer below the input's fields.
func fieldPointer(path string) string {
	switch path {
	case "":
		return ""
	case "replace":
		return "/replace"
	case "replaceSelectedFields":
		return "/replace_selected"
	}
	path = strings.NewReplacer("~", "~0", "/", "~1").Replace(path)
	return "/fields/" + strings.NewReplacer("[", "/", "].", "/", "]", "", ".", "/").Replace(path)
}
