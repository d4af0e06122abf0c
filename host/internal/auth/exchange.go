package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"

	"patchbay/abi"
	"patchbay/manifest"
)

// exchange performs the steps of a method in order. Each may use what those before it saved.
func (a *Auth) exchange(ctx context.Context, acct Account) (record, error) {
	began := a.cfg.Now()
	fields, saved := maps.Clone(acct.Fields), map[string]string{}
	if fields == nil {
		fields = map[string]string{}
	}
	for i, s := range acct.Method.Steps {
		who := fmt.Sprintf("step %d of the token exchange", i+1)
		body, err := a.step(ctx, acct, i, s, who, fields)
		if err != nil {
			return record{}, err
		}
		for _, name := range slices.Sorted(maps.Keys(s.Save)) {
			v, ok := pick(body, s.Save[name])
			if !ok || v == "" || len(v) > maxToken {
				return record{}, abi.Faultf(abi.Unavailable, "%s: the answer has no %s at %s", who, name, s.Save[name])
			}
			fields[name], saved[name] = v, v
		}
	}
	r := record{Access: saved["token"], Values: saved}
	if acct.Method.Headers == nil && !tokenText(r.Access) {
		return record{}, abi.Faultf(abi.Unavailable, "the token exchange gave a token with characters that a token does not have")
	}
	if life := lifeOf(saved["expires_in"]); life > 0 {
		r.Expires = began.Add(life)
	}
	return r, nil
}

// step sends one request and returns the JSON document that it is answered with.
func (a *Auth) step(ctx context.Context, acct Account, i int, s manifest.ExchangeStep, who string, fields map[string]string) (any, error) {
	r, sign, err := acct.stepRequest(i, s, fields)
	if err != nil {
		return nil, err
	}
	resp, err := a.send(ctx, acct, who, r, sign)
	switch {
	case err != nil:
		return nil, err
	case slices.Contains([]int{400, 401, 403, 404, 410, 422}, resp.Status):
		return nil, &refused{reason: fmt.Sprintf("%s was refused (status %d): check the connection's values", who, resp.Status)}
	case resp.Status >= 400:
		return nil, abi.Faultf(abi.Unavailable, "%s was answered with status %d", who, resp.Status)
	}
	body, err := decode(resp.Body)
	if err != nil {
		return nil, abi.Faultf(abi.Unavailable, "%s: the answer (status %d) is not JSON", who, resp.Status)
	}
	return body, nil
}

// stepRequest resolves a step's templates. Its headers are put on by sign: they may be ones that guests do not set.
func (acct Account) stepRequest(i int, s manifest.ExchangeStep, fields map[string]string) (abi.Request, func(*http.Request) error, error) {
	acct.Fields = fields
	r := abi.Request{Method: s.Method, Headers: map[string][]string{"Accept": {"application/json"}}}
	var err error
	if r.URL, err = acct.url("step:"+strconv.Itoa(i), s.URL); err != nil {
		return r, nil, err
	}
	headers := map[string]string{}
	for name, template := range s.Headers {
		if headers[textproto.CanonicalMIMEHeaderKey(name)], err = acct.text("header "+name, template, fields); err != nil {
			return r, nil, err
		}
	}
	switch {
	case s.Form != nil:
		form := url.Values{}
		for name, template := range s.Form {
			v, err := acct.text("form field "+name, template, fields)
			if err != nil {
				return r, nil, err
			}
			form.Set(name, v)
		}
		r.Headers["Content-Type"], r.Body = []string{"application/x-www-form-urlencoded"}, []byte(form.Encode())
	case len(s.JSON) > 0:
		if r.Body, err = acct.json(s.JSON, fields); err != nil {
			return r, nil, err
		}
		r.Headers["Content-Type"] = []string{"application/json"}
	}
	return r, func(h *http.Request) error {
		for name, v := range headers {
			h.Header.Set(name, v)
		}
		return nil
	}, nil
}

// json resolves the strings of a JSON body, which are templates.
func (acct Account) json(body json.RawMessage, fields map[string]string) ([]byte, error) {
	v, err := decode(body)
	if err != nil {
		return nil, abi.Faultf(abi.Internal, "the json of a step is not JSON")
	}
	if v, err = acct.resolve(v, fields); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func (acct Account) resolve(v any, fields map[string]string) (any, error) {
	var err error
	switch v := v.(type) {
	case string:
		return acct.text("json body", v, fields)
	case []any:
		for i := range v {
			if v[i], err = acct.resolve(v[i], fields); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = acct.resolve(v[k], fields); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// decode reads one JSON document, with its numbers as they are written.
func decode(data []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err = d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err = d.Token(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return v, nil
}
