package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

// grace is how long after the end of its time a call may take to say so, before its caller is told that time is
// over; patience how long its process then has to end it, before it is killed.
const (
	grace    = 60 * time.Millisecond
	patience = time.Second
)

// call is the host's side of one call. Everything that it receives is hostile.
type call struct {
	guest.Call
	id     uint64
	limits abi.Limits
	logger *slog.Logger
	worker *worker
	stream *stream

	requests int   // so far
	recorded int64 // bytes of records so far
	defect   bool  // a handler of ours has panicked
	stopped  bool  // time was over while a request was under way: the guest must not get past it

	mu    sync.Mutex // guards what follows
	over  bool
	late  bool // its caller is told without the process
	timer *time.Timer
}

// run runs the call. served says that its process has done what it is for, whatever became of the guest.
func (c *call) run(ctx context.Context, p *Program) (served bool, outcome guest.Outcome, fault *abi.Fault) {
	if err := c.Envelope.Validate(); err != nil {
		return false, outcome, guest.MalformedFault(err)
	}
	if c.worker, fault = p.ready(ctx, c.limits); fault != nil {
		return false, outcome, fault
	}
	end, _ := ctx.Deadline()
	parts, err := start{ID: c.id, Envelope: c.Envelope, Limits: c.Limits, World: c.World,
		HTTP: c.HTTP != nil, Log: c.Log != nil, Left: time.Until(end)}.parts()
	if err != nil {
		return false, outcome, guest.MalformedFault(err)
	}
	if c.stream, err = c.worker.take(maxMessage(c.limits)); err != nil {
		return false, outcome, c.lost(ctx, err)
	}
	release := c.guard(ctx)
	send(c.stream, kindStart, parts...) // a stream that has ended says why to whoever receives
	outcome, fault, err = c.converse(ctx)
	release()
	if c.isLate() { // the stream has been ended, at whatever moment
		err = errLate
	}
	if err != nil {
		outcome = guest.Outcome{Usage: guest.Usage{HTTPCalls: c.requests, HostCalls: c.requests}}
		return false, outcome, c.lost(ctx, err)
	}
	c.worker.put(c.stream)
	return true, outcome, fault
}

// guard watches the time of the call until the function that it returns is called.
func (c *call) guard(ctx context.Context) (release func()) {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		if c.over {
			c.mu.Unlock()
			return
		}
		c.timer = time.AfterFunc(grace, c.giveUp)
		c.mu.Unlock()
		if errors.Is(ctx.Err(), context.Canceled) { // of the deadline the process knows itself
			c.worker.cancel(c.id)
		}
	})
	return func() {
		stop()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.over = true
		if c.timer != nil {
			c.timer.Stop()
		}
	}
}

// giveUp ends the stream of a call that is late, and with it the wait for its end. Its process may only be slow:
// other calls in it go on, if it ends this one in time.
func (c *call) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.late = true
		c.worker.expectEnd(c.stream.number)
		c.stream.end()
	}
}

var errLate = errors.New("the call was given up")

// errProtocol is matched by what a process sends that it must not.
var errProtocol = errors.New("the worker process broke the protocol")

// converse serves the process until the call has ended. An error is the end of the process.
func (c *call) converse(ctx context.Context) (guest.Outcome, *abi.Fault, error) {
	for {
		k, payload, err := receive(c.stream)
		if err != nil {
			return guest.Outcome{}, nil, err
		}
		switch k {
		case kindRequest:
			err = c.request(ctx, payload)
		case kindRecord:
			err = c.record(payload)
		case kindOutcome, kindVerdict:
			outcome, fault, err := c.finish(ctx, k, payload)
			if err != nil {
				err = fmt.Errorf("%w: %v", errProtocol, err)
			}
			return outcome, fault, err
		default:
			err = fmt.Errorf("a frame of kind %q", k)
		}
		if err != nil {
			return guest.Outcome{}, nil, fmt.Errorf("%w: %v", errProtocol, err)
		}
	}
}

// lost says what became of a call that cannot go on with its process, which is ended.
func (c *call) lost(ctx context.Context, err error) *abi.Fault {
	if c.isLate() {
		return guest.StopFault(ctx, c.limits)
	}
	if code := status.Code(err); errors.Is(err, errProtocol) || code != codes.Unavailable && code != codes.Canceled {
		return c.broke(err)
	}
	c.worker.kill("")
	end, _ := ctx.Deadline()
	late := time.NewTimer(time.Until(end.Add(grace)))
	defer late.Stop()
	select {
	case <-c.worker.gone:
		return c.worker.fault()
	case <-late.C:
		return guest.StopFault(ctx, c.limits)
	}
}

func (c *call) isLate() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.late
}

