// Command mailgun is the guest of a connector for mailing lists. Mailgun takes forms and answers JSON.
package main

import (
	"encoding/json"
	"net/url"
	"time"

	"patchbay/sdk"
)

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Action(c, "save_member", saveMember)
	sdk.Action(c, "create_list", createList)
	sdk.Action(c, "find_list", findList)
	sdk.Options(c, "lists", lists)
	sdk.Schema(c, "member_vars", memberVars)
	sdk.Test(c, "test", test)
	return c
}

// ask sends a form, or reads without one, and decodes the answer.
func ask(c *sdk.Call, r sdk.Request, form url.Values, out any) error {
	if form != nil {
		r.Method, r.Body = "POST", sdk.Form(form)
	}
	resp, err := c.HTTP("api").Do(&r)
	if err != nil {
		return err
	}
	if !resp.OK() {
		return resp.Fault()
	}
	return resp.JSON(out)
}

type memberInput struct {
	List       string            `json:"list"`
	Address    string            `json:"address"`
	Name       *string           `json:"name"`
	Subscribed *bool             `json:"subscribed"`
	Vars       map[string]string `json:"vars"`
}

type member struct {
	Address    string `json:"address"`
	Name       string `json:"name,omitempty"`
	Subscribed bool   `json:"subscribed"`
}

// saveMember sends what the input has and nothing else, so that a change leaves the rest of the member alone.
func saveMember(c *sdk.Call, in memberInput) (member, error) {
	form := url.Values{"address": {in.Address}, "upsert": {"yes"}, "subscribed": {"yes"}}
	if in.Subscribed != nil && !*in.Subscribed {
		form.Set("subscribed", "no")
	}
	if in.Name != nil {
		form.Set("name", *in.Name)
	}
	if in.Vars != nil {
		vars, err := json.Marshal(in.Vars)
		if err != nil {
			return member{}, err
		}
		form.Set("vars", string(vars))
	}
	var saved struct {
		Member member `json:"member"`
	}
	if err := ask(c, sdk.Request{Path: sdk.Path("lists", in.List, "members")}, form, &saved); err != nil {
		return member{}, err
	}
	if saved.Member.Address == "" {
		return member{}, sdk.Faultf(sdk.Unavailable, "Mailgun's answer has no member in it; save it again")
	}
	return saved.Member, nil
}

type list struct {
	Address   string `json:"address"`
	Name      string `json:"name,omitempty"`
	Members   int    `json:"members"`
	CreatedAt string `json:"created_at,omitempty"`
}

type listAnswer struct {
	List struct {
		list
		MembersCount int `json:"members_count"`
	} `json:"list"`
}

// read is the list of an answer; code is what an answer without one means.
func (a listAnswer) read(code sdk.Code) (list, error) {
	l := a.List.list
	if l.Address == "" {
		return list{}, sdk.Faultf(code, "Mailgun's answer has no list in it; look whether there is one")
	}
	l.Members = a.List.MembersCount
	if t, err := time.Parse(time.RFC1123Z, l.CreatedAt); err == nil {
		l.CreatedAt = t.UTC().Format(time.RFC3339)
	} else {
		l.CreatedAt = ""
	}
	return l, nil
}

type listInput struct {
	Address     string `json:"address"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

func createList(c *sdk.Call, in listInput) (list, error) {
	form := url.Values{"address": {in.Address}, "access_level": {"readonly"}}
	for name, value := range map[string]string{"name": in.Name, "description": in.Description} {
		if value != "" {
			form.Set(name, value)
		}
	}
	var made listAnswer
	if err := ask(c, sdk.Request{Path: "/lists"}, form, &made); err != nil {
		return list{}, err
	}
	return made.read(sdk.InDoubt)
}

func findList(c *sdk.Call, in listInput) (list, error) {
	var found listAnswer
	if err := ask(c, sdk.Request{Path: sdk.Path("lists", in.Address)}, nil, &found); err != nil {
		return list{}, err
	}
	return found.read(sdk.Unavailable)
}
