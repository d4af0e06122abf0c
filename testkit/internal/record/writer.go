package record

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"patchbay/host"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
)

// writer makes the parts of one case: at the manifest's addresses, and redacted by names.
type writer struct {
	live  *Live
	moved *strings.Replacer
	*redactor
}

func (w *writer) document(doc json.RawMessage) json.RawMessage {
	if len(doc) == 0 {
		return nil
	}
	return w.body(eachString(doc, func(_ []string, s string) string { return w.moved.Replace(s) }))
}

func (w *writer) call() cases.Call {
	c := cases.Call{Kind: w.live.Call.Kind, Operation: w.live.Call.Operation, Input: w.document(w.live.Call.Input), Cursor: w.document(w.live.Call.Cursor)}
	if string(c.Input) == "{}" {
		c.Input = nil
	}
	if methods := w.live.Manifest.Auth; len(methods) > 0 && methods[0].ID != w.live.Connection.Auth {
		c.Auth = w.live.Connection.Auth
	}
	c.Fields = w.live.fields()
	method, _ := w.live.Manifest.AuthMethod(w.live.Connection.Auth)
	for _, f := range slices.Concat(w.live.Manifest.Connection.Fields, method.AllFields()) {
		if f.Default != nil && c.Fields[f.Name] == fmt.Sprint(f.Default) {
			delete(c.Fields, f.Name) // what nobody gave
		}
	}
	return c
}

// fields are the connection's, as text.
func (l *Live) fields() map[string]string {
	all := map[string]string{}
	for name, v := range l.Connection.Fields {
		all[name] = fmt.Sprint(v)
	}
	return all
}

func (w *writer) want() cases.Want {
	if w.live.Fault != nil {
		f := *w.live.Fault
		f.Message = w.text(w.moved.Replace(f.Message))
		return cases.Expect("", nil, &f)
	}
	return cases.Expect(w.live.Result.Status, w.document(host.Output(w.live.Result)), nil)
}

func (w *writer) exchange(e host.Exchange) (x cases.Exchange, err error) {
	if x.URL, err = w.url(e.Request.URL); err != nil {
		return x, err
	}
	x.Method, x.Status = e.Request.Method, e.Response.Status
	x.Header = w.headers(e.Request.Headers, func(name string) bool { return keptRequest(name) && !w.key(name) })
	x.Answer = w.headers(e.Response.Headers, func(name string) bool { return keptAnswer(name) || w.declared(name) })
	x.Body = w.body([]byte(w.moved.Replace(string(e.Request.Body))))
	x.AnswerBody = w.body([]byte(w.moved.Replace(string(e.Response.Body))))
	return x, nil
}

func (w *writer) url(address string) (*url.URL, error) {
	address = w.pairs(w.moved.Replace(address), mostNested)
	return url.Parse(strings.ReplaceAll(address, redacted, escaped))
}

func (w *writer) headers(all map[string][]string, kept func(name string) bool) textproto.MIMEHeader {
	out := textproto.MIMEHeader{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !kept(textproto.CanonicalMIMEHeaderKey(name)) {
			continue
		}
		for _, v := range all[name] {
			out.Add(name, w.text(w.moved.Replace(strings.TrimSpace(v))))
		}
	}
	return out
}

// key reports whether a header carries the key by which the vendor knows a repeated call: it is new in every call.
func (w *writer) key(name string) bool {
	op, _ := w.live.Manifest.Operation(w.live.Call.Kind, w.live.Call.Operation)
	return strings.EqualFold(op.IdempotencyHeader(), name)
}

// declared reports whether the manifest has the host look at a header.
func (w *writer) declared(name string) bool {
	for _, e := range w.live.Manifest.Errors {
		if strings.EqualFold(e.Header, name) {
			return true
		}
	}
	return slices.ContainsFunc(w.live.Manifest.Quotas, func(q manifest.Quota) bool {
		return strings.EqualFold(q.CostHeader, name) || strings.EqualFold(q.RemainingHeader, name) || strings.EqualFold(q.ResetHeader, name)
	})
}
