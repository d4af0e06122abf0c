package auth

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"time"

	"patchbay/abi"
)

const (
	patience   = 3 * time.Second  // how long a call waits for a renewal while the old token lives
	lockTime   = 20 * time.Second // how long a renewal waits for another process
	flightTime = 70 * time.Second // the lock, two requests and the store
	grace      = time.Minute      // how long the previous refresh token is worth a try
)

// Prepare returns the connection's credential, ready to use, and renews the token when it is time. A connection that
// needs its owner gives an error that matches [ErrReconnect], at once and without a request.
func (a *Auth) Prepare(ctx context.Context, acct Account) (*Credential, error) {
	if c, ok, err := a.static(acct); ok {
		return c, err
	}
	_, _, r, err := a.load(ctx, acct.Connection)
	if err != nil {
		return nil, err
	}
	now := a.cfg.Now()
	switch {
	case r.Reconnect != "":
		return nil, reconnect(acct.Connection, r.Reconnect)
	case r.fresh(now), r.alive(now) && !canRenew(acct, r):
		return acct.credential(r)
	case !canRenew(acct, r) && r.Set == "":
		return nil, reconnect(acct.Connection, "nobody has signed in yet")
	case !canRenew(acct, r):
		return nil, reconnect(acct.Connection, "the token has come to its end, and the vendor gave no refresh token")
	}
	next, err := a.fly(ctx, acct, r)
	if err != nil && !errors.Is(err, ErrReconnect) || next.Set == r.Set {
		next, err = a.oldOne(ctx, acct, err)
	}
	if err != nil {
		return nil, err
	}
	return acct.credential(next)
}

// oldOne returns the set that is stored now, which is good until its end, when a renewal failed for a reason.
func (a *Auth) oldOne(ctx context.Context, acct Account, reason error) (record, error) {
	_, _, r, err := a.load(ctx, acct.Connection)
	switch {
	case err == nil && r.Reconnect == "" && r.alive(a.cfg.Now()):
		return r, nil
	case reason == nil:
		reason = abi.Faultf(abi.Unavailable, "the token of connection %s is being renewed, which takes long", acct.Connection)
	}
	return record{}, reason
}

// Renew returns a new credential after the vendor answered 401 to c. renewed is false when there is nothing to renew. All
// who saw the same token get the same new one, for one request.
func (a *Auth) Renew(ctx context.Context, acct Account, c *Credential) (fresh *Credential, renewed bool, err error) {
	if c.set == "" {
		return nil, false, nil
	}
	_, _, r, err := a.load(ctx, acct.Connection)
	switch {
	case err != nil:
		return nil, false, err
	case r.Reconnect != "":
		return nil, false, reconnect(acct.Connection, r.Reconnect)
	case r.Set == c.set && !canRenew(acct, r):
		return nil, false, nil
	case r.Set == c.set || !r.fresh(a.cfg.Now()):
		if r, err = a.fly(ctx, acct, record{Set: c.set}); err != nil {
			return nil, false, err
		}
	}
	fresh, err = acct.credential(r)
	return fresh, err == nil, err
}

func canRenew(acct Account, r record) bool { return r.Refresh != "" || renewable(acct.Method) }

// load reads a connection's record. One that does not exist is empty.
func (a *Auth) load(ctx context.Context, connection string) (map[string]string, uint64, record, error) {
	secrets, revision, err := a.cfg.Secrets.Get(ctx, connection)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, 0, record{}, nil
	}
	if err != nil {
		return nil, 0, record{}, err
	}
	r, err := readRecord(secrets)
	return secrets, revision, r, err
}

// LockName is what a renewal locks: whoever moves or replaces a connection's secrets does too.
func LockName(connection string) string { return "auth/" + connection }

