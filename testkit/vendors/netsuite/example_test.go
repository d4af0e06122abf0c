package netsuite_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"patchbay/testkit/vendors/netsuite"
	"patchbay/testkit/vendors/simulated"
)

// A test starts a server, points its client at it, and looks at what arrived.
func Example() {
	server := netsuite.New(netsuite.Config{})
	defer server.Close()
	ts := httptest.NewServer(server)
	defer ts.Close()

	body := `{"orderStatus":{"id":"B"},"custbody_approval_status":{"id":"2"}}`
	approve := func() {
		url := ts.URL + "/services/rest/record/v1/salesOrder/" + netsuite.LargeOrder
		r, err := http.NewRequest("PATCH", url, strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+netsuite.AdminToken)
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Printf("%d %q\n", resp.StatusCode, strings.TrimPrefix(resp.Header.Get("Location"), ts.URL))
	}

	server.Fail(simulated.Rule{Method: "PATCH", Status: 429})
	approve()
	approve()
	order, _ := server.Order(netsuite.LargeOrder)
	fmt.Println(order.TranID, order.Customer, order.Total, order.Status, order.Approval)
	// Output:
	// 429 ""
	// 204 "/services/rest/record/v1/salesOrder/2"
	// SO10002 ACME 18250 B 2
}
