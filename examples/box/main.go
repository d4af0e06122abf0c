// Command box is the guest of the connector patchbay/box.
package main

import "patchbay/sdk"

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Test(c, "user", user)
	sdk.PagedAction(c, "list_folder", listFolder)
	sdk.Action(c, "get_file", getFile)
	sdk.Action(c, "upload_file", uploadFile)
	sdk.Action(c, "download_file", downloadFile)
	sdk.Action(c, "rename_file", renameFile)
	sdk.Action(c, "delete_file", deleteFile)
	sdk.Action(c, "zip_folder", zipFolder)
	sdk.Trigger(c, "file_event", fileEvent)
	sdk.Options(c, "folders", folders)
	return c
}
