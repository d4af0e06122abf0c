package host

import (
	"context"
	"errors"
	"io/fs"
	"patchbay/host/internal/auth"
	"time"
)

// Standing is a connection and how its credential is.
type Standing struct {
	Connection
	// Expires is when the credential ends. Zero: it has no end that is known.
	Expires time.Time `json:"expires,omitzero"`
	// Renews says that the host renews the credential by itself before it ends.
	Renews bool `json:"renews"`
	// Scopes are what the vendor allowed.
	Scopes []string `json:"scopes,omitempty"`
	// Reconnect says why the connection does nothing more until somebody connects again. Empty: it works, as far as is
	// known.
	Reconnect string `json:"reconnect,omitempty"`
}

// Standings lists connections with how their credentials are, by name; connector narrows them down as for [Host.Connections].
func (h *Host) Standings(ctx context.Context, connector string) ([]Standing, error) {
	list, err := h.Connections(ctx, connector)
	if err != nil {
		return nil, err
	}
	standings := make([]Standing, 0, len(list))
	for _, c := range list {
		s, err := h.standing(ctx, c)
		if err != nil { // the others are shown all the same
			s.Reconnect = "its secrets cannot be read: " + err.Error()
		}
		standings = append(standings, s)
	}
	return standings, nil
}

func (h *Host) standing(ctx context.Context, c Connection) (Standing, error) {
	s := Standing{Connection: c}
	acct, secrets, err := h.accountOf(ctx, c)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil // its connector, or its method, is not installed any more
	}
	if err != nil {
		return s, err
	}
	status, err := auth.StatusOf(secrets)
	if err != nil || !issued(acct.Method) {
		return s, err
	}
	s.Expires, s.Scopes, s.Reconnect, s.Renews = status.Expires, status.Scopes, status.Reconnect, auth.Renews(acct, secrets)
	return s, nil
}
