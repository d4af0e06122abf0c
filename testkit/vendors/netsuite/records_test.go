package netsuite_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/netsuite"
	"patchbay/testkit/vendors/simulated"
)

func TestGetOrder(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	order := c.want(200, "GET", "/record/v1/salesOrder/1?expandSubResources=true", "")
	// The documented example, with the links it leaves out.
	want := object(t, `{"links":[{"rel":"self","href":"`+records+`/salesOrder/1"}],"id":"1","externalId":"SHOP-1001","tranId":"SO10001",
		"entity":{"links":[{"rel":"self","href":"`+records+`/customer/107"}],"id":"107","refName":"ACME"},
		"status":{"id":"A","refName":"Pending Approval"},"orderStatus":{"id":"A","refName":"Pending Approval"},
		"tranDate":"2026-03-01","createdDate":"2026-03-01T08:00:00Z","lastModifiedDate":"2026-03-01T09:05:00Z",
		"currency":{"links":[{"rel":"self","href":"`+records+`/currency/1"}],"id":"1","refName":"USD"},"exchangeRate":1.0,
		"subsidiary":{"links":[{"rel":"self","href":"`+records+`/subsidiary/1"}],"id":"1","refName":"Parent Company"},
		"memo":"","subtotal":371.85,"total":371.85,"custbody_tallyfy_process_id":null,"custbody_approval_status":null,
		"item":{"links":[{"rel":"self","href":"`+records+`/salesOrder/1/item"}],"items":[{
			"links":[{"rel":"self","href":"`+records+`/salesOrder/1/item/1"}],"line":1,
			"item":{"links":[{"rel":"self","href":"`+records+`/inventoryItem/567"}],"id":"567","refName":"Widget"},
			"quantity":3.0,"rate":123.95,"amount":371.85}],"totalResults":1,"count":1,"hasMore":false,"offset":0}}`)
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if got := c.header.Get("Content-Type"); got != "application/vnd.oracle.resource+json; type=singular; charset=UTF-8" {
		t.Errorf("content type %s", got)
	}
	contains(t, c.want(200, "GET", "/record/v1/salesorder/1", ""), `{"item":{"links":[{"rel":"self","href":"`+records+`/salesOrder/1/item"}]}}`)
	some := c.want(200, "GET", "/record/v1/salesOrder/eid:SHOP-1002?fields=total,orderStatus&simpleEnumFormat=true", "")
	if diff := cmp.Diff(object(t, `{"links":[{"rel":"self","href":"`+records+`/salesOrder/2"}],"id":"2","total":18250,"orderStatus":"A"}`), some); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	contains(t, c.want(200, "GET", "/record/v1/salesOrder/1/item", ""), `{"count":1,"totalResults":1,"hasMore":false}`)
	contains(t, c.want(200, "GET", "/record/v1/salesOrder/1/item/1", ""), `{"line":1,"quantity":3}`)
	contains(t, c.want(200, "GET", "/record/v1/customer/112", ""), `{"isInactive":true,"isPerson":false,"custentity_credit_note":null,"dateCreated":"2026-01-20T08:00:00Z"}`)
	contains(t, c.want(200, "GET", "/record/v1/invoice/6", ""), `{"tranId":"INV10001","total":10950,"amountRemaining":10950,"dueDate":"2026-03-27",
		"status":{"id":"A","refName":"Open"}}`)
}

func TestGetRefusals(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	gone := `{"detail":"The record instance does not exist. Provide a valid record instance ID.","o:errorCode":"NONEXISTENT_ID"}`
	c.refused(404, "GET", "/record/v1/salesOrder/99", "", gone)
	c.refused(404, "GET", "/record/v1/salesOrder/eid:NOPE", "", gone)
	c.refused(404, "GET", "/record/v1/salesOrder/eid:", "", gone)
	c.refused(404, "GET", "/record/v1/customer/1", "", gone) // an order's id
	c.refused(400, "GET", "/record/v1/salesOrder/SO10001", "", `{"detail":"The record id \"SO10001\" is not a number.","o:errorCode":"INVALID_ID"}`)
	c.refused(400, "GET", "/record/v1/salesOrder/1?fields=foo", "",
		`{"detail":"The field \"foo\" does not exist on salesOrder.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"fields"}`)
	c.refused(404, "GET", "/record/v1/salesOrder/1/lines", "", `{"detail":"The sub-resource \"lines\" does not exist.","o:errorCode":"NONEXISTENT_ID"}`)
	c.refused(404, "GET", "/record/v1/customer/107/item", "", `{"detail":"The sub-resource \"item\" does not exist.","o:errorCode":"NONEXISTENT_ID"}`)
	c.refused(404, "GET", "/record/v1/salesOrder/1/item/2", "", `{"detail":"The line 2 does not exist.","o:errorCode":"NONEXISTENT_ID"}`)
}

