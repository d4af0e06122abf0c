package state

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func TestSettled(t *testing.T) {
	t.Parallel()
	api := func(code jetstream.ErrorCode) error {
		return fmt.Errorf("nats: %w", &jetstream.APIError{ErrorCode: code})
	}
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, true},
		{fs.ErrExist, true},
		{fmt.Errorf("wrapped: %w", ErrConflict), true},
		{errClosed, true},
		{api(jetstream.JSErrCodeBadRequest), true},
		{full(api(codeNoResources)), true},
		{api(codeUnavailable), false},
		{jetstream.ErrJetStreamNotEnabled, false},
		{jetstream.ErrJetStreamNotEnabledForAccount, false},
		{jetstream.ErrNoStreamResponse, false},
		{nats.ErrNoResponders, false},
		{nats.ErrReconnectBufExceeded, false},
		{nats.ErrConnectionClosed, false},
		{context.Canceled, false},
		{io.ErrUnexpectedEOF, false},
	} {
		if got := settled(test.err); got != test.want {
			t.Errorf("settled(%v) = %t", test.err, got)
		}
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	for _, code := range []jetstream.ErrorCode{codeNoResources, codeStoreFull} {
		if err := full(&jetstream.APIError{ErrorCode: code}); !errors.Is(err, ErrFull) {
			t.Errorf("code %d becomes %v, want ErrFull", code, err)
		}
	}
	if err := full(&jetstream.APIError{ErrorCode: codeUnavailable}); errors.Is(err, ErrFull) {
		t.Errorf("another error becomes %v", err)
	}
	if err := full(nil); err != nil {
		t.Errorf("success becomes %v", err)
	}
}
