package state

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var (
	// ErrConflict says that a key no longer has the revision that the caller gave: read it again.
	ErrConflict = errors.New("the key was changed by another writer")
	// ErrInDoubt says that a write was sent, that its answer was lost, and that it is not known whether the
	// write took place: read the key again.
	ErrInDoubt = errors.New("the write may or may not have taken place")
	// ErrFull says that the store has no room for the write; reads go on.
	ErrFull = errors.New("the store is full: free disk space, then open the state anew")
)

// errAgain asks [State.do] for another attempt at once.
var errAgain = errors.New("lost a race with another writer")

// errNoOwner is the reason for a dial to be repeated: nobody answers, so the owner is ending or just starting.
var errNoOwner = errors.New("no owner answers")

// errClosed answers whatever is asked of a closed State.
var errClosed = closedError{}

type closedError struct{}

func (closedError) Error() string        { return "the state is closed" }
func (closedError) Is(target error) bool { return target == fs.ErrClosed }

// settled says whether err is an answer, so that another attempt would be wrong or useless. All other errors
// come from a connection or a server that is ending.
func settled(err error) bool {
	for _, answer := range []error{nil, fs.ErrExist, fs.ErrNotExist, fs.ErrClosed, ErrConflict, ErrInDoubt, ErrFull, errNothingToDo, nats.ErrMaxPayload} {
		if errors.Is(err, answer) {
			return true
		}
	}
	switch apiCode(err) {
	case 0, jetstream.JSErrCodeJetStreamNotEnabled, jetstream.JSErrCodeJetStreamNotEnabledForAccount, codeUnavailable:
		return false
	}
	return true
}

// Codes of the server's catalogue (its errors.json) that the client library does not name.
const (
	codeUnavailable jetstream.ErrorCode = 10008 // JSClusterNotAvailErr
	codeNoResources jetstream.ErrorCode = 10023 // JSInsufficientResourcesErr
	codeStoreFull   jetstream.ErrorCode = 10047 // JSStorageResourcesExceededErr
)

// full puts the words of [ErrFull] in place of the server's.
func full(err error) error {
	if code := apiCode(err); code == codeNoResources || code == codeStoreFull {
		return fmt.Errorf("%w (%v)", ErrFull, err)
	}
	return err
}

func wrongRevision(err error) bool {
	code := apiCode(err)
	return code == jetstream.JSErrCodeStreamWrongLastSequence || code == jetstream.JSErrCodeStreamWrongLastSequenceConstant
}

// apiCode returns the code of an error that the server answered with, or 0.
func apiCode(err error) jetstream.ErrorCode {
	var js jetstream.JetStreamError
	if errors.As(err, &js) && js.APIError() != nil {
		return js.APIError().ErrorCode
	}
	return 0
}
