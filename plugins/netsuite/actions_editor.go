package main

import (
	"strings"

	"patchbay/sdk"
)

// What an editor asks while a person fills in an input: pick lists.

type recordTypesInput struct {
	Search string `json:"search"`
}

// recordTypes lists the account's record types, custom ones included, as its metadata names them.
func recordTypes(call *sdk.Call, in recordTypesInput) (sdk.Page[sdk.Option], error) {
	var types catalog
	if err := connect(call).get(&sdk.Request{Path: recordPath("metadata-catalog")}, &types); err != nil {
		return sdk.Page[sdk.Option]{}, err
	}
	if types.Items == nil {
		return sdk.Page[sdk.Option]{}, sdk.Faultf(sdk.Internal, "NetSuite's catalog of record types has no items")
	}
	page := sdk.Page[sdk.Option]{}
	for _, t := range types.Items {
		if strings.Contains(strings.ToLower(t.Name), strings.ToLower(in.Search)) {
			page.Items = append(page.Items, sdk.Option{Value: t.Name, Label: t.Name})
		}
	}
	return page, nil
}
