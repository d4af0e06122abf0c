package main

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

type incident struct {
	ID         string `json:"id"`
	Number     string `json:"number"`
	Summary    string `json:"summary,omitempty"`
	Priority   int    `json:"priority,omitempty"`
	State      string `json:"state,omitempty"`
	AssignedTo string `json:"assigned_to,omitempty"`
	UpdatedAt  string `json:"updated_at,omitempty"`
}

// UnmarshalJSON reads a row of the table, in which every value is a text and what is empty is "".
func (i *incident) UnmarshalJSON(data []byte) error {
	var row struct {
		SysID      string    `json:"sys_id"`
		Number     string    `json:"number"`
		Summary    string    `json:"short_description"`
		Priority   string    `json:"priority"`
		State      string    `json:"state"`
		AssignedTo reference `json:"assigned_to"`
		UpdatedOn  string    `json:"sys_updated_on"`
	}
	if err := json.Unmarshal(data, &row); err != nil {
		return err
	}
	if row.SysID == "" || row.Number == "" {
		return errors.New("a row of the table incident has no sys_id or no number")
	}
	priority, _ := strconv.Atoi(row.Priority) // 0, which is left out, for an instance with priorities of its own
	*i = incident{row.SysID, row.Number, row.Summary, priority, nameOf(row.State), string(row.AssignedTo), timeOf(row.UpdatedOn)}
	return nil
}

// reference is the sys_id of another row: {"link": ..., "value": ...}, or "" for none.
type reference string

func (r *reference) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, (*string)(r))
	}
	var object struct {
		Value string `json:"value"`
	}
	err := json.Unmarshal(data, &object)
	*r = reference(object.Value)
	return err
}

// states are the words for the numbers that every instance begins with.
var states = [...]struct{ number, name string }{
	{"1", "new"}, {"2", "in_progress"}, {"3", "on_hold"}, {"6", "resolved"}, {"7", "closed"},
}

func nameOf(number string) string {
	for _, s := range states {
		if s.number == number {
			return s.name
		}
	}
	return number
}

func numberOf(name string) string {
	for _, s := range states {
		if s.name == name {
			return s.number
		}
	}
	return name
}

// timeOf writes ServiceNow's time, which is UTC, as ISO 8601; it is empty for what is no time.
func timeOf(s string) string {
	t, err := time.Parse(time.DateTime, s)
	if err != nil {
		return ""
	}
	return t.Format(time.RFC3339)
}
