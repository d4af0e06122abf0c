package main

import (
	"encoding/json"
	"testing"
)

// TestAnswer_badReplies: whatever comes back, the guest answers with a fault of its own.
func TestAnswer_badReplies(t *testing.T) {
	const call = `{"kind": "action", "operation": "list_channels", "connection": {"urls": {"api": "https://slack.com/api"}}}`
	for reply, want := range map[string]string{
		"":                            "internal",
		"{}":                          "internal",
		"no head\n{}":                 "internal",
		`{"status":302}` + "\n":       "internal",
		`{"status":200}` + "\n<html>": "unavailable",
		`{"status":200}` + "\n":       "unavailable",
		`{"status":200}` + "\n[]":     "internal",
		`{"status":200}` + "\n{\"channels\": {}}":                                            "internal",
		`{"fault":{"code":"timeout","message":"too late"}}` + "\n":                           "timeout",
		`{"status":429,"failure":{"code":"rate_limited","message":"slow down"}}` + "\nplain": "rate_limited",
	} {
		if got := code(t, answer([]byte(call), func([]byte) ([]byte, error) { return []byte(reply), nil })); got != want {
			t.Errorf("reply %q: code %q, want %q", reply, got, want)
		}
	}
}

func TestAnswer_badEnvelopes(t *testing.T) {
	for _, envelope := range []string{"", "[]", `{"kind": "action", "operation": "gone"}`, `{"kind": "action", "operation": "post_message", "input": 1}`,
		`{"kind": "action", "operation": "list_channels", "cursor": 1}`} {
		got := code(t, answer([]byte(envelope), func([]byte) ([]byte, error) { t.Error("a request was sent"); return nil, nil }))
		if got == "" {
			t.Errorf("envelope %q has no fault", envelope)
		}
	}
}

func code(t *testing.T, result []byte) string {
	t.Helper()
	var r struct {
		Fault fault `json:"fault"`
	}
	if err := json.Unmarshal(result, &r); err != nil {
		t.Fatalf("result %s: %v", result, err)
	}
	return r.Fault.Code
}
