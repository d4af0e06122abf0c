package host

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/manifest"
)

// Call names one use of an operation.
type Call struct {
	Connector  string   // "publisher/name", or the name alone
	Connection string   // may be empty when the connector has exactly one connection, or needs none
	Kind       abi.Kind // defaults to the kind that the manifest gives the operation
	Operation  string
	Input      json.RawMessage // defaults to {}
	Cursor     json.RawMessage // continues a paged result or a poll
	Usage      *Usage          // unless nil, what the call uses is added to it

	Priority Priority      // who goes first where calls wait for each other
	Patience time.Duration // how long a request may wait for the vendor's limits; default one minute, in bulk 15
	// Key identifies the call to vendors that know repeated calls by a key, where its action declares one: give the
	// same one again to repeat a call. Defaults to a new one.
	Key string
	// Attempts is how often a call whose result is pending is tried; default until its context ends.
	Attempts int
}

// Usage is what calls have used.
type Usage struct {
	Fuel       int64         `json:"fuel"`        // units of guest code, about one instruction each
	PeakMemory int64         `json:"peak_memory"` // bytes of guest memory at its largest
	HTTPCalls  int           `json:"http_calls"`
	HostCalls  int           `json:"host_calls"`
	Wall       time.Duration `json:"wall_ns"`
	Attempts   int           `json:"-"`         // more than one for each call that was pending
	Slept      time.Duration `json:"slept_ns"`  // by the guest's own wish
	Waited     time.Duration `json:"waited_ns"` // for the vendor's limits
}

// add puts the usage of one more call on u's account.
func (u *Usage) add(more guest.Usage, waited time.Duration) {
	if u == nil {
		return
	}
	u.Attempts++
	u.Fuel += more.Fuel
	u.PeakMemory = max(u.PeakMemory, more.PeakMemory)
	u.HTTPCalls += more.HTTPCalls
	u.HostCalls += more.HostCalls
	u.Wall += more.Wall - waited
	u.Slept += more.Slept
	u.Waited += waited
}

// Run runs one call and returns its result: done, or a page. A pending result is waited for and tried again
// until ctx ends. Every error is an [abi.Fault], but for those about what is installed or connected, which
// match fs.ErrNotExist or [ErrAmbiguous], and a [*wasm.Error] about a guest that is refused.
func (h *Host) Run(ctx context.Context, c Call) (abi.Result, error) {
	if err := h.recorder.settle(ctx); err != nil {
		return abi.Result{}, err
	}
	p, err := h.prepare(ctx, c)
	if err != nil {
		return abi.Result{}, err
	}
	q := newRequests(h, p)
	var state json.RawMessage
	for attempt := 1; ; attempt++ {
		r, err := h.attempt(ctx, q, attempt, state)
		if err != nil {
			return abi.Result{}, err
		}
		if r.Status != abi.StatusPending {
			return r, nil
		}
		if attempt == c.Attempts {
			return abi.Result{}, q.explain(abi.Faultf(abi.Timeout, "the vendor had not finished after %d attempts", attempt))
		}
		state = r.State
		// A guest that asks to be called again at once would otherwise keep a core busy.
		if err := h.wait(ctx, max(time.Second, time.Duration(r.After*float64(time.Second)))); err != nil {
			return abi.Result{}, q.explain(err)
		}
	}
}

// ErrNoTest is matched when a connector declares no test of its connections.
var ErrNoTest = errors.New("the connector declares no connection test")

// Test runs the operation that a connector names as the proof that a connection works.
func (h *Host) Test(ctx context.Context, connection string) (abi.Result, error) {
	conn, err := h.Connection(ctx, connection)
	if err != nil {
		return abi.Result{}, err
	}
	o, err := h.open(ctx, conn.Connector)
	if err != nil {
		return abi.Result{}, err
	}
	if o.m.Connection.Test == "" {
		return abi.Result{}, fmt.Errorf("%w: %s", ErrNoTest, conn.Connector)
	}
	return h.Run(ctx, Call{Connector: conn.Connector, Connection: connection, Kind: abi.KindTest, Operation: o.m.Connection.Test})
}

// Describe asks an installed guest which operations it has code for.
func (h *Host) Describe(ctx context.Context, connector string) (abi.Description, error) {
	o, err := h.open(ctx, connector)
	if err != nil {
		return abi.Description{}, err
	}
	program, err := h.guest(ctx, o)
	if err != nil {
		return abi.Description{}, err
	}
	return guest.Describe(ctx, program)
}

// prepared is a call whose names are resolved and whose input is valid.
type prepared struct {
	*opened
	op     manifest.Operation
	input  json.RawMessage
	cursor json.RawMessage
	usage  *Usage
	*session

	priority Priority
	patience time.Duration
	key      string
}

func (h *Host) prepare(ctx context.Context, c Call) (*prepared, error) {
	o, err := h.open(ctx, c.Connector)
	if err != nil {
		return nil, err
	}
	p := &prepared{
		opened: o, input: c.Input, cursor: c.Cursor, usage: c.Usage, key: cmp.Or(c.Key, h.ids.next()),
		priority: c.Priority, patience: c.Patience,
	}
	if p.patience == 0 {
		p.patience = patienceOf(c.Priority)
	}
	if p.op, err = operation(o.m, c.Kind, c.Operation); err != nil {
		return nil, err
	}
	if len(p.input) == 0 {
		p.input = json.RawMessage("{}")
	}
	if err := o.checkInput(p.op, p.input); err != nil {
		return nil, err
	}
	conn, secrets, err := h.connectionFor(ctx, o.m, c.Connection)
	if err != nil {
		return nil, err
	}
	p.session, err = newSession(o.m, o.rec.Grants, conn, secrets)
	return p, err
}

// connectionFor finds the connection a call uses: the named one, or the connector's only one.
func (h *Host) connectionFor(ctx context.Context, m *manifest.Manifest, name string) (*Connection, map[string]string, error) {
	if name == "" && len(m.Auth) == 0 && len(m.Connection.Fields) == 0 {
		return nil, nil, nil
	}
	if name == "" {
		list, err := h.Connections(ctx, m.Ref())
		if err != nil {
			return nil, nil, err
		}
		switch len(list) {
		case 0:
			return nil, nil, notFound("connection to", m.Ref(), "does not exist")
		case 1:
			name = list[0].Name
		default:
			return nil, nil, fmt.Errorf("%w: %s has the connections %s", ErrAmbiguous, m.Ref(), connectionNames(list))
		}
	}
	conn, err := h.Connection(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	if conn.Connector != m.Ref() {
		return nil, nil, fmt.Errorf("connection %q belongs to %s, not to %s", name, conn.Connector, m.Ref())
	}
	secrets, err := h.secretsOf(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	return &conn, secrets, nil
}

// operation finds an operation by name and, unless it is empty, kind.
func operation(m *manifest.Manifest, kind abi.Kind, name string) (manifest.Operation, error) {
	var names []string
	for _, op := range m.Operations() {
		if op.Name == name && (kind == "" || op.Kind == kind) {
			found, _ := m.Operation(op.Kind, op.Name)
			return found, nil
		}
		names = append(names, op.Name)
	}
	return manifest.Operation{}, abi.Faultf(abi.NotFound, "%s has no operation %q: it has %s", m.Ref(), name, strings.Join(names, ", "))
}

func (h *Host) wait(ctx context.Context, d time.Duration) error {
	switch err := h.clock.Sleep(ctx, d); {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return abi.Faultf(abi.Timeout, "the vendor had not finished when the call's time was up")
	}
	return abi.Faultf(abi.Canceled, "cancelled while waiting for the vendor to finish")
}
