package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (c *checker) operations() {
	if !c.has("/actions") && !c.has("/triggers") {
		c.add("/actions", "the connector can do nothing", "an action or a trigger", "")
	}
	for i, a := range c.m.Actions {
		c.action(at("actions", i), a)
	}
	for i, t := range c.m.Triggers {
		c.trigger(at("triggers", i), t)
	}
	for i, f := range c.m.Options {
		c.input(at("options", i, "input"), f.Input)
	}
	for i, f := range c.m.Schemas {
		c.input(at("schemas", i, "input"), f.Input)
	}
}

func (c *checker) action(pointer string, a Action) {
	in := c.input(pointer+"/input", a.Input)
	out := c.schema(pointer+"/output", a.Output)
	c.samples(pointer+"/samples", a.Samples, in, out)
	c.limits(pointer+"/limits", a.Limits)
	if a.Idempotency == nil {
		return
	}
	key := pointer + "/idempotency"
	if n := count(c.has(key+"/header"), c.has(key+"/key"), c.has(key+"/lookup")); n != 1 {
		c.add(key, fmt.Sprintf("it has %d of its three keys", n), "exactly one of header, key and lookup", "")
	}
	c.properties(key+"/key", "input", a.Idempotency.Key, a.Input)
	if name := a.Idempotency.Lookup; c.refer(key+"/lookup", "action", name, c.actions(), "/actions") {
		if found, _ := c.m.Action(name); !found.ReadOnly {
			c.add(key+"/lookup", "the action "+quote(name)+" is not read-only", "", "add read_only: true to it, if it changes nothing")
		}
	}
}

func (c *checker) trigger(pointer string, t Trigger) {
	in := c.input(pointer+"/input", t.Input)
	out := c.schema(pointer+"/output", t.Output)
	c.samples(pointer+"/samples", t.Samples, in, out)
	c.limits(pointer+"/limits", t.Limits)
	c.properties(pointer+"/dedupe", "event", t.Dedupe, t.Output)
	if count(c.has(pointer+"/poll"), c.has(pointer+"/webhook")) != 1 {
		c.add(pointer, "it has "+oneOf(2, t.Poll != nil, t.Webhook != nil)+" of poll and webhook", "exactly one", "a trigger that the vendor calls may name a poll trigger as its fallback")
	}
	if t.Poll != nil {
		c.poll(pointer+"/poll", *t.Poll)
	}
	if t.Webhook != nil {
		c.webhook(pointer+"/webhook", *t.Webhook)
	}
}

func (c *checker) poll(pointer string, p Poll) {
	every, least := time.Duration(p.Every), time.Duration(p.Least)
	or(&every, 5*time.Minute)
	or(&least, 10*time.Second)
	if least < 10*time.Second {
		c.add(pointer+"/least", Duration(least).String()+" is too often", "10s or more", "")
	}
	if every < least {
		c.add(pointer+"/every", Duration(every).String()+" is less than the least, "+Duration(least).String(), "", "")
	}
}

func (c *checker) webhook(pointer string, w Webhook) {
	c.signature(pointer+"/signature", w.Signature)
	if w.Challenge != nil && count(c.has(pointer+"/challenge/query"), c.has(pointer+"/challenge/pointer")) != 1 {
		c.add(pointer+"/challenge", "it has "+oneOf(2, w.Challenge.Query != "", w.Challenge.Pointer != ""), "exactly one of query and pointer", "")
	}
	for key, name := range map[string]string{"subscribe": w.Subscribe, "renew": w.Renew, "unsubscribe": w.Unsubscribe} {
		c.refer(pointer+"/"+key, "action", name, c.actions(), "/actions")
	}
	if (w.Renew == "") != (w.RenewEvery == 0) {
		c.add(pointer, "renew and renew_every go together", "", "add the other one")
	}
	if (w.Renew != "" || w.Unsubscribe != "") && w.Subscribe == "" {
		c.add(pointer, "there is no subscription to renew or end", "", "add subscribe")
	}
	polls := namesOf(slices.DeleteFunc(slices.Clone(c.m.Triggers), func(t Trigger) bool { return t.Poll == nil }), func(t Trigger) string { return t.Name })
	c.refer(pointer+"/fallback", "poll trigger", w.Fallback, polls, "/triggers")
}

// signatureKeys lists the keys of each scheme.
var signatureKeys = map[string][]string{
	"none":              nil,
	"standard_webhooks": {"tolerance"},
	"bearer":            {"header", "prefix"},
	"hmac_sha256":       {"header", "encoding", "prefix", "signed", "timestamp", "tolerance"},
	"hmac_sha1":         {"header", "encoding", "prefix", "signed", "timestamp", "tolerance"},
}

func (c *checker) signature(pointer string, s Signature) {
	keys, ok := signatureKeys[s.Scheme]
	if !ok {
		return // the scheme is a problem already
	}
	for _, k := range sortedKeys(lookup(c.tree, pointer)) {
		if k != "scheme" && !slices.Contains(keys, k) {
			c.add(pointer+"/"+EscapePointer(k), "the scheme "+s.Scheme+" has no "+k, "", "remove it")
		}
	}
	if !strings.HasPrefix(s.Scheme, "hmac") {
		return
	}
	if !c.has(pointer + "/header") {
		c.add(pointer+"/scheme", "the scheme "+s.Scheme+" needs a header", "", "add the header that carries the signature")
	}
	if s.Tolerance != 0 && s.Timestamp == "" {
		c.add(pointer+"/tolerance", "tolerance without timestamp", "", "add the header that carries the time")
	}
	c.signed(pointer, s)
}

