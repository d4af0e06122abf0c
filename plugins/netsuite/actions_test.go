package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/sdk"
	"patchbay/sdk/sdktest"
	vendor "patchbay/testkit/vendors/netsuite"
)

// The cases under testdata show each operation against recorded answers. Here is what needs many variants,
// or a vendor that keeps state.

// answering is a host whose vendor gives the same answer to every request.
func answering(status int, header http.Header, body string) *sdktest.Host {
	return host(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
}

func host(vendor http.Handler) *sdktest.Host {
	h := sdktest.New(connector(), vendor)
	h.Fields = map[string]any{"account": "1234567"}
	return h
}

// detail is an error body with one reason.
func detail(code, text string) string {
	return fmt.Sprintf(`{"title": "Bad Request", "o:errorDetails": [{"detail": %q, "o:errorCode": %q}]}`, text, code)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const blocked = "Concurrent request limit exceeded. Request blocked."
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		code   sdk.Code
		want   string
		after  float64
	}{
		{"concurrency as 429", 429, nil, detail("CONCURRENCY_LIMIT_EXCEEDED", blocked), sdk.RateLimited, "NetSuite answered 429: Concurrent request limit exceeded. Request blocked (CONCURRENCY_LIMIT_EXCEEDED)", 0},
		{"concurrency as 400", 400, nil, detail("CONCURRENCY_LIMIT_EXCEEDED", blocked), sdk.RateLimited, "NetSuite answered 400: ", 0},
		{"frequency", 429, http.Header{"Retry-After": {"60"}}, detail("USER_ERROR", "Too many requests."), sdk.RateLimited, "Too many requests (USER_ERROR)", 60},
		{"frequency by code", 400, nil, detail("REQUEST_LIMIT_EXCEEDED", "x"), sdk.RateLimited, "", 0},
		{"login as 400", 400, nil, detail("INVALID_LOGIN_ATTEMPT", "x"), sdk.Unauthorized, "The credential may have ended", 0},
		{"permission as 400", 400, nil, detail("INSUFFICIENT_PERMISSION", "x"), sdk.Forbidden, "", 0},
		{"missing as 400", 400, nil, detail("NONEXISTENT_ID", "x"), sdk.NotFound, "", 0},
		{"changed as 400", 400, nil, detail("RCRD_HAS_BEEN_CHANGED", "x"), sdk.Conflict, "", 0},
		{"duplicate", 400, nil, detail("USER_ERROR", "This entity already exists."), sdk.Conflict, "This entity already exists (USER_ERROR)", 0},
		{"rule", 400, nil, detail("USER_ERROR", "Please enter value(s) for: Subsidiary."), sdk.InvalidInput, "", 0},
		{"method", 405, nil, `{"title": "Method Not Allowed"}`, sdk.Internal, "NetSuite answered 405: Method Not Allowed", 0},
		{"two reasons", 400, nil, `{"o:errorDetails": [{"detail": "A."}, {"detail": "B.", "o:errorCode": "INVALID_CONTENT"}]}`, sdk.InvalidInput, "NetSuite answered 400: A; B (INVALID_CONTENT)", 0},
		{"html", 503, nil, `<html>`, sdk.Unavailable, "NetSuite answered 503", 0},
		{"unexpected", 500, nil, detail("UNEXPECTED_ERROR", "An unexpected error occurred."), sdk.Unavailable, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := sdktest.Run[getRecordOutput](answering(tt.status, tt.header, tt.body), "get_record", map[string]any{"type": "customer", "id": "1"})
			f := wantFault(t, err, tt.code, tt.want, "")
			if f != nil && f.RetryAfter != tt.after {
				t.Errorf("retry after %v, want %v", f.RetryAfter, tt.after)
			}
		})
	}
}