func TestCreateCustomer(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	id := c.write("POST", "/record/v1/customer", `{"companyName":"ACME East","subsidiary":{"id":"1"},"email":"a@b.example","externalId":"CRM-9"}`)
	if id != "647" {
		t.Errorf("id %s, want 647", id)
	}
	contains(t, c.want(200, "GET", "/record/v1/customer/647", ""), `{"entityId":"ACME East","externalId":"CRM-9","isPerson":false,
		"currency":{"links":[{"rel":"self","href":"`+records+`/currency/1"}],"id":"1","refName":"USD"},
		"dateCreated":"2026-03-02T12:00:00Z","lastModifiedDate":"2026-03-02T12:00:00Z"}`)
	c.write("POST", "/record/v1/customer", `{"isPerson":true,"firstName":"Jo","lastName":"Doe","subsidiary":{"id":1},"salesRep":{"id":"5"}}`)
	contains(t, c.want(200, "GET", "/record/v1/customer/648", ""), `{"entityId":"Jo Doe"}`)

	const exists = `{"detail":"Error while accessing a resource. This entity already exists.","o:errorCode":"USER_ERROR"}`
	for body, detail := range map[string]string{
		`{"companyName":"New","subsidiary":{"id":"1"},"externalId":"CRM-9"}`: exists,
		`{"companyName":"ACME","subsidiary":{"id":"1"}}`:                     exists,
		`{}`: `{"detail":"Error while accessing a resource. Please enter value(s) for: Subsidiary, Company Name.","o:errorCode":"USER_ERROR"}`,
		`{"isPerson":true,"subsidiary":{"id":"1"},"lastName":"X"}`: `{"detail":"Error while accessing a resource. Please enter value(s) for: First Name.","o:errorCode":"USER_ERROR"}`,
		`{"subsidiary":{"id":"9"}}`:                                `{"detail":"Invalid subsidiary reference key 9.","o:errorCode":"INVALID_KEY_OR_REF","o:errorPath":"subsidiary"}`,
		`{"salesRep":{"externalId":"E9"}}`:                         `{"detail":"Invalid salesRep reference key E9.","o:errorCode":"INVALID_KEY_OR_REF","o:errorPath":"salesRep"}`,
		`{"subsidiary":"1"}`:                                       `{"detail":"Invalid value for the resource or sub-resource field \"subsidiary\": an object with an id is expected.","o:errorCode":"INVALID_CONTENT","o:errorPath":"subsidiary"}`,
		`{"entityStatus":{"id":"99"}}`:                             `{"detail":"Invalid entityStatus reference key 99.","o:errorCode":"INVALID_KEY_OR_REF","o:errorPath":"entityStatus"}`,
		`{"foo":1}`:                                                `{"detail":"Unknown reference or field name \"foo\" in the request body.","o:errorCode":"INVALID_CONTENT","o:errorPath":"foo"}`,
		`{"email":5}`:                                              `{"detail":"Invalid value for the resource or sub-resource field \"email\".","o:errorCode":"INVALID_CONTENT","o:errorPath":"email"}`,
		`{"isPerson":"T"}`:                                         `{"detail":"Invalid value for the resource or sub-resource field \"isPerson\".","o:errorCode":"INVALID_CONTENT","o:errorPath":"isPerson"}`,
		`[]`:                                                       `{"detail":"Invalid content in the request body: a JSON object is expected.","o:errorCode":"INVALID_CONTENT"}`,
		`null`:                                                     `{"detail":"Invalid content in the request body: a JSON object is expected.","o:errorCode":"INVALID_CONTENT"}`,
	} {
		c.refused(400, "POST", "/record/v1/customer", body, detail)
	}
	if got := c.ids("/record/v1/customer"); got != "107 41 112 647 648" {
		t.Errorf("customers %s", got)
	}
	c.extra["X-NetSuite-PropertyNameValidation"] = "Ignore"
	c.write("POST", "/record/v1/customer", `{"companyName":"Lenient","subsidiary":{"id":"1"},"foo":1}`)
}

