package auth

import (
	"context"
	"errors"
	"time"

	"patchbay/abi"
)

// liveState is what this process knows of a connection's renewals. Auth.mu guards it.
type liveState struct {
	flight    *flight
	failures  int       // in a row
	notBefore time.Time // of the next try
	last      error     // why
	pending   *pending
	proven    string // set of tokens whose previous refresh token is dropped
}

// flight is one renewal that many calls wait for.
type flight struct {
	done chan struct{}
	r    record // once done is closed
	err  error
}

// pending is a set of tokens that could not be stored in the place of another.
type pending struct {
	from string
	next record
}

// of returns the state of a connection. Auth.mu must be held.
func (a *Auth) of(connection string) *liveState {
	s := a.state[connection]
	if s == nil {
		s = &liveState{}
		a.state[connection] = s
	}
	return s
}

// fly joins the renewal of a connection, or begins it, and returns a set that is not the one seen. While the old set is
// alive it waits for a while only.
func (a *Auth) fly(ctx context.Context, acct Account, seen record) (record, error) {
	var impatient <-chan time.Time
	if seen.alive(a.cfg.Now()) {
		t := time.NewTimer(patience)
		defer t.Stop()
		impatient = t.C
	}
	for {
		f, err := a.board(ctx, acct, seen.Set)
		if err != nil {
			return record{}, err
		}
		select {
		case <-f.done:
			if f.err != nil || f.r.Set != seen.Set {
				return f.r, f.err
			}
		case <-impatient:
			if seen.alive(a.cfg.Now()) {
				return seen, nil
			}
			impatient = nil // it has ended meanwhile
		case <-ctx.Done():
			return record{}, abi.Faultf(ended(ctx), "the call ended while the token of connection %s was being renewed", acct.Connection)
		}
	}
}

func ended(ctx context.Context) abi.Code {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return abi.Timeout
	}
	return abi.Canceled
}

// board returns the flight of a connection, or begins one. It outlives the call that began it: an answer that nobody
// stores would be a refresh token lost.
func (a *Auth) board(ctx context.Context, acct Account, seen string) (*flight, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.of(acct.Connection)
	if s.flight != nil {
		return s.flight, nil
	}
	if left := s.notBefore.Sub(a.cfg.Now()); left > 0 {
		fault := *abi.AsFault(s.last)
		fault.RetryAfter = left.Seconds()
		return nil, &fault
	}
	f := &flight{done: make(chan struct{})}
	s.flight = f
	a.flying.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flightTime)
		defer cancel()
		f.r, f.err = a.renew(ctx, acct, seen)
		a.land(acct.Connection, f)
	})
	return f, nil
}

// land ends a flight, and after a failure decides when the next one may begin.
func (a *Auth) land(connection string, f *flight) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.of(connection)
	s.flight = nil
	switch {
	case f.err == nil:
		s.failures, s.notBefore, s.last = 0, time.Time{}, nil
	case !errors.Is(f.err, ErrReconnect):
		back := min(time.Second<<min(s.failures, 6), time.Minute)
		back = max(back, time.Duration(min(abi.AsFault(f.err).RetryAfter, 3600)*float64(time.Second)))
		s.failures, s.last, s.notBefore = s.failures+1, f.err, a.cfg.Now().Add(back)
		a.cfg.Logger.Warn("token not renewed", "connection", connection, "err", f.err, "next", back)
	}
	close(f.done)
}

func (a *Auth) keepPending(connection, from string, next record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of(connection).pending = &pending{from, next}
}

// takePending returns the tokens that could not be stored, if the connection still has the set before them.
func (a *Auth) takePending(connection, set string) (record, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.of(connection)
	p := s.pending
	s.pending = nil
	if p == nil || p.from != set {
		return record{}, false
	}
	return p.next, true
}

// Proven says that c has worked: the refresh token before the present one is dropped. It is not urgent, and a record that
// somebody else is writing is left alone.
func (a *Auth) Proven(ctx context.Context, acct Account, c *Credential) {
	if !c.unproven || !a.firstProof(acct.Connection, c.set) {
		return
	}
	secrets, revision, r, err := a.load(ctx, acct.Connection)
	if err != nil || r.Set != c.set || r.Previous == "" {
		return
	}
	r.Previous, r.Rotated = "", time.Time{}
	r.write(secrets)
	if err := a.cfg.Secrets.Update(ctx, acct.Connection, secrets, revision); err != nil && !a.cfg.IsConflict(err) {
		a.cfg.Logger.Warn("the previous refresh token is still kept", "connection", acct.Connection, "err", err)
	}
}

func (a *Auth) firstProof(connection, set string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.of(connection)
	first := s.proven != set
	s.proven = set
	return first
}
