// Command servicenow is the guest of a connector that reads incidents through ServiceNow's Table API. table.go knows the API,
// incident.go what an incident is; the handlers here only join the two.
package main

import (
	"fmt"
	"strings"

	"patchbay/sdk"
)

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.PagedAction(c, "list_incidents", listIncidents)
	sdk.Action(c, "get_incident", getIncident)
	sdk.Test(c, "check_user", checkUser)
	sdk.Prime[[]incident](c)
	return c
}

type filter struct {
	State      string `json:"state"`
	AssignedTo string `json:"assigned_to"`
}

// encoded is the filter as an encoded query. Its values are of an enum and of hexadecimal digits, so that none can hold a "^",
// which would begin another condition.
func (f filter) encoded() string {
	var terms []string
	if f.State != "" {
		terms = append(terms, "state="+numberOf(f.State))
	}
	if f.AssignedTo != "" {
		terms = append(terms, "assigned_to="+f.AssignedTo)
	}
	return strings.Join(append(terms, "ORDERBYDESCsys_updated_on", "ORDERBYsys_id"), "^")
}

func listIncidents(call *sdk.Call, f filter) (sdk.Page[incident], error) {
	offset := 0
	if _, err := call.Cursor(&offset); err != nil {
		return sdk.Page[incident]{}, err
	}
	rows, more, err := list[incident](call, "incident", f.encoded(), offset)
	if err != nil {
		return sdk.Page[incident]{}, fmt.Errorf("list incidents: %w", err)
	}
	page := sdk.Page[incident]{Items: rows}
	if more {
		page.Cursor = offset + pageSize
	}
	return page, nil
}

type byID struct {
	ID string `json:"id"`
}

func getIncident(call *sdk.Call, in byID) (incident, error) {
	found, err := one[incident](call, "incident", in.ID)
	if err != nil {
		return incident{}, fmt.Errorf("get incident %s: %w", in.ID, err)
	}
	return found, nil
}

type sysUser struct {
	ID   string `json:"sys_id"`
	Name string `json:"user_name"`
}

// checkUser asks the instance who it takes the caller for.
func checkUser(call *sdk.Call) (sysUser, error) {
	rows, _, err := list[sysUser](call, "sys_user", "user_name=javascript:gs.getUserName()", 0)
	if err != nil {
		return sysUser{}, err
	}
	if len(rows) == 0 {
		return sysUser{}, sdk.Faultf(sdk.Forbidden, "the user may not read the table sys_user; give it the role itil")
	}
	return rows[0], nil
}
