package testkit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/textproto"
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
	name     string // http/1.request
	method   string
	url      string
	header   textproto.MIMEHeader
	body     []byte
	status   int
	respHead textproto.MIMEHeader
	respBody []byte
}

// want is the expected result: one of its parts.
type want struct {
	file   string // output.json, page.json, fault.json
	output json.RawMessage
	fault  *wantFault
}

type wantFault struct {
	Code    abi.Code `json:"code"`
	Field   string   `json:"field"`
	Message string   `json:"message"`
}

func parseCase(name string, data []byte) (*kase, error) {
	k := &kase{name: name}
	requests, responses := map[int][]byte{}, map[int][]byte{}
	for _, f := range txtar.Parse(data).Files {
		var err error
		switch {
		case f.Name == "call.json":
			err = decode(f.Data, &k.call)
		case strings.HasPrefix(f.Name, "http/"):
			err = number(f.Name, f.Data, requests, responses)
		default:
			err = k.want.parse(f.Name, f.Data)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	switch {
	case k.call.Operation == "":
		return nil, errors.New("call.json: operation is missing")
	case k.want.file == "":
		return nil, errors.New("nothing is expected: add output.json, page.json or fault.json")
	}
	if k.call.Kind == "" {
		k.call.Kind = abi.KindAction
	}
	return k, k.pair(requests, responses)
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
	var ok bool
	if x.method, x.url, ok = strings.Cut(line, " "); !ok {
		return fmt.Errorf("request: want METHOD URL, got %q", line)
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

func (w *want) parse(name string, data []byte) error {
	if w.file != "" {
		return fmt.Errorf("%s is expected already: one of them", w.file)
	}
	w.file = name
	switch name {
	case "output.json", "page.json":
		return decode(data, &w.output)
	case "fault.json":
		w.fault = &wantFault{}
		return decode(data, w.fault)
	}
	return errors.New("unknown file: a case has call.json, http/N.request, http/N.response, and one of output.json, page.json and fault.json")
}

// message reads a first line, headers up to an empty line, and a body whose last line feed txtar added.
func message(data []byte) (line string, head textproto.MIMEHeader, body []byte, err error) {
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	line = strings.TrimSpace(string(first))
	if len(bytes.TrimSpace(rest)) == 0 {
		return line, textproto.MIMEHeader{}, nil, nil
	}
	if rest[0] == '\n' {
		return line, textproto.MIMEHeader{}, bytes.TrimSuffix(rest[1:], []byte("\n")), nil
	}
	r := bufio.NewReader(bytes.NewReader(append(bytes.Clone(rest), '\n', '\n')))
	if head, err = textproto.NewReader(r).ReadMIMEHeader(); err != nil {
		return "", nil, nil, err
	}
	body, err = io.ReadAll(r)
	return line, head, bytes.TrimRight(body, "\n"), err
}

func number(name string, data []byte, requests, responses map[int][]byte) error {
	n, kind, _ := strings.Cut(strings.TrimPrefix(name, "http/"), ".")
	i, err := strconv.Atoi(n)
	if err != nil || i < 1 {
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
