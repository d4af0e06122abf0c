package sdk_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"patchbay/sdk"
	"patchbay/sdk/sdktest"
)

// A connector registers its operations; main.go hands it to Serve in init.
func Example() {
	type input struct {
		Name string `json:"name"`
	}
	type output struct {
		Text string `json:"text"`
	}
	c := sdk.New()
	sdk.Action(c, "greet", func(_ *sdk.Call, in input) (output, error) {
		return output{Text: "Hello, " + in.Name}, nil
	})

	out, err := sdktest.Run[output](sdktest.New(c, nil), "greet", input{Name: "Ann"})
	fmt.Println(out.Text, err)
	// Output: Hello, Ann <nil>
}

func ExampleAction() {
	type order struct {
		ID    string `json:"id,omitempty"`
		Total int    `json:"total"`
	}
	createOrder := func(call *sdk.Call, in order) (order, error) {
		resp, err := call.HTTP("api").Post(sdk.Path("shops", call.Field("shop"), "orders"), sdk.JSON(in))
		if err != nil {
			return order{}, err
		}
		if !resp.OK() {
			return order{}, resp.Fault()
		}
		var out order
		if err := resp.JSON(&out); err != nil {
			return order{}, err
		}
		call.Log.Info("order created", "order", out.ID)
		return out, nil
	}
	c := sdk.New()
	sdk.Action(c, "create_order", createOrder)

	h := sdktest.New(c, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"id": "o1", "total": 5}`)
	}))
	h.Fields = map[string]any{"shop": "acme"}
	out, err := sdktest.Run[order](h, "create_order", order{Total: 5})
	fmt.Println(out.ID, err)
	fmt.Println(h.Requests()[0].Method, h.Requests()[0].URL)
	fmt.Println(h.Logs()[0].Message)
	// Output:
	// o1 <nil>
	// POST https://vendor.example/shops/acme/orders
	// order created
}

// A trigger returns what happened since its cursor, and the cursor for the next poll.
func ExampleTrigger() {
	type query struct{}
	type event struct {
		ID string    `json:"id"`
		At time.Time `json:"at"`
	}
	newOrders := func(call *sdk.Call, _ query) (sdk.Page[event], error) {
		since := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) // where the first poll begins
		if _, err := call.Cursor(&since); err != nil {
			return sdk.Page[event]{}, err
		}
		resp, err := call.HTTP("api").Get("/orders", url.Values{"since": {since.Format(time.RFC3339)}})
		if err != nil {
			return sdk.Page[event]{}, err
		}
		var events []event
		if err := resp.JSON(&events); err != nil {
			return sdk.Page[event]{}, err
		}
		for _, e := range events {
			since = e.At
		}
		return sdk.Page[event]{Items: events, Cursor: since}, nil
	}
	c := sdk.New()
	sdk.Trigger(c, "new_order", newOrders)

	h := sdktest.New(c, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("since") < "2026-11-20" {
			io.WriteString(w, `[{"id": "o1", "at": "2026-11-20T10:00:00Z"}]`)
			return
		}
		io.WriteString(w, `[]`)
	}))
	first, err := sdktest.Poll[event](h, "new_order", query{}, nil)
	fmt.Printf("%d events, cursor %s, %v\n", len(first.Items), first.Cursor, err)
	second, err := sdktest.Poll[event](h, "new_order", query{}, first.Cursor)
	fmt.Printf("%d events, cursor %s, %v\n", len(second.Items), second.Cursor, err)
	// Output:
	// 1 events, cursor "2026-11-20T10:00:00Z", <nil>
	// 0 events, cursor "2026-11-20T10:00:00Z", <nil>
}

// An action that the vendor finishes later is asked again with the state it gave.
func ExamplePending() {
	type export struct {
		File string `json:"file"`
	}
	type state struct {
		Job string `json:"job"`
	}
	run := func(call *sdk.Call, _ struct{}) (export, error) {
		var s state
		started, err := call.State(&s)
		if err != nil {
			return export{}, err
		}
		if !started {
			return export{}, sdk.Pending(state{Job: "j1"}, 30*time.Second)
		}
		return export{File: s.Job + ".csv"}, nil
	}
	c := sdk.New()
	sdk.Action(c, "export", run)

	h := sdktest.New(c, nil)
	_, err := sdktest.Run[export](h, "export", nil)
	fmt.Println(err)
	out, err := sdktest.Resume[export](h, "export", nil, err.(*sdktest.Pending))
	fmt.Println(out.File, err)
	// Output:
	// the call is pending, again in 30s with state {"job":"j1"}
	// j1.csv <nil>
}

func ExampleFaultf() {
	err := sdk.Faultf(sdk.InvalidInput, "there is no list %q in this account", "l9").At("/list_id")
	fmt.Println(err)
	// Output: invalid_input at /list_id: there is no list "l9" in this account
}

// A connector makes the default fault of a response better with what the vendor says.
func ExampleResponse_Fault() {
	vendorFault := func(resp *sdk.Response) error {
		f := resp.Fault()
		var body struct {
			Message string `json:"message"`
		}
		if resp.JSON(&body) == nil && body.Message != "" {
			f.Message = body.Message
		}
		return f
	}
	c := sdk.New()
	sdk.Action(c, "list", func(call *sdk.Call, _ struct{}) (any, error) {
		resp, err := call.HTTP("api").Get("/lists", nil)
		if err != nil {
			return nil, err
		}
		return nil, vendorFault(resp)
	})

	h := sdktest.New(c, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "2.5")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"message": "100 requests a minute are allowed"}`)
	}))
	_, err := sdktest.Run[any](h, "list", nil)
	fmt.Println(err, err.(*sdk.Fault).RetryAfter)
	// Output: rate_limited: 100 requests a minute are allowed 2.5
}

func ExampleClient_Pages() {
	c := sdk.New()
	sdk.Action(c, "count", func(call *sdk.Call, _ struct{}) (int, error) {
		n := 0
		for resp, err := range call.HTTP("api").Pages(&sdk.Request{Path: "/items"}, sdk.ByLink("next")) {
			if err != nil {
				return 0, err
			}
			var items []json.RawMessage
			if err := resp.JSON(&items); err != nil {
				return 0, err
			}
			n += len(items)
		}
		return n, nil
	})

	h := sdktest.New(c, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("page") == "" {
			w.Header().Set("Link", `</items?page=2>; rel="next"`)
		}
		io.WriteString(w, `[1, 2, 3]`)
	}))
	n, err := sdktest.Run[int](h, "count", nil)
	fmt.Println(n, err)
	// Output: 6 <nil>
}

func ExamplePath() {
	fmt.Println(sdk.Path("organizations", "acme/west", "runs", "eid:CID-7"))
	// Output: /organizations/acme%2Fwest/runs/eid:CID-7
}

func ExampleMultipart() {
	body := sdk.Multipart(
		sdk.Part{Name: "title", Data: []byte("Invoice")},
		sdk.Part{Name: "file", Filename: "invoice.pdf", ContentType: "application/pdf", Data: []byte("%PDF-1.7")})
	kind, _, _ := strings.Cut(body.ContentType, ";")
	fmt.Println(kind, len(body.Bytes) > 0)
	// Output: multipart/form-data true
}
