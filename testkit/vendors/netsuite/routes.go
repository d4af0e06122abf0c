package netsuite

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"patchbay/testkit/vendors/simulated"
)

const (
	restPath   = "/services/rest"
	recordPath = restPath + "/record/v1"

	singular   = "application/vnd.oracle.resource+json; type=singular; charset=UTF-8"
	collection = "application/vnd.oracle.resource+json; type=collection; charset=UTF-8"
)

// object is a JSON object.
type object map[string]any

// reply is what an endpoint answers when it succeeds.
type reply struct {
	status int
	kind   string // media type
	body   any    // nil means no body
	header http.Header
}

// call is one authorised request.
type call struct {
	r    *http.Request
	base string // what links begin with
	now  time.Time
}

// endpoint answers a call. The server's lock is held while it runs.
type endpoint func(*call) (reply, *failure)

// routes fills the mux.
func (s *Server) routes() {
	for pattern, run := range map[string]endpoint{
		"GET " + restPath + "/system/v1/serverTime":           s.serverTime,
		"GET " + recordPath + "/metadata-catalog":             s.listTypes,
		"GET " + recordPath + "/metadata-catalog/{type}":      s.describeType,
		"GET " + recordPath + "/{type}":                       s.listRecords,
		"POST " + recordPath + "/{type}":                      s.createRecord,
		"GET " + recordPath + "/{type}/{id}":                  s.getRecord,
		"PATCH " + recordPath + "/{type}/{id}":                s.updateRecord,
		"PUT " + recordPath + "/{type}/{id}":                  s.upsertRecord,
		"DELETE " + recordPath + "/{type}/{id}":               s.deleteRecord,
		"GET " + recordPath + "/{type}/{id}/{sublist}":        s.getSublist,
		"GET " + recordPath + "/{type}/{id}/{sublist}/{line}": s.getLine,
		"POST " + restPath + "/query/v1/suiteql":              s.suiteQL,
	} {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			answer, f := run(&call{r: r, base: s.base(r), now: s.config.Clock().UTC()})
			if f != nil {
				f.write(w)
				return
			}
			answer.write(w)
		})
	}
}

// perform answers the request by its route.
func (s *Server) perform(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodOptions && strings.HasPrefix(r.URL.Path, restPath+"/") {
		w.Header().Set("Allow", "GET, POST, PATCH, PUT, DELETE, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if f := s.admit(r); f != nil {
		f.write(w)
		return
	}
	if _, pattern := s.mux.Handler(r); pattern == "" {
		s.unrouted(r).write(w)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// admit checks credentials, permission and media type, in this order.
func (s *Server) admit(r *http.Request) *failure {
	role, f := s.authenticate(r)
	if f != nil {
		return f
	}
	reading := r.Method == http.MethodGet || r.Method == http.MethodHead || strings.HasSuffix(r.URL.Path, "/suiteql")
	if role.ReadOnly && !reading {
		return fail(http.StatusForbidden, "INSUFFICIENT_PERMISSION",
			"Permission Violation: you need a higher level of permission to access this page.")
	}
	if !slices.Contains([]string{"POST", "PATCH", "PUT"}, r.Method) {
		return nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" && kind != "application/vnd.oracle.resource+json" {
		return fail(http.StatusUnsupportedMediaType, "INVALID_HEADER", "The media type of the request is not supported.")
	}
	return nil
}

// unrouted is the failure for a path or a method that is not served. The mux knows which, and what would be
// allowed.
func (s *Server) unrouted(r *http.Request) *failure {
	probe := simulated.NewBuffer()
	s.mux.ServeHTTP(probe, r)
	if probe.Status == http.StatusMethodNotAllowed {
		f := fail(probe.Status, "INVALID_REQUEST", "The method %s is not allowed here.", r.Method)
		f.header.Set("Allow", probe.Header().Get("Allow"))
		return f
	}
	return nothing("The requested path does not exist.")
}

// write puts the reply into the answer.
func (p reply) write(w http.ResponseWriter) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	if p.body == nil {
		w.WriteHeader(p.status)
		return
	}
	// Bodies are made of strings, numbers and lists of them, which cannot fail to encode.
	body, _ := json.Marshal(p.body)
	w.Header().Set("Content-Type", p.kind)
	w.WriteHeader(p.status)
	_, _ = w.Write(body)
}

// ok answers 200.
func ok(kind string, body any) (reply, *failure) {
	return reply{status: http.StatusOK, kind: kind, body: body}, nil
}

// written answers 204 with the record's address.
func (c *call) written(rec *record) (reply, *failure) {
	return reply{status: http.StatusNoContent, header: http.Header{"Location": {c.recordURL(rec)}}}, nil
}

// base is what links in answers begin with.
func (s *Server) base(r *http.Request) string {
	if s.config.BaseURL != "" {
		return strings.TrimSuffix(s.config.BaseURL, "/")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// recordURL is the record's address.
func (c *call) recordURL(rec *record) string {
	return c.base + recordPath + "/" + rec.kind.name + "/" + strconv.Itoa(rec.id)
}

// body reads the request's JSON object.
func (c *call) body() (object, *failure) {
	data, err := io.ReadAll(c.r.Body)
	body := object{}
	if err != nil || json.Unmarshal(data, &body) != nil || body == nil {
		return nil, fail(http.StatusBadRequest, "INVALID_CONTENT", "Invalid content in the request body: a JSON object is expected.")
	}
	return body, nil
}

// serverTime answers GET /system/v1/serverTime.
func (s *Server) serverTime(c *call) (reply, *failure) {
	return ok("application/json", object{"serverTime": c.now.Format("2006-01-02T15:04:05.000Z")})
}
