package main

import (
	"encoding/xml"
	"strconv"

	"patchbay/sdk"
)

type timeEntry struct {
	XMLName    xml.Name `xml:"time_entry" json:"-"`
	IssueID    int64    `xml:"issue_id" json:"issue_id"`
	Hours      float64  `xml:"hours" json:"hours"`
	SpentOn    string   `xml:"spent_on" json:"spent_on"`
	ActivityID int64    `xml:"activity_id,omitempty" json:"activity_id"`
	Comments   string   `xml:"comments,omitempty" json:"comments"`
}

type logged struct {
	ID    int64   `json:"id"`
	Hours float64 `json:"hours"`
}

func logTime(call *sdk.Call, in timeEntry) (logged, error) {
	var out struct {
		XMLName xml.Name `xml:"time_entry"`
		ID      int64    `xml:"id"`
		Hours   float64  `xml:"hours"`
	}
	err := send(call, "POST", "/time_entries.xml", nil, in, &out)
	return logged{ID: out.ID, Hours: out.Hours}, err
}

type deleted struct {
	Deleted bool `json:"deleted"`
}

func deleteTimeEntry(call *sdk.Call, in struct{ ID int64 }) (deleted, error) {
	err := send(call, "DELETE", sdk.Path("time_entries", strconv.FormatInt(in.ID, 10)+".xml"), nil, nil, nil)
	return deleted{err == nil}, err
}
