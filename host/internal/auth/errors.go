package auth

import (
	"errors"

	"patchbay/abi"
)

// ErrReconnect is matched when a connection works no more until its owner connects again. The error holds an
// [abi.Fault] with code unauthorized that says why.
var ErrReconnect = errors.New("reconnect needed")

// terminal is an error that nothing but connecting again mends.
type terminal struct{ *abi.Fault }

func (t terminal) Error() string { return t.Fault.Error() }

func (t terminal) Unwrap() []error { return []error{t.Fault, ErrReconnect} }

// reconnect makes the error of a connection that is dead for a reason.
func reconnect(connection, reason string) error {
	return terminal{abi.Faultf(abi.Unauthorized, "reconnect needed: connection %s: %s", connection, reason)}
}

// refused is a vendor's clear no to what the connection holds.
type refused struct{ reason, code string }

func (r *refused) Error() string { return r.reason }
