package lab

import (
	"context"
	"net/http"

	"patchbay/testkit/internal/cases"
)

// Answered makes a case's call at a vendor that gives every request the same status, with an empty JSON object.
func (l *Lab) Answered(ctx context.Context, k *cases.Case, status int) Trace {
	return l.perform(ctx, k, k.Call, same(status))
}

type same int

func (v same) answer(context.Context, *Request) (*http.Response, error) {
	return response(int(v), http.Header{"Content-Type": {"application/json"}}, []byte("{}")), nil
}
