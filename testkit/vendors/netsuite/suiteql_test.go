package netsuite_test

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/netsuite"
)

// sql starts a server and returns a client whose requests are fit for queries.
func sql(t *testing.T, config netsuite.Config) *client {
	c := start(t, config)
	c.extra["Prefer"] = "transient"
	return c
}

// ask runs a query and returns the whole answer.
func (c *client) ask(q, parameters string) map[string]any {
	c.t.Helper()
	body, err := json.Marshal(map[string]string{"q": q})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.want(200, "POST", "/query/v1/suiteql"+parameters, string(body))
}

// rows writes each row of an answer as name=value pairs, and joins them.
func rows(answer map[string]any) string {
	var all []string
	for _, item := range answer["items"].([]any) {
		var cells []string
		for name, value := range item.(map[string]any) {
			if name != "links" {
				cells = append(cells, fmt.Sprintf("%s=%v", name, value))
			}
		}
		sort.Strings(cells)
		all = append(all, strings.Join(cells, " "))
	}
	return strings.Join(all, "; ")
}

func TestSuiteQLShape(t *testing.T) {
	t.Parallel()
	c := sql(t, netsuite.Config{})
	got := c.ask("SELECT id, tranid, entity FROM transaction WHERE type='SalesOrd' ORDER BY id", "?limit=2&offset=0")
	url := host + "/services/rest/query/v1/suiteql"
	want := object(t, `{"links":[{"rel":"next","href":"`+url+`?limit=2&offset=2"},{"rel":"last","href":"`+url+`?limit=2&offset=4"},
		{"rel":"self","href":"`+url+`?limit=2&offset=0"}],"count":2,"hasMore":true,
		"items":[{"links":[],"id":"1","tranid":"SO10001","entity":"107"},{"links":[],"id":"2","tranid":"SO10002","entity":"107"}],
		"offset":0,"totalResults":5}`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	contains(t, c.ask("SELECT id FROM transaction", "?limit=4&offset=4"), `{"count":2,"hasMore":false,"totalResults":6}`)
}

func TestSuiteQL(t *testing.T) {
	t.Parallel()
	c := sql(t, netsuite.Config{})
	for _, test := range []struct{ q, want string }{
		{"select ID, CompanyName from CUSTOMER order by companyname desc", "companyname=Initech id=112; companyname=Globex Corporation id=41; companyname=ACME id=107"},
		{"SELECT id, phone, isinactive FROM customer ORDER BY id", "id=41 isinactive=F; id=107 isinactive=F phone=555-0107; id=112 isinactive=T"},
		{"SELECT t.tranid AS number, BUILTIN.DF(t.entity) customer, BUILTIN.DF(t.status), BUILTIN.DF(type) kind FROM transaction AS t WHERE t.id = 2",
			"customer=ACME expr3=Sales Order : Pending Approval kind=Sales Order number=SO10002"},
		{"SELECT tranid, foreigntotal FROM transaction WHERE type = 'SalesOrd' AND status = 'A' AND foreigntotal > 10000", "foreigntotal=18250 tranid=SO10002"},
		{"SELECT id FROM transaction WHERE total >= 10950 ORDER BY total DESC, id DESC", "id=2; id=6; id=4"},
		{"SELECT id FROM transaction WHERE total <= 371.85", "id=1"},
		{"SELECT id FROM transaction WHERE total < '371.86'", "id=1"},
		{"SELECT id FROM customer WHERE id <> 107 ORDER BY 1", "id=41; id=112"},
		{"SELECT id FROM customer WHERE id != '107' AND NOT isinactive = 'T'", "id=41"},
		{"SELECT id FROM transaction WHERE entity IN (41, '112') AND recordtype = 'salesorder' ORDER BY id", "id=3; id=4"},
		{"SELECT id FROM transaction WHERE type NOT IN ('SalesOrd')", "id=6"},
		{"SELECT id FROM customer WHERE email LIKE '%@acme.example'", "id=107"},
		{"SELECT id FROM customer WHERE entityid LIKE 'A_ME'", "id=107"},
		{"SELECT id FROM customer WHERE LOWER(companyname) LIKE 'acme' OR UPPER(companyname) NOT LIKE '%O%'", "id=107; id=112"},
		{"SELECT id FROM customer WHERE phone IS NULL", "id=41; id=112"},
		{"SELECT id FROM customer WHERE phone IS NOT NULL", "id=107"},
		{"SELECT id FROM customer WHERE phone != '1'", "id=107"},
		{"SELECT id FROM customer WHERE NOT phone = '1'", "id=107"},
		{"SELECT id FROM customer WHERE phone = ''", ""},
		{"SELECT id FROM transaction WHERE memo LIKE '%phase 1'", "id=2"},
		{"SELECT id FROM transaction WHERE (entity = 41 OR total < 400) AND type = 'SalesOrd' ORDER BY id", "id=1; id=3; id=4"},
		{"SELECT id FROM transaction WHERE entity = 41 AND type = 'CustInvc' OR id = 1 ORDER BY id", "id=1; id=6"},
		{"SELECT id, trandate FROM transaction WHERE trandate = TO_DATE('2026-02-25','YYYY-MM-DD')", "id=6 trandate=2/25/2026"},
		{"SELECT id FROM transaction WHERE trandate < '2/25/2026'", "id=4"},
		{"SELECT id FROM transaction WHERE trandate BETWEEN TO_DATE('02/21/2026','MM/DD/YYYY') AND '2/28/2026'", "id=6"},
		{"SELECT id, lastmodifieddate FROM transaction WHERE lastmodifieddate >= TO_DATE('2026-03-01 10:30:00','YYYY-MM-DD HH24:MI:SS') ORDER BY lastmodifieddate, id",
			"id=2 lastmodifieddate=3/1/2026; id=3 lastmodifieddate=3/1/2026; id=5 lastmodifieddate=3/2/2026"},
		{"SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS at FROM transaction WHERE id = 3", "at=2026-03-01 11:00:00"},
		{`SELECT TO_CHAR(createddate, 'YYYY-MM-DD"T"HH24:MI:SS') FROM transaction WHERE id = 3 ORDER BY TO_CHAR(createddate, 'YYYY')`, "expr1=2026-03-01T08:00:00"},
		{"SELECT id, externalid FROM transaction ORDER BY externalid, id DESC", "externalid=SHOP-1001 id=1; externalid=SHOP-1002 id=2; externalid=SHOP-1003 id=3; externalid=SHOP-1004 id=4; id=6; id=5"},
		{"SELECT id FROM transaction ORDER BY externalid DESC, id", "id=5; id=6; id=4; id=3; id=2; id=1"},
		{"SELECT id AS number FROM customer ORDER BY number", "number=41; number=107; number=112"},
		{"SELECT BUILTIN.DF(id) x, BUILTIN.DF(custbody_approval_status) y, 'a''b' z, 5 FROM transaction WHERE id = 1", "expr4=5 x=1 z=a'b"},
		{"SELECT * FROM currency WHERE name = 'EUR'", "createddate=3/2/2026 id=2 lastmodifieddate=3/2/2026 name=EUR"},
		{"SELECT id FROM inventoryitem WHERE baseprice = 3650", "id=568"},
	} {
		if got := rows(c.ask(test.q, "")); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.q, got, test.want)
		}
	}
}

