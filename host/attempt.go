package host

import (
	"context"
	"encoding/json"
	"log/slog"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/quota"
)

// attempt is one call of a guest.
type attempt struct {
	*prepared
	host   *Host
	id     string
	number int
	state  json.RawMessage // what the guest left behind when it was not done
	limits abi.Limits
	budget *budget
	log    *slog.Logger
}

// attempt calls the guest once, when there is a place for it, and records what became of it.
func (h *Host) attempt(ctx context.Context, q *requests, number int, state json.RawMessage) (abi.Result, error) {
	p := q.call
	program, err := h.guest(ctx, p.opened)
	if err != nil {
		return abi.Result{}, q.explain(err)
	}
	place, err := h.lanes.Acquire(ctx, lanes(p.rec.Connector, p.priority), quota.Claim{Connection: p.view.Name, Priority: p.priority})
	if err != nil {
		return abi.Result{}, q.explain(err)
	}
	defer place.Release(0, nil)
	a := &attempt{prepared: p, host: h, id: h.ids.next(), number: number, state: state, limits: p.op.Limits.Apply(abi.Limits{}.WithDefaults())}
	a.log = h.cfg.Logger.With("connector", p.rec.Connector, "version", p.rec.Version, "operation", p.op.Name, "call", a.id)
	ctx, a.budget = newBudget(ctx, h.clock, a.limits.Wall)
	defer a.budget.stop()
	r, err := a.run(ctx, program, q)
	h.recordRun(ctx, p, a.id, q.sent(), err)
	return r, err
}

// run gets the credential ready, calls the guest and judges its result.
func (a *attempt) run(ctx context.Context, program guest.Program, requests *requests) (abi.Result, error) {
	requests.begin(a)
	if err := a.arm(ctx, a.host); err != nil {
		return abi.Result{}, requests.explain(a.budget.explain(ctx, err))
	}
	requests.arm()
	start := a.host.clock.Now()
	outcome, err := program.Call(ctx, a.call(requests))
	took := a.host.clock.Now().Sub(start)
	if a.host.cfg.Clock != nil {
		outcome.Usage.Wall = took
	}
	a.usage.add(outcome.Usage, a.budget.waits())
	r := outcome.Result
	if err == nil && r.Status == abi.StatusFault {
		err = r.Fault
	}
	if err == nil {
		err = a.checkResult(ctx, a.op, r)
	}
	err = requests.explain(a.budget.explain(ctx, err))
	a.log.Debug("called", "attempt", a.number, "status", r.Status, "dur", took, "failed", err != nil,
		"fuel", outcome.Usage.Fuel, "peak_memory", outcome.Usage.PeakMemory, "http_calls", outcome.Usage.HTTPCalls, "waited", a.budget.waits())
	return r, err
}

// call is what the engine gets. Its time is longer than the call's own by what a call may wait for the vendor's limits;
// the budget keeps the call to its own.
func (a *attempt) call(q *requests) guest.Call {
	c := guest.Call{
		Envelope: abi.Envelope{
			ABI: abi.Version, Call: a.id, Kind: a.op.Kind, Operation: a.op.Name, Attempt: a.number,
			Input: a.input, Connection: a.view, Cursor: a.cursor, State: a.state, Deadline: a.limits.Wall.Seconds(),
		},
		Limits: a.limits,
		World:  a.host.cfg.World,
		Log:    func(l abi.LogRecord) { logGuest(a.log, l) },
	}
	if a.host.cfg.Clock == nil { // another one does not let a call wait
		c.Limits.Wall += a.patience
	}
	if len(a.rec.Grants) > 0 {
		c.HTTP = q.serve
	}
	return c
}

func logGuest(log *slog.Logger, r abi.LogRecord) {
	level := map[abi.Level]slog.Level{abi.LevelDebug: slog.LevelDebug, abi.LevelInfo: slog.LevelInfo,
		abi.LevelWarn: slog.LevelWarn, abi.LevelError: slog.LevelError}[r.Level]
	attrs := make([]any, 0, 2*len(r.Attrs))
	for _, k := range sortedKeys(r.Attrs) {
		attrs = append(attrs, k, r.Attrs[k])
	}
	log.Log(guestSays, level, r.Message, slog.Group("guest", attrs...))
}

type guestKey struct{}

// guestSays is the context of log lines that guests write.
var guestSays = context.WithValue(context.Background(), guestKey{}, true)

// SaidByGuest tells a handler of Config.Logger whether the record that it is given with ctx is a guest's line, not
// the host's own.
func SaidByGuest(ctx context.Context) bool { return ctx.Value(guestKey{}) != nil }
