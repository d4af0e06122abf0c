package tallyfy

import (
	"encoding/json"
	"net/http"
	"time"
)

// object is a JSON object on its way out.
type object map[string]any

// reply is what an endpoint answers.
type reply struct {
	status int
	body   any // nil means no body
	header http.Header
}

// write puts the reply into the answer.
func (p reply) write(a http.ResponseWriter) {
	for name, values := range p.header {
		a.Header()[name] = values
	}
	if p.body == nil {
		a.WriteHeader(p.status)
		return
	}
	body, err := json.Marshal(p.body)
	if err != nil { // only a value that Seed was given can be at fault
		p.status, body = http.StatusInternalServerError, []byte(`{"error":true,"message":"Server Error"}`)
	}
	a.Header().Set("Content-Type", "application/json")
	a.WriteHeader(p.status)
	_, _ = a.Write(body)
}

// one answers a single thing in its envelope.
func one(status int, v any) reply { return reply{status: status, body: object{"data": v}} }

// refuse answers an error. An empty code is left out.
func refuse(status int, code, message string) reply {
	body := object{"error": true, "message": message}
	if code != "" {
		body["code"] = code
	}
	return reply{status: status, body: body}
}

// invalid answers 422 with the messages of each field.
func invalid(errors map[string][]string) reply {
	return reply{status: http.StatusUnprocessableEntity, body: object{"error": true, "errors": errors}}
}

// refused answers 422 without naming a field.
func refused(message string) reply {
	return refuse(http.StatusUnprocessableEntity, "", message)
}

func notJSON() reply {
	return refuse(http.StatusBadRequest, "", "The request body is not valid JSON.")
}

func unauthenticated() reply { return refuse(http.StatusUnauthorized, "", "Unauthenticated.") }

func forbidden() reply {
	return refuse(http.StatusForbidden, "", "You don't have application's permissions for this organization!")
}

func noEndpoint() reply {
	return refuse(http.StatusNotFound, "ENDPOINT_NOT_FOUND", "The requested endpoint does not exist.")
}

func noResource(what string) reply {
	return refuse(http.StatusNotFound, "RESOURCE_NOT_FOUND", what+" not found.")
}

// tooMany answers 429. Its body has no "error", unlike the others.
func tooMany() reply {
	return reply{
		status: http.StatusTooManyRequests, header: http.Header{},
		body: object{"message": "Too Many Attempts.", "code": "RATE_LIMIT_EXCEEDED"},
	}
}

// failure is the body that goes with a status when a fault asks for it.
func failure(status int) reply {
	switch status {
	case http.StatusUnauthorized:
		return unauthenticated()
	case http.StatusForbidden:
		return forbidden()
	case http.StatusNotFound:
		return noResource("Resource")
	case http.StatusUnprocessableEntity:
		return invalid(map[string][]string{"checklist_id": {"The checklist id field is required."}})
	case http.StatusTooManyRequests:
		return tooMany()
	}
	return refuse(status, "", http.StatusText(status))
}

// stamp prints a time the way answers do, and none as null.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// orNull is null for the empty string.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// list is the slice, or an empty one, so that JSON says [] and not null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
