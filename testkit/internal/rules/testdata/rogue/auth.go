package main

import (
	"errors"

	"patchbay/sdk"
)

func init() {
	misdeeds = append(misdeeds, func(c *sdk.Connector) {
		sdk.Test(c, "test_blindly", testBlindly)
		sdk.Test(c, "test_by_writing", testByWriting)
		sdk.Test(c, "test_in_the_open", testInTheOpen)
		sdk.Test(c, "test_saying_nothing", testSayingNothing)
		sdk.Test(c, "test_at_length", testAtLength)
		sdk.Test(c, "test_in_peace", testInPeace)
		sdk.Test(c, "test_of_branch", testOfBranch)
	})
}

type named struct {
	Name string `json:"name"`
}

// testBlindly does not look at what the vendor says.
func testBlindly(c *sdk.Call) (named, error) {
	_, err := c.HTTP("api").Get("/me", nil)
	return named{Name: "Ada"}, err
}

func testByWriting(c *sdk.Call) (named, error) {
	resp, err := c.HTTP("api").Post("/tickets", sdk.JSON(map[string]string{"subject": "test"}))
	return named{Name: "Ada"}, refusal(resp, err)
}

func testInTheOpen(c *sdk.Call) (named, error) {
	resp, err := c.HTTP("files").Get("/terms/en", nil)
	return named{Name: "Ada"}, refusal(resp, err)
}

func testSayingNothing(c *sdk.Call) (any, error) {
	resp, err := c.HTTP("api").Get("/me", nil)
	return nil, refusal(resp, err)
}

func testAtLength(c *sdk.Call) (named, error) {
	var all error
	for range 4 {
		resp, err := c.HTTP("api").Get("/me", nil)
		all = errors.Join(all, refusal(resp, err))
	}
	return named{Name: "Ada"}, all
}

func refusal(resp *sdk.Response, err error) error {
	if err == nil && !resp.OK() {
		return resp.Fault()
	}
	return err
}

// testInPeace takes a vendor that is closed for one that works.
func testInPeace(c *sdk.Call) (named, error) {
	resp, err := c.HTTP("api").Get("/me", nil)
	if err == nil && resp.Status == 503 {
		return named{Name: "Ada"}, nil
	}
	return named{Name: "Ada"}, refusal(resp, err)
}

// testOfBranch is no misdeed: it uses a field that no template has.
func testOfBranch(c *sdk.Call) (named, error) {
	resp, err := c.HTTP("api").Get("/me", nil)
	return named{Name: c.Field("branch")}, refusal(resp, err)
}