func TestCreateOrder(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	id := c.write("POST", "/record/v1/salesOrder", `{"entity":{"externalId":"CRM-7"},"externalId":"SHOP-9","total":1,"id":"5","links":[],
		"custbody_tallyfy_process_id":"run-1","custbody_approval_status":{"id":"1"},
		"item":{"items":[{"item":{"id":"567"},"quantity":3},{"item":{"id":"568"},"rate":100.005},{"item":{"id":"567"},"quantity":2,"amount":50}]}}`)
	order, there := c.server.Order(id)
	want := netsuite.Order{
		ID: "7", ExternalID: "SHOP-9", TranID: "SO10006", Customer: "ACME", Status: "A", Total: 521.86,
		Process: "run-1", Approval: "1", Modified: monday,
	}
	if diff := cmp.Diff(want, order); !there || diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	contains(t, c.want(200, "GET", "/record/v1/salesOrder/"+id, ""), `{"tranDate":"2026-03-02","subtotal":521.86,
		"custbody_approval_status":{"id":"1","refName":"Pending"}}`)
	tiny := c.write("POST", "/record/v1/salesOrder", `{"entity":{"id":"107"},"item":{"items":[{"item":{"id":"567"},"quantity":1e-300,"amount":5}]}}`)
	contains(t, c.want(200, "GET", "/record/v1/salesOrder/"+tiny, ""), `{"total":5}`)
	contains(t, c.want(200, "GET", "/record/v1/salesOrder/"+id+"/item/3", ""), `{"rate":25,"amount":50,"quantity":2}`)
	for body, detail := range map[string]string{
		`{}`:                                `{"detail":"Error while accessing a resource. Please enter value(s) for: Customer.","o:errorCode":"USER_ERROR"}`,
		`{"entity":{"id":"107"}}`:           `{"detail":"Error while accessing a resource. You must enter at least one line item for this transaction.","o:errorCode":"USER_ERROR"}`,
		`{"entity":{"id":"107"},"item":[]}`: `{"detail":"Invalid value for the sublist item: an object with items is expected.","o:errorCode":"INVALID_CONTENT","o:errorPath":"item"}`,
		`{"entity":{"id":"107"},"item":{"items":[5]}}`:                                    `{"detail":"Invalid value for a line: an object is expected.","o:errorCode":"INVALID_CONTENT","o:errorPath":"item.items[0]"}`,
		`{"entity":{"id":"107"},"item":{"items":[{"item":{"id":"567"}},{"quantity":1}]}}`: `{"detail":"Error while accessing a resource. Please enter value(s) for: Item.","o:errorCode":"USER_ERROR","o:errorPath":"item.items[1].item"}`,
		`{"entity":{"id":"107"},"item":{"items":[{"item":{"id":"1"}}]}}`:                  `{"detail":"Invalid item reference key 1.","o:errorCode":"INVALID_KEY_OR_REF","o:errorPath":"item.items[0].item"}`,
		`{"entity":{"id":"107"},"item":{"items":[{"item":{"id":"567"},"colour":"red"}]}}`: `{"detail":"Unknown reference or field name \"colour\" in the request body.","o:errorCode":"INVALID_CONTENT","o:errorPath":"item.items[0].colour"}`,
		`{"orderStatus":{"id":"H"}}`:                                                      `{"detail":"The value H of orderStatus is set by NetSuite only.","o:errorCode":"INVALID_FLD_VALUE","o:errorPath":"orderStatus"}`,
		`{"tranDate":"3/1/2026"}`:                                                         `{"detail":"Invalid value for the resource or sub-resource field \"tranDate\".","o:errorCode":"INVALID_CONTENT","o:errorPath":"tranDate"}`,
		`{"exchangeRate":1e300}`:                                                          `{"detail":"Invalid value for the resource or sub-resource field \"exchangeRate\".","o:errorCode":"INVALID_CONTENT","o:errorPath":"exchangeRate"}`,
		`{"exchangeRate":"1"}`:                                                            `{"detail":"Invalid value for the resource or sub-resource field \"exchangeRate\".","o:errorCode":"INVALID_CONTENT","o:errorPath":"exchangeRate"}`,
	} {
		c.refused(400, "POST", "/record/v1/salesOrder", body, detail)
	}
}

