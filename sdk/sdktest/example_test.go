package sdktest_test

import (
	"fmt"
	"io"
	"net/http"

	"patchbay/sdk"
	"patchbay/sdk/sdktest"
)

// The test of an action: the handler is the vendor, Run is the host.
func Example() {
	type task struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	c := sdk.New()
	sdk.Action(c, "add_task", func(call *sdk.Call, in task) (task, error) {
		if in.Title == "" {
			return task{}, sdk.Faultf(sdk.InvalidInput, "a task needs a title").At("/title")
		}
		resp, err := call.HTTP("api").Post(sdk.Path("lists", call.Field("list"), "tasks"), sdk.JSON(in))
		if err != nil {
			return task{}, err
		}
		if !resp.OK() {
			return task{}, resp.Fault()
		}
		var out task
		if err := resp.JSON(&out); err != nil {
			return task{}, err
		}
		return out, nil
	})

	h := sdktest.New(c, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"id": "t1", "title": "Call Ann"}`)
	}))
	h.Fields = map[string]any{"list": "l1"}

	added, err := sdktest.Run[task](h, "add_task", task{Title: "Call Ann"})
	fmt.Println(added.ID, err)

	_, err = sdktest.Run[task](h, "add_task", task{})
	fmt.Println(err)

	for _, r := range h.Requests() {
		fmt.Println(r.Method, r.URL, string(r.Body))
	}
	// Output:
	// t1 <nil>
	// invalid_input at /title: a task needs a title
	// POST https://vendor.example/lists/l1/tasks {"id":"","title":"Call Ann"}
}
