package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"patchbay/sdk"
)

func init() { misdeeds = append(misdeeds, resilience) }

// resilience are operations that make the worst of what a vendor answers.
func resilience(c *sdk.Connector) {
	sdk.Action(c, "swallow_failures", swallowing(func(r *sdk.Response, err error) bool { return err == nil && r.Status >= 500 }))
	sdk.Action(c, "swallow_refusals", swallowing(func(r *sdk.Response, err error) bool { return err == nil && r.Status == 404 }))
	sdk.Action(c, "swallow_throttling", swallowing(func(r *sdk.Response, err error) bool { return err == nil && r.Status == 429 }))
	sdk.Action(c, "swallow_losses", swallowing(func(_ *sdk.Response, err error) bool { return err != nil }))
	sdk.Action(c, "swallow_redirects", swallowing(func(r *sdk.Response, err error) bool { return err == nil && r.Status/100 == 3 }))
	sdk.Action(c, "swallow_rubbish", swallowRubbish)
	sdk.Action(c, "swallow_null", swallowNull)
	sdk.Action(c, "overlook_rules", overlookRules)
	sdk.Action(c, "go_on_without_credential", goOnWithoutCredential)
	sdk.Action(c, "blunt", blunt)
	sdk.Action(c, "blame_input", blameInput)
	sdk.Action(c, "deny_doubt", denyDoubt)
	sdk.Action(c, "forget_wait", forgetWait)
	sdk.Action(c, "read_wait", readWait)
	sdk.Action(c, "ask_again", askAgain)
	sdk.Action(c, "sleep_first", sleepFirst)
	sdk.Action(c, "sleep_after_failure", sleepAfterFailure)
	sdk.Action(c, "write_anyway", writeAnyway)
	sdk.Action(c, "own_words", saying(func(*sdk.Response, error) string { return "The request has failed." }))
	sdk.Action(c, "library_words", saying(func(_ *sdk.Response, err error) string { return fmt.Sprint("cannot read it: ", err) }))
	sdk.Action(c, "paste_page", saying(func(r *sdk.Response, _ error) string { return "the vendor says " + string(r.Body) }))
	sdk.Action(c, "tell_machine", saying(func(*sdk.Response, error) string { return "open /home/ada/desk/tickets.go:12: it failed" }))
	sdk.Action(c, "spell_credential", saying(func(*sdk.Response, error) string { return "refused: canary-token-5f3a9c17e2b84d60" }))
	sdk.Action(c, "name_strange_field", nameStrangeField)
	sdk.Action(c, "crash", crash)
	sdk.Action(c, "turn_in_circles", turnInCircles)
	sdk.Action(c, "be_strict", beStrict)
	sdk.Action(c, "trip_over_null", tripOverNull)
	sdk.Action(c, "spell_null", spellNull)
	sdk.Action(c, "float_ids", floatIDs)
	sdk.Action(c, "empty_id", emptyID)
	sdk.PagedAction(c, "empty_list", emptyList)
}

type ticket struct {
	ID      string `json:"id"`
	Subject string `json:"subject"`
}

func askTicket(c *sdk.Call, in byID) (*sdk.Response, error) {
	return c.HTTP("api").Get(sdk.Path("tickets", in.ID), nil)
}

// read does all right.
func readTicket(r *sdk.Response, err error) (t ticket, _ error) {
	switch {
	case err != nil:
		return t, err
	case !r.OK():
		return t, r.Fault()
	}
	return t, r.JSON(&t)
}

func swallowing(ignored func(*sdk.Response, error) bool) func(*sdk.Call, byID) (ticket, error) {
	return func(c *sdk.Call, in byID) (ticket, error) {
		r, err := askTicket(c, in)
		if ignored(r, err) {
			return ticket{ID: in.ID, Subject: "unknown"}, nil
		}
		return readTicket(r, err)
	}
}