func TestSuiteQLRefusals(t *testing.T) {
	t.Parallel()
	c := sql(t, netsuite.Config{})
	for q, problem := range map[string]string{
		"SELECT foo FROM customer":                                        "Field 'foo' not found",
		"SELECT x.id FROM customer c":                                     "Field 'x.id' not found",
		"SELECT id FROM spaceship":                                        "Record 'spaceship' was not found",
		"SELECT id FROM salesorder":                                       "Record 'salesorder' was not found",
		"DELETE FROM customer":                                            "Invalid or unsupported search: SELECT and FROM are expected",
		"SELECT id":                                                       "Invalid or unsupported search: SELECT and FROM are expected",
		"SELECT id FROM customer WHERE id = 'x":                           "Missing closing quote",
		"SELECT id FROM customer WHERE id = 'x'":                          "Invalid number 'x'",
		"SELECT id FROM transaction WHERE trandate > '2026-01-01'":        "Invalid date '2026-01-01': the account's format or TO_DATE is expected",
		"SELECT id FROM transaction WHERE trandate > TO_DATE('x','YYYY')": "Invalid date 'x' for its format",
		"SELECT COUNT(id) FROM customer":                                  "Unknown function COUNT",
		"SELECT id FROM customer LIMIT 5":                                 `Invalid or unsupported search: "5" is not expected`,
		"SELECT id FROM customer WHERE id":                                `Invalid or unsupported search: "" is not expected`,
		"SELECT id FROM customer WHERE id = 1 2":                          `Invalid or unsupported search: "2" is not expected`,
		"SELECT id FROM customer WHERE (id = 1":                           `Invalid or unsupported search: ")" is expected before ""`,
		"SELECT id, FROM customer":                                        `Invalid or unsupported search: a column is expected, not ""`,
		"SELECT id FROM customer WHERE id LIKE 5":                         "Invalid or unsupported search: LIKE needs a text",
		"SELECT id FROM customer WHERE id NOT = 5":                        `Invalid or unsupported search: "=" is not expected`,
		"SELECT TO_CHAR(id, 'YYYY') FROM customer":                        "TO_CHAR is for dates",
		"SELECT id FROM customer WHERE id = 1.2.3":                        "Invalid number 1.2.3",
		"SELECT id FROM customer ORDER id":                                `Invalid or unsupported search: "by" is expected before "id"`,
		"SELECT id FROM customer WHERE " + strings.Repeat("(", 300):       "Invalid or unsupported search: too many parentheses",
		"SELECT " + strings.Repeat("UPPER(", 300) + " FROM customer":      "Invalid or unsupported search: too many parentheses",
	} {
		body, err := json.Marshal(map[string]string{"q": q})
		if err != nil {
			t.Fatal(err)
		}
		detail, err := json.Marshal(map[string]string{
			"detail":      "Invalid search query. Detailed unprocessed description follows. Search error occurred: " + problem + ".",
			"o:errorCode": "INVALID_PARAMETER", "o:errorPath": "q",
		})
		if err != nil {
			t.Fatal(err)
		}
		c.refused(400, "POST", "/query/v1/suiteql", string(body), string(detail))
	}
	c.refused(400, "POST", "/query/v1/suiteql", `{}`, `{"detail":"Invalid content in the request body: a query is expected in q.","o:errorCode":"INVALID_CONTENT","o:errorPath":"q"}`)
	c.refused(400, "POST", "/query/v1/suiteql?limit=2&offset=1", `{"q":"SELECT id FROM customer"}`,
		`{"detail":"Provided offset value 1 is not divisible by the limit 2.","o:errorCode":"INVALID_PARAMETER","o:errorQueryParam":"offset"}`)
	delete(c.extra, "Prefer")
	c.refused(400, "POST", "/query/v1/suiteql", `{"q":"SELECT id FROM customer"}`,
		`{"detail":"The required request header 'Prefer' is missing or has an invalid value: 'transient' is expected.","o:errorCode":"INVALID_HEADER","o:errorHeader":"Prefer"}`)
}