// TestFaults_EveryOperation: none of them takes an outage for an answer.
func TestFaults_EveryOperation(t *testing.T) {
	t.Parallel()
	inputs := map[string]string{
		"get_record": `{"type": "customer", "id": "1"}`, "create_record": `{"type": "customer", "fields": {"a": 1}}`,
		"update_record": `{"type": "customer", "id": "1", "fields": {"a": 1}}`,
		"upsert_record": `{"type": "customer", "external_id": "1", "fields": {"a": 1}}`,
		"suiteql":       `{"q": "SELECT 1"}`, "record_types": `{}`, "test": `{}`,
	}
	for _, op := range operations(t) {
		t.Run(op.Name, func(t *testing.T) {
			t.Parallel()
			call := sdktest.Call{Kind: op.Kind, Operation: op.Name, Input: json.RawMessage(inputs[op.Name])}
			wantStatus(t, answering(503, nil, "down"), call, sdk.Unavailable)
			wantStatus(t, host(nil), call, sdk.Forbidden) // no http grant
		})
	}
}

func TestFaults_Details(t *testing.T) {
	t.Parallel()
	_, err := sdktest.Run[getRecordOutput](answering(400, nil, detail("INVALID_ID", "x")), "get_record", map[string]any{"type": "customer", "id": "1"})
	f := wantFault(t, err, sdk.InvalidInput, "", "")
	if got, want := string(f.Details), `{"codes":["INVALID_ID"],"status":400}`; got != want {
		t.Errorf("details %s, want %s", got, want)
	}
}

// TestLogs: what a write made can be found in the log, even if its answer never arrives.
func TestLogs(t *testing.T) {
	t.Parallel()
	for action, input := range map[string]string{
		"create_record": `{"type": "customer", "fields": {"a": 1}}`, "update_record": `{"type": "customer", "id": "647", "fields": {"a": 1}}`,
		"upsert_record": `{"type": "customer", "external_id": "E", "fields": {"a": 1}}`,
	} {
		h := answering(204, http.Header{"Location": {"/customer/647"}}, "")
		run[recordOutput](t, h, action, json.RawMessage(input))
		logs := h.Logs()
		if len(logs) != 1 || logs[0].Level != abi.LevelInfo || logs[0].Attrs["id"] != "647" {
			t.Errorf("%s: logged %+v, want one line with the id", action, logs)
		}
	}
}

// TestOneRecord: an update must name one record, in one way.
func TestOneRecord(t *testing.T) {
	t.Parallel()
	_, err := sdktest.Run[recordOutput](host(nil), "update_record", json.RawMessage(`{"type": "customer", "fields": {"a": 1}}`))
	wantFault(t, err, sdk.InvalidInput, "id or its external_id", "/id")
	_, err = sdktest.Run[recordOutput](host(nil), "upsert_record", json.RawMessage(`{"type": "customer", "fields": {"a": 1}}`))
	wantFault(t, err, sdk.InvalidInput, "id or its external_id", "/id")
}

func TestFaults_Field(t *testing.T) {
	t.Parallel()
	tests := []struct{ place, want string }{
		{`"o:errorPath": "email"`, "/fields/email"},
		{`"o:errorPath": "item.items[0].item"`, "/fields/item/items/0/item"},
		{`"o:errorPath": "addressBook.items[12]"`, "/fields/addressBook/items/12"},
		{`"o:errorPath": "a~b/c"`, "/fields/a~0b~1c"},
		{`"o:errorQueryParam": "replace"`, "/replace"},
		{`"o:errorQueryParam": "replaceSelectedFields"`, "/replace_selected"},
		{`"o:errorUrl": "/services/rest/record/v1/customer"`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.place, func(t *testing.T) {
			t.Parallel()
			h := answering(400, nil, `{"o:errorDetails": [{"detail": "No", "o:errorCode": "INVALID_CONTENT", `+tt.place+`}]}`)
			_, err := sdktest.Run[recordOutput](h, "update_record", map[string]any{"type": "customer", "id": "1", "fields": map[string]any{"a": 1}})
			wantFault(t, err, sdk.InvalidInput, "No", tt.want)
		})
	}
}

// TestFaults_FieldOnlyForInput: a pointer into the input would send people looking in the wrong place.
func TestFaults_FieldOnlyForInput(t *testing.T) {
	t.Parallel()
	h := answering(403, nil, `{"o:errorDetails": [{"detail": "No", "o:errorPath": "email"}]}`)
	_, err := sdktest.Run[recordOutput](h, "create_record", map[string]any{"type": "customer", "fields": map[string]any{"a": 1}})
	wantFault(t, err, sdk.Forbidden, "No", "")
}

