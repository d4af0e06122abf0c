// Command netsuite is the guest of the NetSuite connector: it turns the operations that connector.yaml
// declares into calls of the SuiteTalk REST API. README.md says what they do and what is assumed of the API.
//
// Records of every type have one shape, so the actions take the type as an input. Fields are passed on as
// they are given, which is how custom fields work without this connector knowing them.
package main

import "patchbay/sdk"

func init() { sdk.Serve(connector()) } // a WASI reactor runs init, not main

func main() {}

// connector lists the operations in the order of connector.yaml.
func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Action(c, "get_record", getRecord)
	sdk.Action(c, "create_record", createRecord)
	sdk.Action(c, "update_record", updateRecord)
	sdk.Action(c, "upsert_record", upsertRecord)
	sdk.PagedAction(c, "suiteql", suiteQL)
	sdk.Options(c, "record_types", recordTypes)
	sdk.Test(c, "test", test)
	prime(c)
	return c
}

// prime names what is read from responses, in the order of types.go.
func prime(c *sdk.Connector) {
	sdk.Prime[resultPage](c)
	sdk.Prime[catalog](c)
	sdk.Prime[serverTime](c)
	sdk.Prime[apiError](c)
}
