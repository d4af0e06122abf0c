package simulated

import (
	"net/http"
	"time"
)

// Exchange is a request and the answer to it, which is held back until [Exchange.Send]. It is the
// http.ResponseWriter to answer into.
type Exchange struct {
	*Buffer
	controls *Controls
	request  *http.Request
	number   int   // of the request in the log
	rule     *Rule // by which the request fails, or nil
}

// Receive files the request and begins its exchange. The error is a body of more than 16 MiB, or one that did
// not arrive; it is for the vendor to refuse. Receive is not a method of Controls, so that a server that
// embeds them does not offer it to tests.
func Receive(c *Controls, r *http.Request) (*Exchange, error) {
	number, err := c.log.begin(r, c.clock())
	return &Exchange{Buffer: NewBuffer(), controls: c, request: r, number: number}, err
}

// Wait lets the time pass, or less if the client leaves or the controls are closed.
func (x *Exchange) Wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	x.pause(timer.C)
}

// Until lets time pass until done is closed, or the client leaves or the controls are closed. A nil done is closed.
func (x *Exchange) Until(done <-chan struct{}) {
	if done == nil {
		return
	}
	select {
	case <-x.request.Context().Done():
	case <-x.controls.closed:
	case <-done:
	}
}

// Perform has the request performed unless a fault forbids it. When a fault wants a status answered, refuse
// writes the vendor's own answer for it.
func (x *Exchange) Perform(perform http.HandlerFunc, refuse func(w http.ResponseWriter, status int)) {
	x.rule = x.controls.faults.take(x.request)
	if x.rule == nil || x.rule.performs() {
		perform(x, x.request)
	}
	if x.rule != nil && x.rule.Effect == Answer {
		x.Buffer = NewBuffer()
		refuse(x, x.rule.Status)
	}
}

// Send files the status and delivers the answer, the way the fault says if there is one.
func (x *Exchange) Send(w http.ResponseWriter) {
	x.controls.log.end(x.number, x.outgoing())
	if x.rule == nil {
		x.send(w)
		return
	}
	x.distort(w)
}

// outgoing is the status that goes out: none when the connection ends without an answer.
func (x *Exchange) outgoing() int {
	if x.rule == nil {
		return x.Status
	}
	switch x.rule.Effect {
	case Hang, Reset:
		return 0
	case Malformed, Huge, Bomb:
		return http.StatusOK
	}
	return x.Status
}

// pause waits for the tick and reports whether the client or the server went away first.
func (x *Exchange) pause(tick <-chan time.Time) bool {
	select {
	case <-x.request.Context().Done():
		return true
	case <-x.controls.closed:
		return true
	case <-tick:
		return false
	}
}
