// Package simulated is what the simulated vendors have in common: a log of the requests that came, faults that
// can be switched on and off, and answers that are held back until it is known how they travel. It imports
// the standard library only, as do the vendors beside it, so that what they say is evidence that does not
// rest on the code under test.
//
// A server embeds [Controls], through which a test makes requests fail ([Rule]) and sees what arrived
// ([Request]). It answers each request in three steps:
//
//	func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
//		x, err := simulated.Receive(s.Controls, r) // files the request
//		if err != nil {
//			s.refuse(x, http.StatusRequestEntityTooLarge)
//		} else {
//			x.Perform(s.perform, s.refuse) // performs it, unless a fault forbids
//		}
//		x.Send(w) // delivers the answer, or what a fault makes of it
//	}
package simulated

import (
	"sync"
	"time"
)

// Controls are what a test holds in hand of a simulated vendor. They are safe for concurrent use.
type Controls struct {
	clock  func() time.Time
	faults faults
	log    requestLog
	close  func()
	closed chan struct{}
}

// New returns controls with rules in force from the start. The clock gives [Request.At].
func New(clock func() time.Time, rules ...Rule) *Controls {
	closed := make(chan struct{})
	c := &Controls{clock: clock, closed: closed, close: sync.OnceFunc(func() { close(closed) })}
	c.Fail(rules...)
	return c
}

// Close ends the requests that are kept waiting, by a fault or by [Exchange.Wait]. Others are answered still.
func (c *Controls) Close() { c.close() }

// Fail puts rules in force, behind those that are; a request fails by the first one that matches it.
func (c *Controls) Fail(rules ...Rule) { c.faults.add(rules...) }

// ClearFaults takes every rule out of force.
func (c *Controls) ClearFaults() { c.faults.clear() }

// Requests returns the newest requests, at most 10,000, oldest first.
func (c *Controls) Requests() []Request { return c.log.all() }
