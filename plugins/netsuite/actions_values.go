package main

import (
	"strings"

	"patchbay/sdk"
)

// recordRef names one record in an input: by internal id or by external id.
type recordRef struct {
	Type       string `json:"type"`
	ID         string `json:"id"`
	ExternalID string `json:"external_id"`
}

// path is the record's path below the grant's base URL.
func (r recordRef) path() (string, error) {
	switch {
	case r.ID != "" && r.ExternalID != "":
		return "", sdk.Faultf(sdk.InvalidInput, "give the record's id or its external_id, not both").At("/external_id")
	case r.ID != "":
		return recordPath(r.Type, r.ID), nil
	case r.ExternalID != "":
		return recordPath(r.Type, "eid:"+r.ExternalID), nil
	}
	return "", sdk.Faultf(sdk.InvalidInput, "give the record's id or its external_id").At("/id")
}

// recordPath is the path of a record type, or of one of its records.
func recordPath(segments ...string) string {
	return sdk.Path(append([]string{"record", "v1"}, segments...)...)
}

// locationID is the last segment of a Location header's path: https://…/record/v1/customer/647 is 647.
func locationID(location string) string {
	path, _, _ := strings.Cut(location, "?")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// realmForm writes an account as NetSuite shows it to people: the host form 1234567-sb1 is 1234567_SB1.
func realmForm(account string) string {
	return strings.ToUpper(strings.ReplaceAll(account, "-", "_"))
}

// dropLinks takes the links out of a record, and with them the sublists and subrecords that were not
// expanded, which consist of nothing else.
func dropLinks(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			dropLinks(e)
		}
	case map[string]any:
		delete(v, "links")
		for name, e := range v {
			if onlyLinks(e) {
				delete(v, name)
			}
			dropLinks(e)
		}
	}
}

func onlyLinks(v any) bool {
	m, _ := v.(map[string]any)
	_, ok := m["links"]
	return ok && len(m) == 1
}
