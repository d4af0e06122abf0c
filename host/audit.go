package host

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"patchbay/abi"
	"patchbay/audit"
	"patchbay/host/internal/egress"
)

// Audit is a log of what was done. An entry is durable when Append returns. Ready says beforehand whether one can be
// appended.
type Audit interface {
	Append(ctx context.Context, e audit.Entry) error
	Ready(ctx context.Context) error
}

// recorder writes the audit log. What cannot be written is owed: until it is, nothing new is done, and what has
// been done already keeps its result.
type recorder struct {
	audit Audit // nil: no log is kept
	log   *slog.Logger

	mu    sync.Mutex // guards what follows
	owed  []audit.Entry
	ready bool // the log was fit to be written once
}

// settle writes what is owed. Its error refuses what is about to be done.
func (r *recorder) settle(ctx context.Context) error {
	err := r.write(ctx)
	if err == nil {
		err = r.check(ctx)
	}
	if err != nil {
		return abi.Faultf(abi.Unavailable, "nothing is done while the audit log cannot be written: %v", err)
	}
	return nil
}

// check asks the log, before the first thing that is done, whether it can be written at all.
func (r *recorder) check(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ready || r.audit == nil {
		return nil
	}
	err := r.audit.Ready(ctx)
	r.ready = err == nil
	return err
}

func (r *recorder) write(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.owed) > 0 {
		if err := r.audit.Append(ctx, r.owed[0]); err != nil {
			return err
		}
		r.owed = r.owed[1:]
	}
	return nil
}

// add records what was done, however its caller fares by now.
func (r *recorder) add(ctx context.Context, e audit.Entry) {
	if r.audit == nil {
		return
	}
	err := r.audit.Append(context.WithoutCancel(ctx), e)
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.owed = append(r.owed, e)
	r.log.Error("the audit log cannot be written: nothing more is done until it can", "kind", e.Kind, "err", err)
}

// close writes what is owed for the last time.
func (r *recorder) close(ctx context.Context) error {
	if err := r.write(ctx); err != nil {
		return fmt.Errorf("what was asked for was done, but the audit log does not say so (%d entries are missing): %w", len(r.owed), err)
	}
	return nil
}

// trail counts the requests of a call, for the log.
type trail struct{ lines []audit.Egress }

// maxTrail bounds the lines of one call: a guest could ask for ever new hosts.
const maxTrail = 100

func (t *trail) add(trace egress.Trace, resp abi.Response) {
	line := audit.Egress{Grant: trace.Grant, Method: methodOf(trace.Method), Host: trace.Host, Status: resp.Status, Authorized: trace.Authorized}
	if resp.Fault != nil {
		line.Code = string(resp.Fault.Code)
	}
	i := slices.IndexFunc(t.lines, func(l audit.Egress) bool { l.Count = 0; return l == line })
	if i < 0 && len(t.lines) == maxTrail-1 {
		t.lines = append(t.lines, audit.Egress{Method: "*", Host: "others"})
	}
	if i < 0 && len(t.lines) < maxTrail {
		t.lines = append(t.lines, line)
		i = len(t.lines) - 1
	}
	if i < 0 {
		i = maxTrail - 1
	}
	t.lines[i].Count++
}

// methodOf is a method for the log. What a guest asks for may be anything, and the log takes no entry with such a
// line: a guest must not decide what is on record.
func methodOf(method string) string {
	if method == "" || strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "*"
	}
	return method
}

// recordRun records a call with what it sent and what became of it.
func (h *Host) recordRun(ctx context.Context, p *prepared, call string, sent []audit.Egress, err error) {
	e := audit.Entry{
		Kind: audit.Run, Connector: p.rec.Connector, Version: p.rec.Version, Digest: p.rec.Digest, Connection: p.view.Name,
		Operation: p.op.Name, Call: call, Egress: sent,
	}
	if err != nil {
		e.Code = string(abi.AsFault(err).Code)
	}
	h.recorder.add(ctx, e)
}

// recordConnector records that something was done to an installed connector; its grants are what somebody consented to.
func (h *Host) recordConnector(ctx context.Context, kind string, rec Installed, detail map[string]string) {
	detail = maps.Clone(detail)
	for name, v := range detail {
		if v == "" {
			delete(detail, name)
		}
	}
	h.recorder.add(ctx, audit.Entry{Kind: kind, Connector: rec.Connector, Version: rec.Version, Digest: rec.Digest, Detail: detail})
	if kind != audit.Install && kind != audit.Upgrade {
		return
	}
	grants := map[string]string{}
	for _, g := range rec.Grants {
		grants[g.ID] = strings.Join(g.Methods, " ") + " " + g.URL
	}
	h.recorder.add(ctx, audit.Entry{Kind: audit.Grant, Connector: rec.Connector, Version: rec.Version, Digest: rec.Digest, Detail: grants})
}

// recordConnection records that something was done to a connection.
func (h *Host) recordConnection(ctx context.Context, kind string, c Connection, detail map[string]string) {
	h.recorder.add(ctx, audit.Entry{Kind: kind, Connector: c.Connector, Connection: c.Name, Detail: detail})
}
