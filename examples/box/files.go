package main

import (
	"encoding/json"
	"net/url"

	"patchbay/sdk"
)

// file is a file or folder, both as Box has it and as recipes see it.
type file struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name"`
	ETag string `json:"etag,omitempty"`
	Size *int64 `json:"size,omitempty"`
	SHA1 string `json:"sha1,omitempty"`
}

const fields = "type,id,name,etag,size,sha1"

// read reads the answer to a request into out, unless out is nil.
func read(resp *sdk.Response, err error, out any) error {
	switch {
	case err != nil:
		return err
	case !resp.OK():
		return resp.Fault()
	case out == nil:
		return nil
	}
	return resp.JSON(out)
}

type entries struct {
	Entries []file `json:"entries"`
	Next    string `json:"next_marker"`
}

type folderInput struct {
	FolderID string `json:"folder_id"`
}

func list(call *sdk.Call, folder string) (entries, error) {
	query := url.Values{"fields": {fields}, "limit": {"200"}, "usemarker": {"true"}}
	var marker string
	if _, err := call.Cursor(&marker); err != nil {
		return entries{}, err
	}
	if marker != "" {
		query.Set("marker", marker)
	}
	var e entries
	resp, err := call.HTTP("api").Get(sdk.Path("folders", folder, "items"), query)
	return e, read(resp, err, &e)
}

func listFolder(call *sdk.Call, in folderInput) (sdk.Page[file], error) {
	e, err := list(call, in.FolderID)
	page := sdk.Page[file]{Items: e.Entries}
	if e.Next != "" {
		page.Cursor = e.Next
	}
	return page, err
}

// folders offers the folders at the top.
func folders(call *sdk.Call, _ struct{}) (sdk.Page[sdk.Option], error) {
	e, err := list(call, "0")
	var page sdk.Page[sdk.Option]
	for _, f := range e.Entries {
		if f.Type == "folder" {
			page.Items = append(page.Items, sdk.Option{Value: f.ID, Label: f.Name})
		}
	}
	if e.Next != "" {
		page.Cursor = e.Next
	}
	return page, err
}

type fileInput struct {
	FileID string `json:"file_id"`
	ETag   string `json:"etag"`
}

func getFile(call *sdk.Call, in fileInput) (file, error) {
	var f file
	resp, err := call.HTTP("api").Get(sdk.Path("files", in.FileID), url.Values{"fields": {fields}})
	return f, read(resp, err, &f)
}

type uploadInput struct {
	FolderID string `json:"folder_id"`
	Name     string `json:"name"`
	Content  []byte `json:"content"` // base64 in JSON
}

func uploadFile(call *sdk.Call, in uploadInput) (file, error) {
	attributes, _ := json.Marshal(map[string]any{"name": in.Name, "parent": map[string]string{"id": in.FolderID}})
	body := sdk.Multipart(sdk.Part{Name: "attributes", Data: attributes}, sdk.Part{Name: "file", Filename: in.Name, Data: in.Content})
	var e entries
	resp, err := call.HTTP("upload").Post("/files/content", body)
	if err := read(resp, err, &e); err != nil {
		return file{}, err
	}
	if len(e.Entries) != 1 {
		return file{}, sdk.Faultf(sdk.InDoubt, "Box took the file and does not say which it became; look in the folder before you repeat it")
	}
	return e.Entries[0], nil
}

type content struct {
	Content     []byte `json:"content"`
	ContentType string `json:"content_type"`
	Size        int    `json:"size"`
}

// downloadFile lets the host follow Box's redirect to where the bytes are.
func downloadFile(call *sdk.Call, in fileInput) (content, error) {
	resp, err := call.HTTP("api").Get(sdk.Path("files", in.FileID, "content"), nil)
	if err := read(resp, err, nil); err != nil {
		return content{}, err
	}
	if resp.Status == 202 {
		f := sdk.Faultf(sdk.Unavailable, "Box is still preparing the file; try again soon")
		if after, ok := resp.RetryAfter(); ok {
			f.RetryAfter = after.Seconds()
		}
		return content{}, f
	}
	return content{Content: resp.Body, ContentType: resp.Header.Get("Content-Type"), Size: len(resp.Body)}, nil
}

type renameInput struct {
	fileInput
	Name string `json:"name"`
}

// ifMatch makes a change fail with 412 when the file is not as it was read.
func ifMatch(etag string) sdk.Header {
	if etag == "" {
		return nil
	}
	return sdk.Header{"If-Match": {etag}}
}

func renameFile(call *sdk.Call, in renameInput) (file, error) {
	var f file
	resp, err := call.HTTP("api").Do(&sdk.Request{Method: "PUT", Path: sdk.Path("files", in.FileID), Query: url.Values{"fields": {fields}},
		Header: ifMatch(in.ETag), Body: sdk.JSON(map[string]string{"name": in.Name})})
	return f, read(resp, err, &f)
}

type gone struct {
	FileID string `json:"file_id"`
}

func deleteFile(call *sdk.Call, in fileInput) (gone, error) {
	resp, err := call.HTTP("api").Do(&sdk.Request{Method: "DELETE", Path: sdk.Path("files", in.FileID), Header: ifMatch(in.ETag)})
	return gone{in.FileID}, read(resp, err, nil)
}

func user(call *sdk.Call) (any, error) {
	var u struct {
		Name  string `json:"name"`
		Login string `json:"login"`
	}
	resp, err := call.HTTP("api").Get("/users/me", url.Values{"fields": {"name,login"}})
	return u, read(resp, err, &u)
}
