// Command tallyfy is the guest of the Tallyfy connector: it turns the operations that connector.yaml
// declares into calls of Tallyfy's REST API. README.md says what they do and what is assumed of the API.
//
// Tallyfy's API keeps older words than its pages. This connector uses people's words in inputs and outputs:
// a blueprint is a "checklist", a process a "run", the kick-off form a "prerun".
package main

import "patchbay/sdk"

func init() { sdk.Serve(connector()) } // a WASI reactor runs init, not main

func main() {}

// connector lists the operations in the order of connector.yaml.
func connector() *sdk.Connector {
	c := sdk.New()
	sdk.PagedAction(c, "list_blueprints", listBlueprints)
	sdk.Action(c, "get_blueprint", getBlueprint)
	sdk.Action(c, "launch_process", launchProcess)
	sdk.PagedAction(c, "list_tasks", listTasks)
	sdk.Action(c, "get_task", getTask)
	sdk.Action(c, "create_task", createTask)
	sdk.Action(c, "complete_task", completeTask)
	sdk.Action(c, "add_comment", addComment)
	sdk.Options(c, "blueprints", blueprintOptions)
	sdk.Schema(c, "kickoff", kickoffSchema)
	sdk.Test(c, "test", test)
	prime(c)
	return c
}

// prime names what is read from responses and sent as bodies, in the order of types.go.
func prime(c *sdk.Connector) {
	sdk.Prime[single[blueprint]](c)
	sdk.Prime[listing[blueprint]](c)
	sdk.Prime[single[process]](c)
	sdk.Prime[single[task]](c)
	sdk.Prime[listing[task]](c)
	sdk.Prime[single[user]](c)
	sdk.Prime[listing[user]](c)
	sdk.Prime[listing[organization]](c)
	sdk.Prime[single[comment]](c)
	sdk.Prime[errorBody](c)
	sdk.Prime[launchBody](c)
	sdk.Prime[createTaskBody](c)
	sdk.Prime[completion](c)
}
