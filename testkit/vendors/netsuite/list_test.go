package netsuite_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/netsuite"
)

func TestListShape(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	got := c.want(200, "GET", "/record/v1/customer?limit=2&offset=0", "")
	want := object(t, `{"links":[{"rel":"next","href":"`+records+`/customer?limit=2&offset=2"},{"rel":"last","href":"`+records+`/customer?limit=2&offset=2"},
		{"rel":"self","href":"`+records+`/customer?limit=2&offset=0"}],"count":2,"hasMore":true,
		"items":[{"links":[{"rel":"self","href":"`+records+`/customer/107"}],"id":"107"},{"links":[{"rel":"self","href":"`+records+`/customer/41"}],"id":"41"}],
		"offset":0,"totalResults":3}`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("first page (-want +got):\n%s", diff)
	}
	got = c.want(200, "GET", "/record/v1/customer?limit=2&offset=2", "")
	want = object(t, `{"links":[{"rel":"first","href":"`+records+`/customer?limit=2&offset=0"},{"rel":"previous","href":"`+records+`/customer?limit=2&offset=0"},
		{"rel":"self","href":"`+records+`/customer?limit=2&offset=2"}],"count":1,"hasMore":false,
		"items":[{"links":[{"rel":"self","href":"`+records+`/customer/112"}],"id":"112"}],"offset":2,"totalResults":3}`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("last page (-want +got):\n%s", diff)
	}
	contains(t, c.want(200, "GET", "/record/v1/customer", ""), `{"links":[{"rel":"self","href":"`+records+`/customer"}],"count":3}`)
	contains(t, c.want(200, "GET", "/record/v1/customer?limit=5&offset=50", ""), `{"count":0,"items":[],"hasMore":false,"totalResults":3}`)
}

