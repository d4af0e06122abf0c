package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// What Tallyfy sends, as far as this connector reads it. Fields that may be null decode to their zero value.

type blueprint struct {
	ID          string  `json:"id"`
	Title       string  `json:"title"`
	Alias       string  `json:"alias"`
	Summary     string  `json:"summary"`
	Type        string  `json:"type"`
	OwnerID     userID  `json:"owner_id"`
	StepsCount  int     `json:"steps_count"`
	CreatedAt   string  `json:"created_at"`
	LastUpdated string  `json:"last_updated"`
	Prerun      []field `json:"prerun"` // only when one blueprint is read
}

// field is a field of a kick-off form.
type field struct {
	ID       string   `json:"id"` // "timeline id": the key of its value in a launch
	Alias    string   `json:"alias"`
	Label    string   `json:"label"`
	Type     string   `json:"field_type"`
	Required bool     `json:"required"`
	Options  []option `json:"options"`
	Columns  []column `json:"columns"`
}

// option is a choice. Its id and value are echoed as they came: Tallyfy compares them.
type option struct {
	ID    json.RawMessage `json:"id"`
	Text  string          `json:"text"`
	Value json.RawMessage `json:"value"`
}

type column struct {
	Label string `json:"label"`
}

type process struct {
	ID             string `json:"id"`
	IncrementID    int    `json:"increment_id"`
	Name           string `json:"name"`
	ChecklistID    string `json:"checklist_id"`
	ChecklistTitle string `json:"checklist_title"`
	Status         string `json:"status"`
	OwnerID        userID `json:"owner_id"`
	StartedBy      userID `json:"started_by"`
	PrerunStatus   string `json:"prerun_status"`
	CreatedAt      string `json:"created_at"`
	StartedAt      string `json:"started_at"`
}

type task struct {
	ID          string `json:"id"`
	IncrementID int    `json:"increment_id"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Status      string `json:"status"`
	TaskType    string `json:"task_type"`
	RunID       string `json:"run_id"`
	ChecklistID string `json:"checklist_id"`
	StepID      string `json:"step_id"`
	IsApproved  *bool  `json:"is_approved"`
	Deadline    string `json:"deadline"`
	StartedAt   string `json:"started_at"`
	CreatedAt   string `json:"created_at"`
	CompletedAt string `json:"completed_at"`
	CompleterID userID `json:"completer_id"`
	Owners      owners `json:"owners"`
	Taskdata    object `json:"taskdata"`
}

// completed goes by the status: a task that was reopened may keep its completed_at.
func (t task) completed() bool { return t.Status == "completed" }

// owners is who a task is assigned to. Users come as objects; guests and groups as objects or plain values.
type owners struct {
	Users  []party `json:"users"`
	Guests []party `json:"guests"`
	Groups []party `json:"groups"`
}

// party is a user, a guest or a group.
type party struct {
	ID       text   `json:"id"` // the e-mail address, if that is all that came
	Email    string `json:"email"`
	FullName string `json:"full_name"`
}

// UnmarshalJSON reads an object, or a plain id or e-mail address.
func (p *party) UnmarshalJSON(data []byte) error {
	if data[0] == '{' {
		type plain party // without this method
		return json.Unmarshal(data, (*plain)(p))
	}
	return json.Unmarshal(data, &p.ID)
}

// userID is the id of a party that is a user, 0 if it is none.
func (p party) userID() userID {
	n, _ := strconv.ParseInt(string(p.ID), 10, 64)
	return userID(n)
}

type user struct {
	ID        userID `json:"id"`
	Email     string `json:"email"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
}

type organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type comment struct {
	ID        text   `json:"id"`
	CreatedAt string `json:"created_at"`
}

// pagination is meta.pagination of a list. Its links are of four shapes, missing among them, so they are not read.
type pagination struct {
	CurrentPage int `json:"current_page"`
	TotalPages  int `json:"total_pages"`
}

// userID is an integer that Tallyfy writes as a number or as a string.
type userID int64

// UnmarshalJSON reads 1001, "1001" and null.
func (u *userID) UnmarshalJSON(data []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(data), `"`), 10, 64)
	if err == nil {
		*u = userID(n)
	}
	return nil // not worth losing the answer of a write for
}

// text is an id that is a string or a number.
type text string

// UnmarshalJSON reads "a", 12 and null.
func (t *text) UnmarshalJSON(data []byte) error {
	switch {
	case bytes.Equal(data, []byte("null")):
		return nil
	case data[0] == '"':
		return json.Unmarshal(data, (*string)(t))
	}
	*t = text(data)
	return nil
}

// object is a JSON object that is written [] when it is empty, as PHP does.
type object map[string]json.RawMessage

// UnmarshalJSON reads an object; anything else is taken for an empty one.
func (o *object) UnmarshalJSON(data []byte) error {
	if data[0] != '{' {
		return nil
	}
	return json.Unmarshal(data, (*map[string]json.RawMessage)(o))
}

// apiError is what the bodies of error responses say, in any of their shapes:
//
//	{"error": true, "message": "…", "code": "RESOURCE_NOT_FOUND"}
//	{"error": true, "errors": {"checklist_id": ["The checklist id field is required."]}}
//	{"message": "…", "details": {"title": "…"}}
//	{"error": {"code": "SEAT_POOL_EXHAUSTED", "message": "…", "details": {}}}
//	{"error": "invalid_client"}
type apiError struct {
	Code     string
	Message  string
	Problems map[string]string // by the vendor's name of a field
}

type errorBody struct {
	Error   json.RawMessage `json:"error"`
	Message text            `json:"message"`
	Code    text            `json:"code"`
	Errors  object          `json:"errors"`
	Details object          `json:"details"`
}

// parseError never fails: what it cannot read stays empty.
func parseError(body []byte) apiError {
	var b, inner errorBody
	if json.Unmarshal(body, &b) != nil {
		return apiError{}
	}
	if json.Unmarshal(b.Error, &inner) == nil && inner.Message != "" {
		b = inner
	}
	e := apiError{Code: string(b.Code), Message: string(b.Message), Problems: map[string]string{}}
	var word string
	if e.Message == "" && json.Unmarshal(b.Error, &word) == nil {
		e.Message = word
	}
	for _, problems := range []object{b.Details, b.Errors} {
		for name, value := range problems {
			e.Problems[name] = words(value)
		}
	}
	return e
}

// words joins a text or a list of texts.
func words(value json.RawMessage) string {
	var list []string
	if json.Unmarshal(value, &list) == nil {
		return strings.Join(list, " ")
	}
	var one text
	if json.Unmarshal(value, &one) == nil {
		return string(one)
	}
	return string(value)
}

// text is the message and every field's problem.
func (e apiError) text() string {
	parts := []string{}
	if e.Message != "" {
		parts = append(parts, strings.TrimSuffix(e.Message, "."))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Problems)) {
		parts = append(parts, name+": "+strings.TrimSuffix(e.Problems[name], "."))
	}
	return strings.Join(parts, "; ")
}
