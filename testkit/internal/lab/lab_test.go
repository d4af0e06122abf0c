package lab

import (
	"context"
	"errors"
	"strings"
	"testing"

	"patchbay/abi"
	"patchbay/host"
)

const call = "-- call.json --\n" + `{"operation": "echo", "input": {"text": "a"}}` + "\n"

// exchanged is the exchange that echo's call makes, with a vendor's answer.
func exchanged(answer string) string {
	return "-- http/1.request --\nPOST https://eu.example.com/v1/echo\n\n{\"text\": \"a\"}\n-- http/1.response --\n" + answer + "\n"
}

// TestLab_Replays runs cases in the sandbox. An empty reason means that it goes as recorded.
func TestLab_Replays(t *testing.T) {
	t.Parallel()
	const canary = "canary-token-5f3a9c17e2b84d60"
	ok := exchanged("200\n\n{\"text\": \"b\"}")
	want := "-- output.json --\n{\"text\": \"b\"}\n"
	with := func(auth string) string {
		return "-- call.json --\n{\"operation\": \"echo\", " + auth + `, "input": {"text": "a"}}` + "\n"
	}
	all := map[string]struct{ text, reason string }{
		"passes.txtar":             {call + ok + want, ""},
		"query_key.txtar":          {with(`"auth": "key"`) + ok + want, ""},
		"basic.txtar":              {with(`"auth": "login", "fields": {"username": "ada"}`) + ok + want, ""},
		"field.txtar":              {with(`"fields": {"region": "us"}`) + strings.Replace(ok, "eu.", "us.", 1) + want, ""},
		"no_credential.txtar":      {"-- call.json --\n{\"kind\": \"test\", \"operation\": \"test\"}\n-- http/1.request --\nGET https://files.example.com/hello\n-- http/1.response --\n200\n-- output.json --\nnull\n", ""},
		"fault.txtar":              {call + exchanged("404") + "-- fault.json --\n{\"code\": \"not_found\", \"field\": \"/text\"}\n", ""},
		"scrubbed.txtar":           {call + exchanged("200\n\n{\"text\": \""+canary+"\"}") + "-- output.json --\n{\"text\": \"[redacted]\"}\n", ""},
		"other_output.txtar":       {call + ok + "-- output.json --\n{\"text\": \"c\"}\n", "want (output.json)"},
		"one_more.txtar":           {call + want, "a request that the case does not expect: POST https://eu.example.com/v1/echo"},
		"one_left.txtar":           {call + ok + strings.ReplaceAll(ok, "http/1", "http/2") + want, "http/2 was not used: the connector never sent POST"},
		"left_by_a_fault.txtar":    {strings.Replace(call, `"a"`, "1", 1) + ok + want, "the call failed: invalid_input at /text"},
		"unexpected_success.txtar": {call + ok + "-- fault.json --\n{\"code\": \"not_found\"}\n", "the call succeeded"},
		"secret_given.txtar":       {with(`"fields": {"token": "mine"}`) + ok + want, "call.json: field token is a secret: leave it out"},
		"unknown_auth.txtar":       {with(`"auth": "oauth"`) + ok + want, "call.json: auth method \"oauth\""},
		"unknown_field.txtar":      {with(`"fields": {"color": "red"}`) + ok + want, "color: no such field"},
		"unknown_operation.txtar":  {strings.Replace(call, "echo", "shout", 1) + want, "shout"},
		"broken.txtar":             {"", "call.json is missing"},
	}
	c := echo(t)
	for name, k := range all {
		c.Cases[name] = []byte(k.text)
	}
	l := open(t, c, Options{CacheDir: cacheDir})
	seen := 0
	for _, r := range l.Replays(t.Context()) {
		k, ok := all[r.Case.Name]
		if !ok {
			continue
		}
		seen++
		if (r.Problem == "") != (k.reason == "") || !strings.Contains(r.Problem, k.reason) {
			t.Errorf("%s: problem %q, want %q", r.Case.Name, r.Problem, k.reason)
		}
		if strings.Contains(r.Problem, canary) {
			t.Errorf("%s repeats the credential: %s", r.Case.Name, r.Problem)
		}
	}
	if seen != len(all)-1 {
		t.Errorf("%d cases were run, want %d", seen, len(all)-1)
	}
	if err := l.Unreadable()["broken.txtar"]; err == nil || len(l.Unreadable()) != 1 {
		t.Errorf("unreadable %v", l.Unreadable())
	}
}

// TestLab_Call runs without a case: nothing answers, and no request leaves the process.
func TestLab_Call(t *testing.T) {
	t.Parallel()
	l := open(t, echo(t), Options{CacheDir: cacheDir})
	_, err := l.Call(t.Context(), host.ConnectRequest{Values: map[string]string{"token": "t-123456"}}, host.Call{Operation: "echo", Input: []byte(`{"text": "a"}`)})
	// Nobody knows what became of a request that is not answered, and the action does not say that it may be repeated.
	if f := abi.AsFault(err); f.Code != abi.InDoubt {
		t.Errorf("error %v, want a fault in_doubt", err)
	}
	var missing *host.FieldError
	if _, err := l.Call(t.Context(), host.ConnectRequest{}, host.Call{Operation: "echo"}); !errors.As(err, &missing) {
		t.Errorf("error %v, want a FieldError", err)
	}
}

func TestOpen_Canceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	l := open(t, echo(t), Options{CacheDir: cacheDir})
	cancel()
	if r := l.Replay(ctx, l.Cases()[0]); r.Problem == "" {
		t.Error("a case passed after its context had ended")
	}
}

// A machine that cannot start a guest is no reason to blame the guest.
func TestBlameless(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		nil: false, errors.New("refused"): false, abi.Faultf(abi.Internal, "panic"): false, abi.Faultf(abi.Unavailable, "the connector's process did not start"): true,
	} {
		if got := blameless(err); (got != nil) != want {
			t.Errorf("%v: got %v", err, got)
		}
	}
}