func (c *checker) signed(pointer string, s Signature) {
	parts, err := parseTemplate(s.Signed)
	if err != nil {
		c.add(pointer+"/signed", err.Error(), "a template over {timestamp} and {body}", "")
		return
	}
	names := fieldNames(parts)
	for _, name := range names {
		if name != "timestamp" && name != "body" {
			c.add(pointer+"/signed", "there is no "+quote("{"+name+"}"), "a template over {timestamp} and {body}", "")
		}
	}
	switch {
	case s.Signed != "" && !slices.Contains(names, "body"):
		c.add(pointer+"/signed", "the signature does not cover the body", "", "add {body}")
	case s.Timestamp == "" && slices.Contains(names, "timestamp"):
		c.add(pointer+"/signed", "there is no timestamp to sign", "", "add timestamp, the header that carries it")
	}
}

func (c *checker) actions() []string {
	return namesOf(c.m.Actions, func(a Action) string { return a.Name })
}

// input compiles the schema of an input, which must be an object's.
func (c *checker) input(pointer string, raw json.RawMessage) *Schema {
	s := c.schema(pointer, raw)
	if s == nil {
		return nil
	}
	if obj, _ := s.doc.(map[string]any); obj["type"] != "object" {
		c.add(pointer, "an input is an object", "type: object at the top of its schema", "")
	}
	return s
}

// schema compiles a schema of the manifest; nil when there is none or it is not a good one.
func (c *checker) schema(pointer string, raw json.RawMessage) *Schema {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if len(raw) > maxSchemaSize {
		c.add(pointer, fmt.Sprintf("a schema of %d bytes", len(raw)), fmt.Sprintf("at most %d", maxSchemaSize), "")
		return nil
	}
	doc, err := decodeAny(raw)
	if err != nil {
		c.add(pointer, err.Error(), "", "")
		return nil
	}
	s, problems := compile(doc)
	for _, p := range problems {
		p.Pointer = pointer + p.Pointer
		c.note(p)
	}
	if len(problems) > 0 {
		return nil
	}
	for _, l := range s.links {
		c.link(pointer+l.at, l)
	}
	return s
}

// link checks an x-options or x-schema annotation.
func (c *checker) link(pointer string, l link) {
	name, ok := l.value.(string)
	switch {
	case !ok:
		c.add(pointer, show(l.value)+" is not a name", "the name of a function", "")
	case l.keyword == "x-options":
		c.refer(pointer, "options function", name, c.options(), "/options")
	default:
		c.refer(pointer, "schema function", name, namesOf(c.m.Schemas, func(f Function) string { return f.Name }), "/schemas")
	}
}

// properties checks names of properties against a schema that lists its own.
func (c *checker) properties(pointer, what string, names []string, raw json.RawMessage) {
	v, err := decodeAny(raw)
	if err != nil {
		return
	}
	props := sortedKeys(lookup(v, "/properties"))
	if len(props) == 0 {
		return
	}
	for i, name := range names {
		if name != "" && !slices.Contains(props, name) {
			fix := didYouMean(name, props)
			if fix == "" {
				fix = "there is " + list(props)
			}
			c.add(pointer+"/"+strconv.Itoa(i), "the "+what+" has no property "+quote(name), "", fix)
		}
	}
}

// samples checks examples against the schemas that they are examples of.
func (c *checker) samples(pointer string, samples []Sample, in, out *Schema) {
	for i, s := range samples {
		p := pointer + "/" + strconv.Itoa(i)
		c.sample(p+"/input", in, s.Input)
		c.sample(p+"/output", out, s.Output)
	}
}

func (c *checker) sample(pointer string, s *Schema, raw json.RawMessage) {
	v, err := decodeAny(raw)
	if s == nil || err != nil {
		return
	}
	for _, p := range s.check(v) {
		p.Pointer = pointer + p.Pointer
		c.note(p)
	}
}

// limits checks the ranges that schema.json leaves open.
func (c *checker) limits(pointer string, l Limits) {
	sizes := []struct {
		key         string
		value       Bytes
		least, most int64
	}{
		{"memory", l.Memory, 1 << 20, maxMemory}, {"request_body", l.RequestBody, 1, maxRequestBody},
		{"response_body", l.ResponseBody, 1, maxResponseBody}, {"output", l.Output, 1, maxOutput}, {"log", l.Log, 1, maxLog},
	}
	for _, s := range sizes {
		if s.value != 0 && (int64(s.value) < s.least || int64(s.value) > s.most) {
			c.add(pointer+"/"+s.key, s.value.String()+" is out of bounds", Bytes(s.least).String()+" to "+Bytes(s.most).String(), "")
		}
	}
	if wall := time.Duration(l.Wall); wall != 0 && (wall < 100*time.Millisecond || wall > maxWall) {
		c.add(pointer+"/wall", l.Wall.String()+" is out of bounds", "100ms to 300s", "")
	}
}

func count(there ...bool) (n int) {
	for _, b := range there {
		if b {
			n++
		}
	}
	return n
}