func swallowRubbish(c *sdk.Call, in byID) (t ticket, err error) {
	r, err := askTicket(c, in)
	if err == nil && r.OK() {
		_ = json.Unmarshal(r.Body, &t)
		return t, nil
	}
	return readTicket(r, err)
}

func swallowNull(c *sdk.Call, in byID) (t ticket, err error) {
	r, err := askTicket(c, in)
	if err == nil && r.OK() && string(r.Body) == "null" {
		return t, nil
	}
	return readTicket(r, err)
}

func overlookRules(c *sdk.Call, in byID) (t ticket, err error) {
	r, err := askTicket(c, in)
	if err == nil && r.Status == 200 {
		return t, r.JSON(&t)
	}
	return readTicket(r, err)
}

func goOnWithoutCredential(c *sdk.Call, in byID) (ticket, error) {
	if r, err := c.HTTP("api").Get("/me", nil); err != nil || !r.OK() {
		return readTicket(r, err)
	}
	r, err := askTicket(c, in)
	if err == nil && r.Status == 401 {
		return ticket{ID: in.ID, Subject: "hidden"}, nil
	}
	return readTicket(r, err)
}

// blunt has one code for all errors.
func blunt(c *sdk.Call, in byID) (ticket, error) {
	r, err := askTicket(c, in)
	if err == nil && !r.OK() {
		return ticket{}, sdk.Faultf(sdk.Internal, "%s", r.Fault().Message)
	}
	return readTicket(r, err)
}

func blameInput(c *sdk.Call, in byID) (ticket, error) {
	t, err := readTicket(askTicket(c, in))
	if err != nil {
		return t, sdk.Faultf(sdk.InvalidInput, "%v", err)
	}
	return t, nil
}

type filing struct {
	Subject string `json:"subject"`
	Queue   string `json:"queue"`
}

func denyDoubt(c *sdk.Call, in filing) (t byID, _ error) {
	r, err := c.HTTP("api").Do(&sdk.Request{Method: "POST", Path: "/tickets", Body: sdk.JSON(in)})
	if err != nil {
		return t, sdk.Faultf(sdk.NotFound, "the ticket was not filed")
	}
	if !r.OK() {
		return t, r.Fault()
	}
	return t, r.JSON(&t)
}

func forgetWait(c *sdk.Call, in byID) (ticket, error) {
	r, err := askTicket(c, in)
	if err == nil && r.Status == 429 {
		return ticket{}, sdk.Faultf(sdk.RateLimited, "%s", r.Fault().Message)
	}
	return readTicket(r, err)
}

func readWait(c *sdk.Call, in byID) (ticket, error) {
	r, err := askTicket(c, in)
	if err == nil && r.Status == 429 {
		if _, err := strconv.Atoi(r.Header.Get("Retry-After")); err != nil {
			return ticket{}, sdk.Faultf(sdk.Internal, "Retry-After is no number")
		}
	}
	return readTicket(r, err)
}

func askAgain(c *sdk.Call, in byID) (t ticket, err error) {
	for range 3 {
		if t, err = readTicket(askTicket(c, in)); err == nil {
			break
		}
	}
	return t, err
}

func sleepFirst(c *sdk.Call, in byID) (ticket, error) {
	time.Sleep(200 * time.Millisecond)
	return readTicket(askTicket(c, in))
}

func sleepAfterFailure(c *sdk.Call, in byID) (ticket, error) {
	t, err := readTicket(askTicket(c, in))
	if err != nil {
		time.Sleep(time.Second)
	}
	return t, err
}

func writeAnyway(c *sdk.Call, in byID) (t ticket, err error) {
	if known, err := readTicket(askTicket(c, in)); err == nil {
		t = known
	}
	t.ID = in.ID
	return readTicket(c.HTTP("api").Do(&sdk.Request{Method: "POST", Path: "/tickets", Body: sdk.JSON(t)}))
}

