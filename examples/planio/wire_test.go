package main

import (
	"net/http"
	"strings"
	"testing"

	"patchbay/sdk/sdktest"
)

func TestFailure_SaysWhatPlanioSays(t *testing.T) {
	h := sdktest.New(connector(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(422)
		w.Write([]byte(`<errors type="array"><error>Subject cannot be blank</error></errors>`))
	}))
	h.URLs = map[string]string{"redmine": "https://acme.plan.io"}
	_, err := sdktest.Run[Issue](h, "get_issue", map[string]any{"id": 1})
	if err == nil || !strings.Contains(err.Error(), "Subject cannot be blank") {
		t.Errorf("error %v", err)
	}
}
