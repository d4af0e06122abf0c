package main

import (
	"encoding/json"
	"strings"
)

// What NetSuite sends, as far as this connector reads it.

// resultPage is one page of SuiteQL rows.
type resultPage struct {
	HasMore bool                         `json:"hasMore"`
	Items   []map[string]json.RawMessage `json:"items"`
}

// catalog is the list of record types of metadata-catalog.
type catalog struct {
	Items []struct {
		Name string `json:"name"`
	} `json:"items"`
}

// serverTime is the answer of system/v1/serverTime.
type serverTime struct {
	ServerTime string `json:"serverTime"`
}

// apiError is the body of an error response:
//
//	{"type": "https://…", "title": "Bad Request", "status": 400, "o:errorDetails": [
//	  {"detail": "Invalid value.", "o:errorCode": "INVALID_CONTENT", "o:errorPath": "item.items[0].item"}]}
type apiError struct {
	Title   string        `json:"title"`
	Details []errorDetail `json:"o:errorDetails"`
}

// errorDetail is one of an error's reasons.
type errorDetail struct {
	Detail     string `json:"detail"`
	Code       string `json:"o:errorCode"`
	Path       string `json:"o:errorPath"`       // into the request's body
	QueryParam string `json:"o:errorQueryParam"` // name of a query parameter
}

// parseError never fails: what it cannot read stays empty. A gateway answers in HTML, and a refused token
// may come without any body.
func parseError(body []byte) apiError {
	var e apiError
	if json.Unmarshal(body, &e) != nil {
		return apiError{}
	}
	return e
}

// text is every reason with its code, or the title when there is none.
func (e apiError) text() string {
	parts := []string{}
	for _, d := range e.Details {
		part := strings.TrimSuffix(d.Detail, ".")
		if d.Code != "" {
			part += " (" + d.Code + ")"
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return e.Title
	}
	return strings.Join(parts, "; ")
}