func saying(words func(*sdk.Response, error) string) func(*sdk.Call, byID) (ticket, error) {
	return func(c *sdk.Call, in byID) (t ticket, _ error) {
		r, err := askTicket(c, in)
		if err != nil {
			return t, err
		}
		if err = json.Unmarshal(r.Body, &t); r.OK() && err == nil && t.ID != "" {
			return t, nil
		}
		code := sdk.Unavailable
		if !r.OK() {
			code = r.Fault().Code
		}
		return t, sdk.Faultf(code, "%s", words(r, err))
	}
}

func nameStrangeField(c *sdk.Call, in byID) (ticket, error) {
	r, err := askTicket(c, in)
	if err == nil && r.Status == 422 {
		return ticket{}, r.Fault().At("/ticket_number")
	}
	return readTicket(r, err)
}

func crash(c *sdk.Call, in byID) (ticket, error) {
	r, err := askTicket(c, in)
	if err != nil || !r.OK() {
		return readTicket(r, err)
	}
	var v map[string]any
	if err := r.JSON(&v); err != nil {
		return ticket{}, err
	}
	return ticket{ID: v["id"].(string), Subject: v["subject"].(string)}, nil
}

func turnInCircles(c *sdk.Call, in byID) (t ticket, _ error) {
	for {
		r, err := askTicket(c, in)
		if err != nil || !r.OK() {
			return readTicket(r, err)
		}
		var v struct {
			ticket
			Version int `json:"version"` // 0: not yet
		}
		if err := r.JSON(&v); err != nil || v.Version > 0 {
			return v.ticket, err
		}
	}
}

func beStrict(c *sdk.Call, in byID) (t ticket, _ error) {
	r, err := askTicket(c, in)
	if err != nil || !r.OK() {
		return readTicket(r, err)
	}
	var v struct {
		ticket
		Queue     string `json:"queue"`
		Version   int    `json:"version"`
		ChangedAt string `json:"changed_at"`
	}
	dec := json.NewDecoder(bytes.NewReader(r.Body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return t, sdk.Faultf(sdk.Internal, "the ticket is not as it should be")
	}
	return v.ticket, nil
}

// object reads a ticket as it comes.
func object(c *sdk.Call, in byID) (v map[string]any, _ error) {
	r, err := askTicket(c, in)
	if err != nil {
		return nil, err
	}
	if !r.OK() {
		return nil, r.Fault()
	}
	return v, r.JSON(&v)
}

func tripOverNull(c *sdk.Call, in byID) (ticket, error) {
	v, err := object(c, in)
	if err != nil {
		return ticket{}, err
	}
	if queue, there := v["queue"]; there {
		if _, ok := queue.(string); !ok {
			return ticket{}, sdk.Faultf(sdk.Internal, "the ticket's queue is no text")
		}
	}
	return ticket{ID: fmt.Sprint(v["id"]), Subject: fmt.Sprint(v["subject"])}, nil
}

func spellNull(c *sdk.Call, in byID) (ticket, error) {
	v, err := object(c, in)
	if err != nil {
		return ticket{}, err
	}
	return ticket{ID: in.ID, Subject: fmt.Sprint(v["subject"])}, nil
}

func floatIDs(c *sdk.Call, in byID) (t ticket, _ error) {
	r, err := askTicket(c, in)
	if err != nil || !r.OK() {
		return readTicket(r, err)
	}
	var v struct {
		ID      float64 `json:"id"`
		Subject string  `json:"subject"`
	}
	err = r.JSON(&v)
	return ticket{ID: strconv.FormatFloat(v.ID, 'f', 0, 64), Subject: v.Subject}, err
}

func emptyID(c *sdk.Call, in byID) (ticket, error) { return readTicket(askTicket(c, in)) }

func emptyList(c *sdk.Call, _ struct{}) (p sdk.Page[ticket], _ error) {
	r, err := c.HTTP("api").Get("/tickets", nil)
	if err != nil {
		return p, err
	}
	if !r.OK() {
		return p, r.Fault()
	}
	var v struct {
		Tickets []ticket `json:"tickets"`
	}
	err = r.JSON(&v)
	return sdk.Page[ticket]{Items: v.Tickets}, err
}
