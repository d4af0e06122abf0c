package main

import "patchbay/sdk"

func init() {
	misdeeds = append(misdeeds, func(c *sdk.Connector) {
		sdk.Action(c, "with_a_key", withAKey)
		sdk.Action(c, "loud", loud)
	})
}

// awsKey is made up, and in two parts so that nobody takes it for a real one in this repository.
const awsKey = "AK" + "IAQYLPMN5HHHFPZAM2"

// withAKey carries a credential of its author's.
func withAKey(c *sdk.Call, in byID) (byID, error) {
	c.Log.Info("signed by " + awsKey[:4])
	return in, nil
}

// loud logs whatever the vendor answers.
func loud(c *sdk.Call, in byID) (byID, error) {
	resp, err := c.HTTP("api").Get(sdk.Path("tickets", in.ID), nil)
	if err != nil {
		return byID{}, err
	}
	c.Log.Info("answer: " + string(resp.Body))
	return in, resp.JSON(&in)
}
