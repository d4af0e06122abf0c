// Command planio is the guest of the connector patchbay/planio. Planio is a hosted Redmine; the connector speaks the XML
// side of Redmine's API.
package main

import "patchbay/sdk"

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Test(c, "me", me)
	sdk.PagedAction(c, "list_issues", listIssues)
	sdk.Action(c, "get_issue", getIssue)
	sdk.Action(c, "create_issue", createIssue)
	sdk.Action(c, "update_issue", updateIssue)
	sdk.Action(c, "log_time", logTime)
	sdk.Action(c, "delete_time_entry", deleteTimeEntry)
	sdk.Trigger(c, "issue_updated", issueUpdated)
	sdk.Options(c, "projects", projects)
	sdk.Options(c, "activities", activities)
	return c
}
