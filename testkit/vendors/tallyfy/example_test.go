package tallyfy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"patchbay/testkit/vendors/simulated"
	"patchbay/testkit/vendors/tallyfy"
)

// A test starts a server, points its client at it, and looks at what arrived.
func Example() {
	server := tallyfy.New(tallyfy.Config{
		Clock: func() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) },
	})
	defer server.Close()
	ts := httptest.NewServer(server)
	defer ts.Close()

	url := ts.URL + "/api/organizations/" + tallyfy.AcmeOrg + "/runs"
	body := `{"checklist_id":"` + tallyfy.SalesApproval + `","name":"Order SO10001"}`
	launch := func() {
		r, err := http.NewRequest("POST", url, strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+tallyfy.AdminToken)
		r.Header.Set("X-Tallyfy-Client", "APIClient")
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		fmt.Printf("%d, Retry-After %q\n", resp.StatusCode, resp.Header.Get("Retry-After"))
	}

	server.Fail(simulated.Rule{Method: "POST", Status: 429, RetryAfter: "2"})
	launch()
	launch()
	run := server.Runs()[0]
	fmt.Println(run.Name, run.Status())
	for _, task := range server.Tasks(run.ID) {
		fmt.Println(task.Title, task.Status)
	}
	// Output:
	// 429, Retry-After "2"
	// 201, Retry-After ""
	// Order SO10001 active
	// Finance review not-started
	// Credit check not-started
	// Management approval not-started
}