// renew gets new tokens under the lock, unless somebody else did since seen was read.
func (a *Auth) renew(ctx context.Context, acct Account, seen string) (record, error) {
	waiting, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	unlock, err := a.cfg.Lock.Lock(waiting, LockName(acct.Connection))
	if err != nil {
		return record{}, abi.Faultf(abi.Unavailable, "the token of connection %s is being renewed by another process, which takes long", acct.Connection)
	}
	defer unlock()
	_, revision, r, err := a.load(ctx, acct.Connection)
	switch {
	case err != nil:
		return record{}, err
	case revision == 0: // and what is stored now would be nobody's
		return record{}, gone(acct.Connection)
	}
	if late, ok := a.takePending(acct.Connection, r.Set); ok {
		if r, err = a.save(ctx, acct, r.Set, late); err != nil {
			return record{}, err
		}
	}
	switch {
	case r.Reconnect != "":
		return record{}, reconnect(acct.Connection, r.Reconnect)
	case r.Set != seen && r.fresh(a.cfg.Now()):
		return r, nil
	case !canRenew(acct, r):
		return record{}, reconnect(acct.Connection, "there is no refresh token")
	}
	next, err := a.request(ctx, acct, r, r.Refresh)
	var no *refused
	if errors.As(err, &no) {
		next, err = a.afterNo(ctx, acct, r, no)
	}
	if err != nil || next.Reconnect != "" {
		return next, err
	}
	return a.save(ctx, acct, r.Set, next)
}

// gone is the error of a renewal that finds no secrets.
func gone(connection string) error {
	return abi.Faultf(abi.NotFound, "connection %s was removed or renamed while its token was renewed", connection)
}

// request asks for the set of tokens that follows r.
func (a *Auth) request(ctx context.Context, acct Account, r record, refresh string) (record, error) {
	if renewable(acct.Method) {
		next, _, err := a.obtain(ctx, acct)
		return next, err
	}
	endpoint, err := acct.url("token_url", acct.Method.TokenURL)
	if err != nil {
		return record{}, err
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}
	sign, err := a.client(acct, endpoint, form)
	if err != nil {
		return record{}, err
	}
	began := a.cfg.Now()
	ans, err := a.ask(ctx, acct, endpoint, form, sign)
	if err != nil {
		return record{}, err
	}
	if ans.scope == "" {
		ans.scope = r.Scope
	}
	next := acct.record(ans, began)
	if next.Refresh == "" {
		next.Refresh = refresh
	}
	if next.Refresh != refresh {
		next.Previous, next.Rotated = refresh, a.cfg.Now()
	}
	return next, nil
}

// afterNo finds a way on when the vendor refuses, or writes down that there is none.
func (a *Auth) afterNo(ctx context.Context, acct Account, r record, no *refused) (record, error) {
	_, _, now, err := a.load(ctx, acct.Connection)
	if err != nil {
		return record{}, err
	}
	if now.Set != r.Set && now.Reconnect == "" && now.alive(a.cfg.Now()) {
		return now, nil // somebody renewed it in spite of the lock, or connected again
	}
	if r.Previous != "" && a.cfg.Now().Sub(r.Rotated) < grace {
		next, err := a.request(ctx, acct, r, r.Previous)
		if err == nil || !errors.As(err, &no) {
			return next, err
		}
	}
	dead := r
	dead.Set, dead.Reconnect = newSet(), no.reason
	now, err = a.save(ctx, acct, r.Set, dead)
	if err != nil {
		return record{}, err
	}
	if now.Reconnect != "" {
		a.cfg.Logger.Warn("reconnect needed", "connection", acct.Connection, "reason", no.reason)
		return now, reconnect(acct.Connection, now.Reconnect)
	}
	return now, nil
}

// save stores next in the place of the set from, and returns what the connection has then: another set, if somebody
// stored one meanwhile. Secrets that changed meanwhile stay as they are. What cannot be stored is kept for the next try.
func (a *Auth) save(ctx context.Context, acct Account, from string, next record) (record, error) {
	var last error
	for try := range 6 {
		if try > 0 {
			wait(ctx, 50*time.Millisecond<<try)
		}
		secrets, revision, now, err := a.load(ctx, acct.Connection)
		switch {
		case err != nil:
			last = err
			continue
		case revision == 0:
			return record{}, gone(acct.Connection)
		case now.Set != from:
			return now, nil // next itself, if a write was in doubt
		}
		next.write(secrets)
		if last = a.cfg.Secrets.Update(ctx, acct.Connection, secrets, revision); last == nil {
			if a.cfg.Renewed != nil && next.Set != from {
				a.cfg.Renewed(ctx, acct.Connection)
			}
			return next, nil
		}
	}
	a.keepPending(acct.Connection, from, next)
	a.cfg.Logger.Error("new tokens cannot be stored", "connection", acct.Connection, "err", last)
	return record{}, abi.Faultf(abi.Unavailable, "the new token of connection %s cannot be stored, and is not used before it is", acct.Connection)
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
