package main

import (
	"io"
	"net/http"
	"testing"

	"patchbay/sdk"
	"patchbay/sdk/sdktest"
)

func TestCreateIssue_NotASuccess(t *testing.T) {
	h := sdktest.New(connector(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"data": {"issueCreate": {"success": false, "issue": null}}}`)
	}))
	h.URLs = map[string]string{"graphql": "https://api.linear.app"}
	_, err := sdktest.Run[Issue](h, "create_issue", createInput{TeamID: "t", Title: "x"})
	if f, ok := err.(*sdk.Fault); !ok || f.Code != sdk.InDoubt {
		t.Errorf("error %v, want in_doubt", err)
	}
}
