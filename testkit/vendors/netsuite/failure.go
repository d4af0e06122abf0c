package netsuite

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// failure is an error answer.
type failure struct {
	status int
	title  string // "" means the status's own words
	detail detail
	header http.Header
}

// detail is one entry of o:errorDetails.
type detail struct {
	Detail string `json:"detail"`
	Code   string `json:"o:errorCode"`
	Path   string `json:"o:errorPath,omitempty"`
	Query  string `json:"o:errorQueryParam,omitempty"`
	Header string `json:"o:errorHeader,omitempty"`
}

func fail(status int, code, format string, args ...any) *failure {
	return &failure{
		status: status, header: http.Header{},
		detail: detail{Detail: fmt.Sprintf(format, args...), Code: code},
	}
}

// badContent refuses a value in a body; path leads to it.
func badContent(path, format string, args ...any) *failure {
	return fail(http.StatusBadRequest, "INVALID_CONTENT", format, args...).at(path)
}

// badParameter refuses a query parameter.
func badParameter(name, format string, args ...any) *failure {
	f := fail(http.StatusBadRequest, "INVALID_PARAMETER", format, args...)
	f.detail.Query = name
	return f
}

// broken refuses what a business rule forbids.
func broken(format string, args ...any) *failure {
	return fail(http.StatusBadRequest, "USER_ERROR", "Error while accessing a resource. "+format, args...)
}

// nothing is the answer for a record, type or path that does not exist.
func nothing(format string, args ...any) *failure {
	return fail(http.StatusNotFound, "NONEXISTENT_ID", format, args...)
}

// at sets the path of the value at fault.
func (f *failure) at(path string) *failure {
	f.detail.Path = path
	return f
}

// section is the part of RFC 9110 that defines the status, which is all that "type" says.
func section(status int) string {
	switch {
	case status == http.StatusTooManyRequests:
		return "https://www.rfc-editor.org/rfc/rfc6585.html#section-4"
	case status >= 500:
		return fmt.Sprintf("https://www.rfc-editor.org/rfc/rfc9110.html#section-15.6.%d", status-499)
	}
	return fmt.Sprintf("https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.%d", status-399)
}

// write puts the failure into the answer.
func (f *failure) write(w http.ResponseWriter) {
	for name, values := range f.header {
		w.Header()[name] = values
	}
	title := f.title
	if title == "" {
		title = http.StatusText(f.status)
	}
	// Strings and an int cannot fail to encode.
	body, _ := json.Marshal(map[string]any{
		"type": section(f.status), "title": title, "status": f.status, "o:errorDetails": []detail{f.detail},
	})
	w.Header().Set("Content-Type", "application/vnd.oracle.resource+json; type=error; charset=UTF-8")
	w.WriteHeader(f.status)
	_, _ = w.Write(body)
}

// failureFor is the failure that goes with a status when a fault asks for it.
func (s *Server) failureFor(status int) *failure {
	switch status {
	case http.StatusUnauthorized:
		return s.badLogin()
	case http.StatusForbidden:
		return fail(status, "INSUFFICIENT_PERMISSION", "Permission Violation: your role does not allow this.")
	case http.StatusNotFound:
		return nothing("The record instance does not exist.")
	case http.StatusTooManyRequests:
		return fail(status, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.")
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return fail(status, "USER_ERROR", "Error while accessing a resource.")
	}
	return fail(status, "UNEXPECTED_ERROR", "An unexpected error has occurred.")
}
