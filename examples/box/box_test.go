package main

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"patchbay/sdk/sdktest"
)

func TestZipFolder(t *testing.T) {
	states := []string{"in_progress", "succeeded"}
	h := sdktest.New(connector(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			w.WriteHeader(202)
			io.WriteString(w, `{"download_url": "https://dl.boxcloud.com/2.0/zip_downloads/z/content", "status_url": "https://api.box.com/2.0/zip_downloads/z/status", "name": "a.zip"}`)
			return
		}
		io.WriteString(w, `{"total_file_count": 2, "skipped_file_count": 0, "state": "`+states[0]+`"}`)
		states = states[1:]
	}))
	h.URLs = map[string]string{"api": "https://api.box.com/2.0"}
	_, err := sdktest.Run[zipped](h, "zip_folder", zipInput{FolderID: "1", Name: "a.zip"})
	for range 2 {
		var p *sdktest.Pending
		if !errors.As(err, &p) {
			t.Fatalf("error %v, want pending", err)
		}
		var z zipped
		if z, err = sdktest.Resume[zipped](h, "zip_folder", zipInput{FolderID: "1", Name: "a.zip"}, p); err == nil && (z.Files != 2 || !strings.HasPrefix(z.URL, "https://dl")) {
			t.Errorf("%+v", z)
		}
	}
	if err != nil {
		t.Error(err)
	}
}