func (c *call) broke(err error) *abi.Fault {
	if !errors.Is(err, errProtocol) {
		err = fmt.Errorf("%w: %v", errProtocol, err)
	}
	text := guest.Shorten(guest.Printable(err.Error()))
	c.logger.Error("worker process broke the protocol", "module", c.worker.program.module, "err", text)
	c.worker.kill("it broke the protocol in another call")
	return abi.Faultf(abi.Internal, "%s", text)
}

// request serves one HTTP request.
func (c *call) request(ctx context.Context, payload []byte) error {
	c.requests++
	switch {
	case c.HTTP == nil:
		return errors.New("a request, which was not granted")
	case c.requests > c.limits.HTTPCalls:
		return fmt.Errorf("request %d, at most %d are allowed", c.requests, c.limits.HTTPCalls)
	case int64(len(payload)) > maxRequest(c.limits):
		return fmt.Errorf("a request of %d bytes", len(payload))
	}
	req, err := abi.DecodeRequest(payload)
	if err != nil {
		return err
	}
	if int64(len(req.Body)) > c.limits.RequestBody {
		return fmt.Errorf("a request with a body of %d bytes, at most %d are allowed", len(req.Body), c.limits.RequestBody)
	}
	resp := c.answer(ctx, req)
	c.stopped = ctx.Err() != nil
	reply, err := resp.Encode()
	if err != nil {
		resp = abi.Response{Fault: abi.Faultf(abi.Internal, "the host cannot pass on its response: %v", err)}
		reply, _ = resp.Encode() // of a code and a text, which always encode
	}
	send(c.stream, kindResponse, reply) // as with the start
	return nil
}

// answer has the handler answer, whose context also ends when there is nobody left to answer to.
func (c *call) answer(ctx context.Context, req abi.Request) (resp abi.Response) {
	if c.defect {
		return abi.Response{Fault: guest.DefectFault()}
	}
	if ctx.Err() != nil {
		return abi.Response{Fault: guest.StopFault(ctx, c.limits)}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.worker.life, cancel)()
	defer func() {
		if r := recover(); r != nil {
			c.panicked(r)
			resp = abi.Response{Fault: guest.DefectFault()}
		}
	}()
	return c.HTTP(ctx, req)
}

// record passes on one log line.
func (c *call) record(payload []byte) error {
	c.recorded += int64(len(payload))
	switch {
	case c.Log == nil:
		return errors.New("a log record, which nobody asked for")
	case c.recorded > maxRecords(c.limits):
		return fmt.Errorf("%d bytes of log records", c.recorded)
	}
	r, err := abi.DecodeLogRecord(payload)
	if err != nil {
		return err
	}
	r = guest.PrintableRecord(r)
	defer func() {
		if r := recover(); r != nil {
			c.panicked(r)
		}
	}()
	if !c.defect {
		c.Log(r)
	}
	return nil
}

// panicked notes that a handler of ours has. The guest is stopped; nobody will see its result.
func (c *call) panicked(r any) {
	c.logger.Error("handler of a call panicked", "err", r, "stack", string(debug.Stack()))
	c.defect = true
	c.worker.cancel(c.id)
}

// finish judges the end of a call.
func (c *call) finish(ctx context.Context, k kind, payload []byte) (guest.Outcome, *abi.Fault, error) {
	most := maxOutcome(c.limits)
	if k == kindVerdict {
		most = maxVerdict
	}
	if int64(len(payload)) > most {
		return guest.Outcome{}, nil, fmt.Errorf("a result of %d bytes, at most %d are allowed", len(payload), most)
	}
	outcome, err := decodeEnd(k, payload)
	switch {
	case err != nil:
		return guest.Outcome{}, nil, err
	case outcome.Usage.HTTPCalls < c.requests:
		return guest.Outcome{}, nil, fmt.Errorf("usage: %d requests, there were %d", outcome.Usage.HTTPCalls, c.requests)
	case c.defect:
		return guest.Outcome{Usage: outcome.Usage}, guest.DefectFault(), nil
	case c.stopped:
		return guest.Outcome{Usage: outcome.Usage}, guest.StopFault(ctx, c.limits), nil
	case k == kindOutcome:
		return outcome, nil, nil
	}
	return guest.Outcome{Usage: outcome.Usage}, c.verdict(ctx, outcome.Result.Fault), nil
}

// verdict returns the fault of the engine in the process. When time is over, our clock says which limit it was:
// the process was only told how long is left.
func (c *call) verdict(ctx context.Context, f *abi.Fault) *abi.Fault {
	f.Message = guest.Printable(f.Message)
	if f.Code == abi.Timeout {
		over(ctx)
	}
	if ctx.Err() != nil && (f.Code == abi.Timeout || f.Code == abi.Canceled) {
		stop := guest.StopFault(ctx, c.limits)
		f.Code, f.Message = stop.Code, stop.Message
	}
	return f
}

// over waits until the host's clock says what that of the process has said a moment before.
func over(ctx context.Context) {
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-ctx.Done():
	case <-late.C:
	}
}
