package main

import (
	"encoding/xml"
	"net/url"
	"strings"

	"patchbay/sdk"
)

// send makes a request with an XML body, if there is one, and reads the XML of the answer into out, if it is wanted.
func send(call *sdk.Call, method, path string, query url.Values, in, out any) error {
	req := &sdk.Request{Method: method, Path: path, Query: query, Header: sdk.Header{"Accept": {"application/xml"}}}
	if in != nil {
		data, err := xml.Marshal(in)
		if err != nil {
			return sdk.Faultf(sdk.Internal, "write XML: %v", err)
		}
		req.Body = sdk.Body{ContentType: "application/xml", Bytes: append([]byte(xml.Header), data...)}
	}
	resp, err := call.HTTP("redmine").Do(req)
	if err != nil {
		return err
	}
	if !resp.OK() {
		return failure(resp)
	}
	if out == nil {
		return nil
	}
	if err := xml.Unmarshal(resp.Body, out); err != nil {
		return sdk.Faultf(sdk.Unavailable, "Planio answered %s with something that is not the XML that was asked for; try again later", path)
	}
	return nil
}

// failure says in Planio's words what is wrong: <errors><error>Subject cannot be blank</error></errors>.
func failure(resp *sdk.Response) error {
	f := resp.Fault()
	var errs struct {
		XMLName xml.Name `xml:"errors"`
		Errors  []string `xml:"error"`
	}
	if xml.Unmarshal(resp.Body, &errs) == nil && len(errs.Errors) > 0 {
		f.Message = "Planio: " + strings.Join(errs.Errors, "; ")
	}
	return f
}
