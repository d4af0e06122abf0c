package main

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"

	"patchbay/sdk"
)

type createRecordInput struct {
	Type   string          `json:"type"`
	Fields json.RawMessage `json:"fields"` // passed on as it came: no digit of an amount is lost
}

type recordOutput struct {
	Type       string `json:"type"`
	ID         string `json:"id,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
}

func createRecord(call *sdk.Call, in createRecordInput) (recordOutput, error) {
	id, err := connect(call).write(&sdk.Request{Method: "POST", Path: recordPath(in.Type), Body: sdk.JSON(in.Fields)})
	if err != nil {
		return recordOutput{}, err
	}
	call.Log.Info("created record", "type", in.Type, "id", id)
	return recordOutput{Type: in.Type, ID: id}, nil
}

type updateRecordInput struct {
	recordRef
	Fields          json.RawMessage `json:"fields"`
	Replace         []string        `json:"replace"`
	ReplaceSelected bool            `json:"replace_selected"`
}

func updateRecord(call *sdk.Call, in updateRecordInput) (recordOutput, error) {
	path, err := in.path()
	if err != nil {
		return recordOutput{}, err
	}
	query := replacing(in.Replace)
	if in.ReplaceSelected {
		query.Set("replaceSelectedFields", "true")
	}
	resp, err := connect(call).send(&sdk.Request{Method: "PATCH", Path: path, Query: query, Body: sdk.JSON(in.Fields)}, fieldPointer)
	if err != nil {
		return recordOutput{}, err
	}
	id := cmp.Or(in.ID, locationID(resp.Header.Get("Location")))
	call.Log.Info("updated record", "type", in.Type, "id", id)
	return recordOutput{Type: in.Type, ID: id, ExternalID: in.ExternalID}, nil
}

type upsertRecordInput struct {
	Type       string          `json:"type"`
	ExternalID string          `json:"external_id"`
	Fields     json.RawMessage `json:"fields"`
	Replace    []string        `json:"replace"`
}

func upsertRecord(call *sdk.Call, in upsertRecordInput) (recordOutput, error) {
	path, err := recordRef{Type: in.Type, ExternalID: in.ExternalID}.path()
	if err != nil {
		return recordOutput{}, err
	}
	id, err := connect(call).write(&sdk.Request{Method: "PUT", Path: path, Query: replacing(in.Replace), Body: sdk.JSON(in.Fields)})
	if err != nil {
		return recordOutput{}, err
	}
	call.Log.Info("upserted record", "type", in.Type, "id", id, "external_id", in.ExternalID)
	return recordOutput{Type: in.Type, ID: id, ExternalID: in.ExternalID}, nil
}

// replacing is the query that has whole sublists replaced instead of merged.
func replacing(sublists []string) url.Values {
	query := url.Values{}
	if len(sublists) > 0 {
		query.Set("replace", strings.Join(sublists, ","))
	}
	return query
}