func TestListRefusals(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	for query, detail := range map[string]string{
		"limit=2&offset=3":              `{"detail":"Provided offset value 3 is not divisible by the limit 2.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"offset"}`,
		"limit=1001":                    `{"detail":"Provided limit value 1001 is not between 1 and 1000.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"limit"}`,
		"limit=0":                       `{"detail":"Provided limit value 0 is not between 1 and 1000.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"limit"}`,
		"limit=x":                       `{"detail":"Provided limit value \"x\" is not valid.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"limit"}`,
		"offset=-1":                     `{"detail":"Provided offset value \"-1\" is not valid.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"offset"}`,
		"limit=1&offset=1000":           `{"detail":"Provided offset value 1000 is beyond page 1000.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"offset"}`,
		"q=colour+IS+red":               `{"detail":"Invalid search query: field \"colour\" does not exist on customer.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"q"}`,
		"q=email+GREATER+5":             `{"detail":"Invalid search query: operator \"GREATER\" does not suit field \"email\".","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"q"}`,
		"q=dateCreated+ON+2026-01-20":   `{"detail":"Invalid search query: a value for field \"dateCreated\" is not valid.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"q"}`,
		"q=email+IS":                    `{"detail":"Invalid search query: a value is missing for field \"email\".","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"q"}`,
		"q=(email+IS+a":                 `{"detail":"Invalid search query: a parenthesis is not closed.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"q"}`,
		"q=email+IS+a+b":                `{"detail":"Invalid search query: unexpected \"b\".","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"q"}`,
		"q=id+BETWEEN+[1]":              `{"detail":"Invalid search query: the values for field \"id\" are not valid.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"q"}`,
		"q=" + strings.Repeat("(", 200): `{"detail":"Invalid search query: too many parentheses.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"q"}`,
	} {
		c.refused(400, "GET", "/record/v1/customer?"+query, "", detail)
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	for _, test := range []struct{ kind, q, want string }{
		{"customer", ``, "107 41 112"},
		{"customer", `email START_WITH "ORDERS@"`, "107"},
		{"customer", `email IS orders@acme.example`, "107"},
		{"customer", `email IS_NOT orders@acme.example`, "41 112"},
		{"customer", `companyName CONTAIN "x c"`, "41"},
		{"customer", `companyName END_WITH "tech"`, "112"},
		{"customer", `phone EMPTY`, "41 112"},
		{"customer", `phone EMPTY_NOT`, "107"},
		{"customer", `isInactive IS true`, "112"},
		{"customer", `isInactive IS_NOT true`, "107 41"},
		{"customer", `externalId IS "crm-7"`, "107"},
		{"customer", `salesRep ANY_OF [5, 6]`, "107"},
		{"customer", `id ANY_OF [41,112]`, "41 112"},
		{"customer", `dateCreated ON 1/20/2026`, "112"},
		{"customer", `dateCreated ON_NOT 1/20/2026`, "107 41"},
		{"customer", `lastModifiedDate ON_OR_AFTER "1/20/2026"`, "107 112"},
		{"customer", `lastModifiedDate AFTER 1/20/2026`, "107"},
		{"customer", `lastModifiedDate BEFORE 1/20/2026`, "41"},
		{"customer", `lastModifiedDate ON_OR_BEFORE 1/20/2026`, "41 112"},
		{"customer", `lastModifiedDate WITHIN ["12/1/2025", "1/31/2026"]`, "41 112"},
		{"salesOrder", `total GREATER 10000`, "2 4"},
		{"salesOrder", `total GREATER_OR_EQUAL 10950 AND orderStatus IS A`, "2"},
		{"salesOrder", `total LESS 371.85`, ""},
		{"salesOrder", `total LESS_OR_EQUAL 371.85`, "1"},
		{"salesOrder", `total EQUAL 18250`, "2"},
		{"salesOrder", `total BETWEEN [3000, 10000]`, "3 5"},
		{"salesOrder", `total BETWEEN_NOT [3000, 10000]`, "1 2 4"},
		{"salesOrder", `entity EQUAL 41 OR total LESS 400 AND memo EMPTY`, "1 3 4"},
		{"salesOrder", `(entity EQUAL 41 OR total LESS 400) AND orderStatus IS "A"`, "1"},
		{"salesOrder", `tranDate ON 3/1/2026`, "1 2 3"},
	} {
		if got := c.ids(query(test.kind, test.q)); got != test.want {
			t.Errorf("%s %s lists %s, want %s", test.kind, test.q, got, test.want)
		}
	}
}

func TestPaginationWalk(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{Empty: true})
	var want []string
	for i := range 25 {
		id := c.write("POST", "/record/v1/customer", `{"companyName":"C`+strconv.Itoa(i)+`","subsidiary":{"id":"1"}}`)
		want = append(want, id)
	}
	var got []string
	path, pages := "/record/v1/customer?limit=4&q=companyName+START_WITH+C", 0
	for path != "" {
		page := c.want(200, "GET", path, "")
		path, pages = "", pages+1
		for _, item := range page["items"].([]any) {
			got = append(got, item.(map[string]any)["id"].(string))
		}
		for _, link := range page["links"].([]any) {
			if link.(map[string]any)["rel"] == "next" {
				path = strings.TrimPrefix(link.(map[string]any)["href"].(string), host+"/services/rest")
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || pages != 7 {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	var names []string
	for _, item := range c.want(200, "GET", "/record/v1/metadata-catalog", "")["items"].([]any) {
		names = append(names, item.(map[string]any)["name"].(string))
	}
	if diff := cmp.Diff(strings.Fields("customer salesOrder invoice employee inventoryItem subsidiary currency"), names); diff != "" {
		t.Error(diff)
	}
	if got := c.want(200, "GET", "/record/v1/metadata-catalog?select=customer,salesorder", ""); len(got["items"].([]any)) != 2 {
		t.Errorf("select gives %v", got["items"])
	}
	c.extra["Accept"] = "application/schema+json"
	schema := c.want(200, "GET", "/record/v1/metadata-catalog/salesorder", "")
	if c.header.Get("Content-Type") != "application/schema+json" {
		t.Errorf("content type %s", c.header.Get("Content-Type"))
	}
	properties := schema["properties"].(map[string]any)
	contains(t, properties, `{
		"custbody_tallyfy_process_id":{"title":"Tallyfy Process","type":"string","nullable":true,"x-ns-custom-field":true},
		"entity":{"title":"Customer","type":"object","nullable":false,"x-ns-custom-field":false,"x-n:recordType":"customer",
			"properties":{"id":{"type":"string"},"refName":{"type":"string"}}},
		"total":{"title":"Total","type":"number","format":"double","nullable":true,"x-ns-custom-field":false,"readOnly":true},
		"tranDate":{"title":"Date","type":"string","format":"date","nullable":true,"x-ns-custom-field":false}}`)
	contains(t, properties["custbody_approval_status"].(map[string]any), `{"x-ns-custom-field":true,"type":"object",
		"properties":{"id":{"type":"string","enum":["1","2","3"]},"refName":{"type":"string"}}}`)
	if properties["item"] == nil || schema["x-ns-filterable"] == nil {
		t.Error("the item sublist or the filterable fields are not described")
	}
	c.want(404, "GET", "/record/v1/metadata-catalog/spaceship", "")
	c.extra["Accept"] = "application/swagger+json"
	c.want(406, "GET", "/record/v1/metadata-catalog/customer", "")
}
