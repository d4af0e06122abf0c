package main

import (
	"fmt"

	"patchbay/sdk"
)

func init() { misdeeds = append(misdeeds, limits) }

func limits(c *sdk.Connector) {
	sdk.Action(c, "list_one_by_one", listOneByOne)
	sdk.Action(c, "chatter", func(c *sdk.Call, _ struct{}) (struct{}, error) {
		for i := range 20 {
			c.Log.Info(fmt.Sprintf("Looking at ticket number %d of this site, which is one of many.", i))
		}
		return struct{}{}, nil
	})
}

type found struct {
	Tickets []map[string]any `json:"tickets"`
}

// listOneByOne asks for a list, and then once more for each of its tickets.
func listOneByOne(c *sdk.Call, _ struct{}) (found, error) {
	var list found
	if err := read(c, "/tickets", &list); err != nil {
		return list, err
	}
	for i, t := range list.Tickets {
		if err := read(c, sdk.Path("tickets", fmt.Sprint(t["id"])), &list.Tickets[i]); err != nil {
			return list, err
		}
	}
	return list, nil
}

func read(c *sdk.Call, path string, out any) error {
	resp, err := c.HTTP("api").Get(path, nil)
	if err != nil {
		return err
	}
	return resp.JSON(out)
}