func TestPointerTo(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"limit": "/page_size", "expandSubResources": "/expand", "fields": "/fields", "q": "/q", "offset": ""} {
		if got := pointerTo(name); got != want {
			t.Errorf("pointerTo(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestLocationID(t *testing.T) {
	t.Parallel()
	tests := []struct{ location, want string }{
		{"https://1234567.suitetalk.api.netsuite.com/services/rest/record/v1/customer/647", "647"},
		{"/services/rest/record/v1/customer/647?x=/1", "647"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := locationID(tt.location); got != tt.want {
			t.Errorf("locationID(%q) = %q, want %q", tt.location, got, tt.want)
		}
	}
}

func TestRealmForm(t *testing.T) {
	t.Parallel()
	for account, want := range map[string]string{"1234567": "1234567", "1234567-sb1": "1234567_SB1", "tstdrv1234567": "TSTDRV1234567"} {
		if got := realmForm(account); got != want {
			t.Errorf("realmForm(%q) = %q, want %q", account, got, want)
		}
	}
}

// TestRecord_Digits: an amount must come and go as it is written.
func TestRecord_Digits(t *testing.T) {
	t.Parallel()
	h := answering(200, nil, `{"id": "1", "total": 12345678901234567890.10, "rate": 1.0}`)
	got, err := sdktest.Run[json.RawMessage](h, "get_record", map[string]any{"type": "invoice", "id": "1"})
	if err != nil {
		t.Fatal(err)
	}
	if want := `"rate":1.0,"total":12345678901234567890.10`; !strings.Contains(string(got), want) {
		t.Errorf("output %s, want %s in it", got, want)
	}
	h = answering(204, http.Header{"Location": {"/x/1"}}, "")
	in := json.RawMessage(`{"type": "invoice", "fields": {"total": 12345678901234567890.10}}`)
	if _, err := sdktest.Run[recordOutput](h, "create_record", in); err != nil {
		t.Fatal(err)
	}
	if got, want := string(h.Requests()[0].Body), `{"total":12345678901234567890.10}`; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}

func TestDropLinks(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, record, want string }{
		{"own", `{"links": [1], "id": "1"}`, `{"id": "1"}`},
		{"reference", `{"entity": {"links": [], "id": "1"}}`, `{"entity": {"id": "1"}}`},
		{"sublist not expanded", `{"item": {"links": []}, "a": 1}`, `{"a": 1}`},
		{"empty object", `{"a": {}}`, `{"a": {}}`},
		{"lines", `{"item": {"items": [{"links": [], "n": 1, "sub": {"links": []}}]}}`, `{"item": {"items": [{"n": 1}]}}`},
		{"values", `{"a": null, "b": ["links"], "c": "links"}`, `{"a": null, "b": ["links"], "c": "links"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := parsed(t, tt.record)
			dropLinks(got)
			if diff := cmp.Diff(parsed(t, tt.want), got); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSuiteQL_Pages follows the cursor to the end.
func TestSuiteQL_Pages(t *testing.T) {
	t.Parallel()
	h := host(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		offset := r.FormValue("offset")
		fmt.Fprintf(w, `{"hasMore": %t, "items": [{"links": [], "id": %q}, {"id": "x"}]}`, offset != "4", offset)
	}))
	var ids []string
	var cursor any
	for range 10 {
		page, err := sdktest.RunPage[map[string]string](h, "suiteql", suiteQLInput{Q: "SELECT 1", PageSize: 2}, cursor)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, page.Items[0]["id"])
		if cursor = page.Cursor; cursor == nil {
			break
		}
	}
	if diff := cmp.Diff([]string{"0", "2", "4"}, ids); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func FuzzParseError(f *testing.F) {
	for _, s := range []string{`{"title": "T"}`, `{"o:errorDetails": [{"detail": "d", "o:errorCode": "C"}]}`, `[1]`, `null`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e := parseError(body)
		for _, d := range e.Details {
			if !strings.Contains(e.text(), strings.TrimSuffix(d.Detail, ".")) {
				t.Errorf("text %q lacks reason %q", e.text(), d.Detail)
			}
		}
	})
}

// FuzzFieldPointer: whatever path a vendor sends, the fault has a JSON pointer (RFC 6901).
func FuzzFieldPointer(f *testing.F) {
	for _, s := range []string{"item.items[0].item", "a~b/c", "]][[", "", "replace"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p := fieldPointer(path)
		if p != "" && p[0] != '/' {
			t.Errorf("fieldPointer(%q) = %q does not begin with a slash", path, p)
		}
		for rest := p; strings.Contains(rest, "~"); {
			_, rest, _ = strings.Cut(rest, "~")
			if !strings.HasPrefix(rest, "0") && !strings.HasPrefix(rest, "1") {
				t.Errorf("fieldPointer(%q) = %q has a bare ~", path, p)
			}
		}
	})
}

// TestVendor runs every operation against the server in memory: what one call leaves behind the next one meets.
func TestVendor(t *testing.T) {
	t.Parallel()
	server := vendor.New(vendor.Config{})
	t.Cleanup(server.Close)
	h := signedIn(server, vendor.AdminToken)

	order := run[getRecordOutput](t, h, "get_record", map[string]any{"type": "salesOrder", "external_id": "SHOP-1002", "expand": true})
	if order.ID != vendor.LargeOrder || order.ExternalID != "SHOP-1002" || order.Record["item"] == nil || order.Record["links"] != nil {
		t.Errorf("get_record: %+v", order)
	}
	if brief := run[getRecordOutput](t, h, "get_record", map[string]any{"type": "salesOrder", "id": vendor.LargeOrder}); brief.Record["item"] != nil {
		t.Errorf("get_record without expand has lines: %+v", brief.Record["item"])
	}
	made := run[recordOutput](t, h, "create_record", map[string]any{"type": "salesOrder", "fields": map[string]any{
		"entity": map[string]string{"externalId": "CRM-7"}, "memo": "rush", "item": lines(vendor.Widget, 3)}})
	update := map[string]any{"type": "salesOrder", "id": made.ID, "replace": []string{"item"}, "fields": map[string]any{
		"memo": nil, "custbody_tallyfy_process_id": "run-1", "item": lines(vendor.Pump, 1)}}
	run[recordOutput](t, h, "update_record", update)
	changed := run[getRecordOutput](t, h, "get_record", map[string]any{"type": "salesOrder", "id": made.ID, "expand": true}).Record
	items, _ := changed["item"].(map[string]any)["items"].([]any)
	if len(items) != 1 || changed["memo"] != nil || changed["custbody_tallyfy_process_id"] != "run-1" {
		t.Errorf("after update_record: %+v", changed)
	}
	customer := map[string]any{"type": "customer", "external_id": "CRM-9", "fields": map[string]any{
		"companyName": "Hooli", "subsidiary": map[string]string{"id": "1"}}}
	first := run[recordOutput](t, h, "upsert_record", customer)
	if again := run[recordOutput](t, h, "upsert_record", customer); again != first || first.ID == "" {
		t.Errorf("upsert_record: %+v, then %+v", first, again)
	}
	types, err := sdktest.Options(h, "record_types", recordTypesInput{Search: "SALES"}, nil)
	if err != nil || len(types.Items) != 1 || types.Items[0].Value != "salesOrder" {
		t.Errorf("record_types: %+v, %v", types, err)
	}
	if who, err := sdktest.Test[account](h, "test"); err != nil || who.Account != "1234567" || who.ServerTime == "" {
		t.Errorf("test: %+v, %v", who, err)
	}
}

func TestVendor_SuiteQL(t *testing.T) {
	t.Parallel()
	server := vendor.New(vendor.Config{})
	t.Cleanup(server.Close)
	h := signedIn(server, vendor.ReaderToken)
	in := suiteQLInput{Q: "SELECT id, tranid FROM transaction WHERE type = 'SalesOrd' ORDER BY id", PageSize: 2}
	var rows []string
	var cursor any
	for range 10 {
		page, err := sdktest.RunPage[map[string]string](h, "suiteql", in, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Items {
			rows = append(rows, row["tranid"])
		}
		if cursor = page.Cursor; cursor == nil {
			break
		}
	}
	if diff := cmp.Diff([]string{"SO10001", "SO10002", "SO10003", "SO10004", "SO10005"}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	_, err := sdktest.RunPage[map[string]string](h, "suiteql", suiteQLInput{Q: "SELECT foo FROM customer"}, nil)
	wantFault(t, err, sdk.InvalidInput, "foo", "*")
}

func TestVendor_Faults(t *testing.T) {
	t.Parallel()
	server := vendor.New(vendor.Config{ConcurrencyStatus: 400})
	t.Cleanup(server.Close)
	customer := map[string]any{"type": "customer", "fields": map[string]any{"companyName": "ACME", "subsidiary": map[string]string{"id": "1"}}}
	tests := []struct {
		name, token, action string
		input               map[string]any
		code                sdk.Code
		field               string
	}{
		{"unknown token", "nst-none", "get_record", map[string]any{"type": "customer", "id": vendor.Acme}, sdk.Unauthorized, ""},
		{"read only", vendor.ReaderToken, "create_record", customer, sdk.Forbidden, ""},
		{"unknown record", vendor.AdminToken, "get_record", map[string]any{"type": "customer", "id": "99999"}, sdk.NotFound, ""},
		{"unknown type", vendor.AdminToken, "get_record", map[string]any{"type": "spaceship", "id": "1"}, sdk.NotFound, ""},
		{"duplicate", vendor.AdminToken, "create_record", customer, sdk.Conflict, ""},
		{"mandatory field", vendor.AdminToken, "create_record", map[string]any{"type": "salesOrder", "fields": map[string]any{"memo": "x"}}, sdk.InvalidInput, ""},
		{"unknown field", vendor.AdminToken, "update_record", map[string]any{"type": "customer", "id": vendor.Acme, "fields": map[string]any{"shoeSize": 44}}, sdk.InvalidInput, "/fields/shoeSize"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := sdktest.Run[json.RawMessage](signedIn(server, tt.token), tt.action, tt.input)
			wantFault(t, err, tt.code, "", tt.field)
		})
	}
}

// lines is a sublist of one line.
func lines(item string, quantity int) map[string]any {
	return map[string]any{"items": []any{map[string]any{"item": map[string]string{"id": item}, "quantity": quantity}}}
}

// signedIn is a host that attaches a token, as the real one does.
func signedIn(server http.Handler, token string) *sdktest.Host {
	h := host(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+token)
		server.ServeHTTP(w, r)
	}))
	h.URLs = map[string]string{"api": "https://1234567.suitetalk.api.netsuite.com/services/rest"}
	return h
}

// operations is what the connector offers.
func operations(t *testing.T) []abi.Operation {
	t.Helper()
	r, err := host(nil).Do(sdktest.Call{Kind: abi.KindDescribe})
	var d abi.Description
	if err = errors.Join(err, json.Unmarshal(r.Output, &d)); err != nil || len(d.Operations) == 0 {
		t.Fatalf("describe: %d operations, %v", len(d.Operations), err)
	}
	return d.Operations
}

// wantStatus fails unless the call ends with a fault of that code.
func wantStatus(t *testing.T, h *sdktest.Host, call sdktest.Call, code sdk.Code) {
	t.Helper()
	r, err := h.Do(call)
	if err != nil || r.Status != abi.StatusFault || r.Fault.Code != code {
		t.Errorf("got %+v, %v, want a fault %s", r, err, code)
	}
}

// wantFault fails unless err is a fault of that code whose message has the text. Field "*" stands for any.
func wantFault(t *testing.T, err error, code sdk.Code, text, field string) *sdk.Fault {
	t.Helper()
	var f *sdk.Fault
	if !errors.As(err, &f) {
		t.Errorf("got error %v, want a fault %s", err, code)
		return nil
	}
	if f.Code != code || !strings.Contains(f.Message, text) || field != "*" && f.Field != field {
		t.Errorf("got fault %v, want %s at %q with %q", f, code, field, text)
	}
	return f
}

// parsed reads JSON with its numbers as they are written.
func parsed(t *testing.T, text string) any {
	t.Helper()
	if err := abi.CheckJSON([]byte(text)); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", text, err))
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// run runs an action that must succeed.
func run[Out any](t *testing.T, h *sdktest.Host, action string, input any) Out {
	t.Helper()
	out, err := sdktest.Run[Out](h, action, input)
	if err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	return out
}
