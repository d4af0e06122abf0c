// Command moveworks is the guest of a connector with one action, in one file. The token comes from the host, which gets a
// new one every minute or so: guests never see it.
package main

import (
	"encoding/json"
	"errors"
	"slices"

	"patchbay/sdk"
)

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Action(c, "send_message", sendMessage)
	sdk.Test(c, "check", check)
	return c
}

type messageInput struct {
	Event      string   `json:"event"`
	Message    string   `json:"message"`
	Recipients []string `json:"recipients"`
}

type sent struct {
	Event      string `json:"event"`
	Recipients int    `json:"recipients"`
}

// sendMessage names nobody twice: whoever is in two lists of a recipe gets one message.
func sendMessage(call *sdk.Call, in messageInput) (sent, error) {
	people := slices.Compact(slices.Sorted(slices.Values(in.Recipients)))
	body := sdk.JSON(map[string]any{"message": in.Message, "recipients": people})
	resp, err := accepted(call.HTTP("events").Post(sdk.Path(in.Event, "messages", "send"), body))
	if err != nil {
		return sent{}, err
	}
	var answer struct {
		Data json.RawMessage `json:"data"`
	}
	if err := resp.JSON(&answer); err != nil || answer.Data == nil {
		return sent{}, errors.Join(sdk.Faultf(sdk.InDoubt, "Moveworks took the message, but its answer cannot be read; ask a recipient before you send it again"), err)
	}
	return sent{in.Event, len(people)}, nil
}

type host struct {
	Host string `json:"host"`
}

func check(call *sdk.Call) (host, error) {
	_, err := accepted(call.HTTP("api").Get("/auth/test", nil))
	return host{call.Field("host")}, err
}

// accepted makes a fault of an answer that refuses.
func accepted(resp *sdk.Response, err error) (*sdk.Response, error) {
	if err == nil && !resp.OK() {
		err = resp.Fault()
	}
	return resp, err
}
