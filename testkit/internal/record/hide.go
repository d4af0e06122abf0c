package record

import (
	"net/textproto"
	"net/url"

	"patchbay/abi"
	"patchbay/testkit/internal/cases"
)

// hide takes secrets out wherever in the case they stand: a token of one answer may be in the path of the next request.
func hide(k *cases.Case, secrets []string) error {
	text, address := hider(secrets, redacted), hider(secrets, escaped)
	document := func(doc []byte) []byte {
		switch {
		case len(doc) == 0:
			return nil
		case abi.CheckJSON(doc) != nil:
			return []byte(text.Replace(string(doc)))
		}
		return cases.Pretty(eachString(doc, func(_ []string, s string) string { return text.Replace(s) }))
	}
	k.Call.Input, k.Call.Cursor, k.Want.Output = document(k.Call.Input), document(k.Call.Cursor), document(k.Want.Output)
	if k.Want.Fault != nil {
		k.Want.Fault.Message = text.Replace(k.Want.Fault.Message)
	}
	for i := range k.Exchanges {
		x := &k.Exchanges[i]
		u, err := url.Parse(address.Replace(x.URL.String()))
		if err != nil {
			return err
		}
		x.URL, x.Body, x.AnswerBody = u, document(x.Body), document(x.AnswerBody)
		for _, head := range []textproto.MIMEHeader{x.Header, x.Answer} {
			for _, values := range head {
				for j := range values {
					values[j] = text.Replace(values[j])
				}
			}
		}
	}
	return nil
}
