package main

import (
	"time"

	"patchbay/sdk"
)

// job is a zip archive that Box is making.
type job struct {
	Download string `json:"download_url"`
	Status   string `json:"status_url"`
	Name     string `json:"name"`
}

type zipInput struct {
	FolderID string `json:"folder_id"`
	Name     string `json:"name"`
}

type zipped struct {
	Name    string `json:"name"`
	Files   int    `json:"files"`
	Skipped int    `json:"skipped"`
	URL     string `json:"url"`
}

// zipFolder starts the archive, which Box answers with 202, and asks after it until it is done.
func zipFolder(call *sdk.Call, in zipInput) (zipped, error) {
	var j job
	started, err := call.State(&j)
	if err != nil {
		return zipped{}, err
	}
	if started {
		return j.look(call)
	}
	resp, err := call.HTTP("api").Post("/zip_downloads", sdk.JSON(map[string]any{
		"items": []any{map[string]string{"type": "folder", "id": in.FolderID}}, "download_file_name": in.Name}))
	if err := read(resp, err, &j); err != nil {
		return zipped{}, err
	}
	return zipped{}, sdk.Pending(j, 5*time.Second)
}

func (j job) look(call *sdk.Call) (zipped, error) {
	var s struct {
		Total   int    `json:"total_file_count"`
		Skipped int    `json:"skipped_file_count"`
		State   string `json:"state"`
	}
	resp, err := call.HTTP("api").Do(&sdk.Request{URL: j.Status})
	if err := read(resp, err, &s); err != nil {
		return zipped{}, err
	}
	switch s.State {
	case "succeeded":
		return zipped{Name: j.Name, Files: s.Total, Skipped: s.Skipped, URL: j.Download}, nil
	case "failed":
		return zipped{}, sdk.Faultf(sdk.Unavailable, "Box could not make the archive; try again later")
	}
	return zipped{}, sdk.Pending(j, 10*time.Second)
}
