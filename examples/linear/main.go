// Command linear is the guest of the connector patchbay/linear.
package main

import "patchbay/sdk"

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Test(c, "whoami", whoami)
	sdk.PagedAction(c, "list_issues", listIssues)
	sdk.Action(c, "get_issue", getIssue)
	sdk.Action(c, "create_issue", createIssue)
	sdk.Action(c, "update_issue", updateIssue)
	sdk.Action(c, "add_comment", addComment)
	sdk.Trigger(c, "issue_changed", issueChanged)
	sdk.Options(c, "teams", teams)
	sdk.Prime[node](c)
	return c
}