// Times are the account's, in what a query reads as in what it prints; the record API stays with UTC.
func TestSuiteQLZone(t *testing.T) {
	t.Parallel()
	c := sql(t, netsuite.Config{Zone: time.FixedZone("PST", -8*60*60)})
	if got := rows(c.ask("SELECT id, TO_CHAR(lastmodifieddate, 'MM/DD HH24:MI') AS at, trandate FROM transaction WHERE lastmodifieddate = TO_DATE('2026-03-01 02:30','YYYY-MM-DD HH24:MI')", "")); got != "at=03/01 02:30 id=2 trandate=3/1/2026" {
		t.Errorf("got %s", got)
	}
	contains(t, c.want(200, "GET", "/record/v1/salesOrder/2", ""), `{"lastModifiedDate":"2026-03-01T10:30:00Z"}`)
}

// A client that follows the pages of an ordered query sees every row once.
func TestSuiteQLWalk(t *testing.T) {
	t.Parallel()
	c := sql(t, netsuite.Config{})
	var got []string
	for offset := 0; ; offset += 2 {
		page := c.ask("SELECT id FROM transaction ORDER BY id", fmt.Sprintf("?limit=2&offset=%d", offset))
		got = append(got, rows(page))
		if page["hasMore"] == false {
			break
		}
	}
	if diff := cmp.Diff("id=1; id=2; id=3; id=4; id=5; id=6", strings.Join(got, "; ")); diff != "" {
		t.Error(diff)
	}
}

func FuzzSuiteQL(f *testing.F) {
	f.Add("SELECT id, BUILTIN.DF(entity) x FROM transaction t WHERE t.type IN ('SalesOrd') AND total > 5 ORDER BY x DESC")
	f.Add("SELECT * FROM customer WHERE NOT phone LIKE '%''_' OR (id BETWEEN 1 AND '9') AND datecreated > TO_DATE('1','DD')")
	f.Add("SELECT TO_CHAR(createddate, 'YYYY HH24') FROM currency WHERE name IS NOT NULL")
	server := netsuite.New(netsuite.Config{})
	f.Fuzz(func(t *testing.T, q string) {
		body, err := json.Marshal(map[string]string{"q": q})
		if err != nil {
			t.Fatal(err)
		}
		serve(t, server, "POST", "/services/rest/query/v1/suiteql", string(body))
	})
}

func FuzzFilter(f *testing.F) {
	f.Add(`(email START_WITH "a" OR id ANY_OF [1,2]) AND dateCreated WITHIN_NOT [1/1/2026, "2/1/2026"]`)
	f.Add(`phone EMPTY AND isInactive IS true`)
	server := netsuite.New(netsuite.Config{})
	f.Fuzz(func(t *testing.T, q string) {
		serve(t, server, "GET", "/services/rest"+query("customer", q), "")
	})
}

func FuzzBodies(f *testing.F) {
	f.Add(`{"entity":{"id":"107"},"item":{"items":[{"line":1,"item":{"id":"567"},"quantity":0,"amount":5}]}}`)
	f.Add(`{"memo":null,"orderStatus":"B","item":{"items":[{"line":1e300}]},"tranDate":"2026-01-01"}`)
	f.Fuzz(func(t *testing.T, body string) {
		server := netsuite.New(netsuite.Config{})
		serve(t, server, "POST", "/services/rest/record/v1/salesOrder", body)
		serve(t, server, "PATCH", "/services/rest/record/v1/salesOrder/1?replace=item", body)
		serve(t, server, "PUT", "/services/rest/record/v1/customer/eid:CRM-7", body)
		serve(t, server, "GET", "/services/rest/record/v1/salesOrder/1?expandSubResources=true", "")
	})
}
