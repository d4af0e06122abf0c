package testkit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"

	"patchbay/abi"
)

// kase is one parsed case file; the format is in the package comment.
type kase struct {
	name      string // file name
	call      caseCall
	exchanges []exchange
	want      want
}

type caseCall struct {
	Kind      abi.Kind          `json:"kind"`
	Operation string            `json:"operation"`
	Auth      string            `json:"auth"`
	Fields    map[string]string `json:"fields"`
	Input     json.RawMessage   `json:"input"`
	Cursor    json.RawMessage   `json:"cursor"`
}

// exchange is one request and the answer to it.
type exchange struct {
	name     string // http/1
	method   string
	url      *url.URL
	header   textproto.MIMEHeader
	body     []byte
	status   int
	respHead textproto.MIMEHeader
	respBody []byte
}

func parseCase(name string, data []byte) (*kase, error) {
	k := &kase{name: name}
	requests, responses := map[int][]byte{}, map[int][]byte{}
	seen := map[string]bool{}
	for _, f := range txtar.Parse(data).Files {
		var err error
		switch {
		case seen[f.Name]:
			err = errors.New("is there twice")
		case f.Name == callFile:
			err = k.call.parse(f.Data)
		case strings.HasPrefix(f.Name, "http/"):
			err = number(f.Name, f.Data, requests, responses)
		default:
			err = k.want.parse(f.Name, f.Data)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		seen[f.Name] = true
	}
	switch {
	case !seen[callFile]:
		return nil, errors.New("call.json is missing")
	case k.want.file == "":
		return nil, errors.New("nothing is expected: add output.json, page.json or fault.json")
	}
	if err := k.pair(requests, responses); err != nil {
		return nil, err
	}
	return k, nil
}

const callFile = "call.json"

func (c *caseCall) parse(data []byte) error {
	if err := decode(data, c); err != nil {
		return err
	}
	switch c.Kind {
	case "":
		c.Kind = abi.KindAction
	case abi.KindAction, abi.KindTrigger, abi.KindOptions, abi.KindSchema, abi.KindTest:
	default:
		return fmt.Errorf("kind %q: want action, trigger, options, schema or test", c.Kind)
	}
	if c.Operation == "" {
		return errors.New("operation is missing")
	}
	return nil
}

// pair joins request and response n for n = 1, 2, ...
func (k *kase) pair(requests, responses map[int][]byte) error {
	for n := 1; n <= len(requests); n++ {
		req, ok := requests[n]
		if !ok {
			return fmt.Errorf("http/%d.request is missing: exchanges are numbered from 1", n)
		}
		resp, ok := responses[n]
		if !ok {
			return fmt.Errorf("http/%d.response is missing", n)
		}
		x := exchange{name: fmt.Sprintf("http/%d", n)}
		if err := x.parse(req, resp); err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
		k.exchanges = append(k.exchanges, x)
	}
	if len(responses) != len(requests) {
		return fmt.Errorf("%d requests, but %d responses", len(requests), len(responses))
	}
	return nil
}

func (x *exchange) parse(req, resp []byte) (err error) {
	var line string
	if line, x.header, x.body, err = message(req); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	var target string
	if x.method, target, _ = strings.Cut(line, " "); x.method == "" || x.method != strings.ToUpper(x.method) {
		return fmt.Errorf("request: want METHOD URL, got %q", line)
	}
	x.url, err = url.Parse(target)
	if err != nil || strings.Contains(target, " ") || x.url.Host == "" || x.url.Scheme != "https" && x.url.Scheme != "http" || x.url.Fragment != "" || x.url.User != nil {
		return fmt.Errorf("request: want METHOD URL with a URL that begins with https:// or http:// and a host, got %q", line)
	}
	if x.header.Get("Authorization") != "" {
		return errors.New("request: a case holds no credential: leave Authorization out, the runner plants one and looks for it")
	}
	if line, x.respHead, x.respBody, err = message(resp); err != nil {
		return fmt.Errorf("response: %w", err)
	}
	code, _, _ := strings.Cut(line, " ")
	if x.status, err = strconv.Atoi(code); err != nil || x.status < 200 || x.status > 599 {
		return fmt.Errorf("response: want a status from 200 to 599, got %q", line)
	}
	return nil
}

// message reads a first line, headers up to an empty line, and a body. The last line feed is txtar's, not the body's.
func message(data []byte) (line string, head textproto.MIMEHeader, body []byte, err error) {
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	line = strings.TrimSpace(string(first))
	// A line feed before it, so that a message without headers has its empty line too.
	top, body, _ := bytes.Cut(append([]byte("\n"), rest...), []byte("\n\n"))
	lines := append(bytes.TrimPrefix(top, []byte("\n")), "\n\n"...)
	head, err = textproto.NewReader(bufio.NewReader(bytes.NewReader(lines))).ReadMIMEHeader()
	return line, head, bytes.TrimSuffix(body, []byte("\n")), err
}

func number(name string, data []byte, requests, responses map[int][]byte) error {
	n, kind, _ := strings.Cut(strings.TrimPrefix(name, "http/"), ".")
	i, err := strconv.Atoi(n)
	if err != nil || i < 1 || strconv.Itoa(i) != n {
		return errors.New("want http/N.request or http/N.response with N from 1")
	}
	switch kind {
	case "request":
		requests[i] = data
	case "response":
		responses[i] = data
	default:
		return errors.New("want http/N.request or http/N.response")
	}
	return nil
}

// decode reads one JSON document strictly.
func decode(data []byte, v any) error {
	if err := abi.CheckJSON(bytes.TrimSpace(data)); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}
