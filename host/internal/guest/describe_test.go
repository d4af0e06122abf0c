package guest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
)

// answering is a program that gives the same answer to every call of kind describe.
type answering struct {
	result abi.Result
	err    error
}

func (a answering) Call(_ context.Context, c Call) (Outcome, error) {
	if err := c.Envelope.Validate(); err != nil || c.Envelope.Kind != abi.KindDescribe {
		return Outcome{}, errors.Join(err, errors.New("not asked for a description"))
	}
	return Outcome{Result: a.result}, a.err
}

func (a answering) Close(context.Context) error { return nil }

func TestDescribe(t *testing.T) {
	t.Parallel()
	got, err := Describe(t.Context(), answering{result: abi.Done([]byte(`{"operations":[{"kind":"action","name":"echo"}],"sdk":"none"}`))})
	want := abi.Description{Operations: []abi.Operation{{Kind: abi.KindAction, Name: "echo"}}, SDK: "none"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestDescribe_Faults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		program answering
		code    abi.Code
		want    string
	}{
		{answering{result: abi.Result{Status: abi.StatusPage}}, abi.Internal, "describe answered page, expected done"},
		{answering{result: abi.Done([]byte("1"))}, abi.Internal, "something else than a description"},
		{answering{result: abi.Fail(abi.Faultf(abi.Conflict, "no"))}, abi.Conflict, "no"},
		{answering{err: abi.Faultf(abi.Timeout, "too late")}, abi.Timeout, "too late"},
	}
	for _, tt := range tests {
		_, err := Describe(t.Context(), tt.program)
		var f *abi.Fault
		if !errors.As(err, &f) || f.Code != tt.code || !strings.Contains(f.Message, tt.want) {
			t.Errorf("got %v, want %s with %q in it", err, tt.code, tt.want)
		}
	}
}
