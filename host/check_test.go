package host

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"patchbay/abi"
	"patchbay/manifest"
)

// lasting is a context that is over, for the given reason, once it has been asked often enough.
type lasting struct {
	context.Context
	asks int
	end  error
}

func (l *lasting) Err() error {
	if l.asks--; l.asks >= 0 {
		return nil
	}
	return l.end
}

func TestCheckResult_EndsWithItsCall(t *testing.T) {
	t.Parallel()
	op := manifest.Operation{Kind: abi.KindTrigger, Name: "t", Output: json.RawMessage(`{"type":"integer"}`)}
	r := abi.Result{Status: abi.StatusPage, Items: abi.Items{[]byte("1"), []byte("2"), []byte(`"no integer"`)}}
	for _, tt := range []struct {
		asks int
		end  error
		code abi.Code
		want string
	}{
		{2, context.DeadlineExceeded, abi.Timeout, "the call's time was up with 1 of its events left to check against the manifest: return fewer in one poll"},
		{0, context.Canceled, abi.Canceled, "cancelled with 3 of its events left to check against the manifest"},
		{3, context.DeadlineExceeded, abi.Internal, `the connector's output does not match its manifest: "no integer" is text, want a whole number`},
	} {
		err := new(opened).checkResult(&lasting{t.Context(), tt.asks, tt.end}, op, r)
		var f *abi.Fault
		if !errors.As(err, &f) || f.Code != tt.code || f.Message != tt.want {
			t.Errorf("%v after %d events: got %v, want %s: %s", tt.end, tt.asks, err, tt.code, tt.want)
		}
	}
}

func TestRun_ChecksWithinTheCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.install(t, shop+`
triggers:
  - name: orders
    title: Orders
    description: Lists new orders.
    dedupe: [id]
    poll: {every: 5m}
    input: {type: object}
    output: {type: object, required: [id], properties: {id: {type: integer}}}
`)
	w.connect(t, ConnectRequest{Connector: "shop", Values: map[string]string{"region": "eu", "token": "s3cret-token"}})
	ctx, cancel := context.WithCancel(t.Context())
	w.engine.call = func(context.Context, abi.Envelope, func(context.Context, abi.Request) abi.Response, func(abi.LogRecord)) (abi.Result, error) {
		cancel()
		return abi.Result{Status: abi.StatusPage, Items: abi.Items{[]byte(`{"id":1}`)}}, nil
	}
	_, err := w.Run(ctx, Call{Connector: "shop", Operation: "orders"})
	if err == nil || abi.AsFault(err).Code != abi.Canceled {
		t.Errorf("got %v", err)
	}
}