func TestUpdateOrder(t *testing.T) {
	t.Parallel()
	now := monday
	c := start(t, netsuite.Config{Clock: func() time.Time { return now }})
	const path = "/record/v1/salesOrder/" + netsuite.LargeOrder
	now = now.Add(time.Minute)
	if id := c.write("PATCH", path, `{"orderStatus":{"id":"B"},"custbody_approval_status":{"id":"2"},"custbody_tallyfy_process_id":"run-7"}`); id != "2" {
		t.Errorf("Location names %s", id)
	}
	order, _ := c.server.Order(netsuite.LargeOrder)
	want := netsuite.Order{
		ID: "2", ExternalID: "SHOP-1002", TranID: "SO10002", Customer: "ACME", Memo: "Pumping station, phase 1", Status: "B",
		Total: 18250, Process: "run-7", Approval: "2", Modified: now,
	}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	contains(t, c.want(200, "GET", path, ""), `{"status":{"id":"B","refName":"Pending Fulfillment"},"createdDate":"2026-03-01T08:00:00Z"}`)

	c.write("PATCH", path, `{"custbody_tallyfy_process_id":null,"memo":null,"orderStatus":"A"}`)
	after := c.want(200, "GET", path, "")
	contains(t, after, `{"custbody_tallyfy_process_id":null,"orderStatus":{"id":"A","refName":"Pending Approval"}}`)
	if _, there := after["memo"]; there {
		t.Error("a cleared memo is still there")
	}
	for _, step := range []struct {
		query, body string
		total       float64
		lines       string
	}{
		{"", `{"item":{"items":[{"line":1,"quantity":6}]}}`, 21900, "1"},
		{"", `{"item":{"items":[{"item":{"id":"567"},"quantity":1}]}}`, 22023.95, "1 2"},
		{"", `{"item":{"items":[{"line":2,"amount":100}]}}`, 22000, "1 2"},
		{"", `{"item":{"items":[{"line":2,"item":{"id":"568"}}]}}`, 25550, "1 2"},
		{"?replace=item", `{"item":{"items":[{"item":{"id":"567"},"quantity":2,"rate":10}]}}`, 20, "1"},
	} {
		c.write("PATCH", path+step.query, step.body)
		got := c.want(200, "GET", path+"?expandSubResources=true", "")
		var lines []string
		for _, line := range got["item"].(map[string]any)["items"].([]any) {
			lines = append(lines, fmt.Sprint(line.(map[string]any)["line"]))
		}
		if got["total"] != step.total || strings.Join(lines, " ") != step.lines {
			t.Errorf("%s: total %v, lines %v", step.body, got["total"], lines)
		}
	}
	c.refused(400, "PATCH", path+"?replace=lines", `{}`, `{"detail":"The sublist \"lines\" does not exist on salesOrder.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"replace"}`)
	c.refused(400, "PATCH", path, `{"entity":null}`, `{"detail":"Error while accessing a resource. Please enter value(s) for: Customer.","o:errorCode":"USER_ERROR"}`)
	c.refused(400, "PATCH", path, `{"memo":"lost","externalId":"SHOP-1001"}`, `{"detail":"Error while accessing a resource. This entity already exists.","o:errorCode":"USER_ERROR"}`)
	if order, _ := c.server.Order(netsuite.LargeOrder); order.Memo != "" || order.Customer != "ACME" {
		t.Errorf("a refused update changed the order: %+v", order)
	}
	c.refused(404, "PATCH", "/record/v1/salesOrder/99", `{}`, `{"detail":"The record instance does not exist. Provide a valid record instance ID.","o:errorCode":"NONEXISTENT_ID"}`)
	c.write("PATCH", "/record/v1/salesOrder/eid:SHOP-1002", `{"memo":"by external id"}`)
}

func TestUpsertAndDelete(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	const path = "/record/v1/customer/eid:CRM-9"
	first := c.write("PUT", path, `{"companyName":"Nine","subsidiary":{"id":"1"}}`)
	second := c.write("PUT", path, `{"phone":"9","externalId":"ignored"}`)
	if first != "647" || second != first {
		t.Errorf("upserts make %s and %s", first, second)
	}
	contains(t, c.want(200, "GET", path, ""), `{"id":"647","companyName":"Nine","phone":"9","externalId":"CRM-9"}`)
	c.refused(400, "PUT", "/record/v1/customer/eid:CRM-10", `{}`, `{"detail":"Error while accessing a resource. Please enter value(s) for: Subsidiary, Company Name.","o:errorCode":"USER_ERROR"}`)
	c.want(204, "DELETE", path, "")
	if c.header.Get("Location") != "" {
		t.Error("a deletion names a location")
	}
	c.want(404, "DELETE", path, "")
	c.refused(400, "DELETE", "/record/v1/customer/107", "", `{"detail":"Error while accessing a resource. This record cannot be deleted because it has dependent records.","o:errorCode":"USER_ERROR"}`)
	c.refused(400, "DELETE", "/record/v1/inventoryItem/567", "", `{"detail":"Error while accessing a resource. This record cannot be deleted because it has dependent records.","o:errorCode":"USER_ERROR"}`)
	if id := c.write("POST", "/record/v1/customer", `{"companyName":"Next","subsidiary":{"id":"1"}}`); id != "648" {
		t.Errorf("a deleted id is given out again: %s", id)
	}
}

// A repeated creation after a lost answer is refused, which is how a client learns that the first landed.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	c.server.Fail(simulated.Rule{Method: "POST", Status: 503, Performed: true})
	body := `{"companyName":"Once","subsidiary":{"id":"1"}}`
	c.refused(503, "POST", "/record/v1/customer", body, `{"detail":"An unexpected error has occurred.","o:errorCode":"UNEXPECTED_ERROR"}`)
	c.refused(400, "POST", "/record/v1/customer", body, `{"detail":"Error while accessing a resource. This entity already exists.","o:errorCode":"USER_ERROR"}`)
}
