// Command adyen is the guest of a connector that makes payment links. The key for idempotency is nowhere to be seen: the
// manifest names the header, and the host sends it with the same value however often it repeats the request.
package main

import "patchbay/sdk"

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	for _, register := range []func(*sdk.Connector){
		func(c *sdk.Connector) { sdk.Action(c, "create_payment_link", createPaymentLink) },
		func(c *sdk.Connector) { sdk.Action(c, "get_payment_link", getPaymentLink) },
		func(c *sdk.Connector) { sdk.Test(c, "payment_methods", paymentMethods) },
	} {
		register(c)
	}
	return c
}

type amount struct {
	Currency string `json:"currency"`
	Value    int64  `json:"value"` // in the smallest unit
}

type createInput struct {
	amount
	Reference   string `json:"reference"`
	Description string `json:"description"`
	Country     string `json:"country"`
}

// paymentLink is one of Adyen's.
type paymentLink struct {
	ID        string `json:"id"`
	URL       string `json:"url"`
	Status    string `json:"status"`
	Reference string `json:"reference"`
	ExpiresAt string `json:"expiresAt"`
}

// link is one of ours.
type link struct {
	ID        string `json:"id"`
	URL       string `json:"url"`
	Status    string `json:"status"`
	Reference string `json:"reference,omitempty"`
	ExpiresAt string `json:"expires_at,omitempty"`
}

// checked turns Adyen's link into ours; code is what an answer without a link means.
func (p paymentLink) checked(code sdk.Code) (link, error) {
	if p.ID == "" || p.URL == "" || p.Status == "" {
		return link{}, sdk.Faultf(code, "Adyen's answer has no payment link in it; look into the Customer Area")
	}
	return link(p), nil
}

func createPaymentLink(call *sdk.Call, in createInput) (link, error) {
	body := struct {
		MerchantAccount string `json:"merchantAccount"`
		Reference       string `json:"reference"`
		Amount          amount `json:"amount"`
		Description     string `json:"description,omitempty"`
		CountryCode     string `json:"countryCode,omitempty"`
	}{call.Field("merchant_account"), in.Reference, in.amount, in.Description, in.Country}
	var made paymentLink
	if err := exchange(call, &sdk.Request{Method: "POST", Path: "/paymentLinks", Body: sdk.JSON(body)}, &made); err != nil {
		return link{}, err
	}
	return made.checked(sdk.InDoubt)
}

type byID struct {
	ID string `json:"id"`
}

func getPaymentLink(call *sdk.Call, in byID) (link, error) {
	var found paymentLink
	if err := exchange(call, &sdk.Request{Path: sdk.Path("paymentLinks", in.ID)}, &found); err != nil {
		return link{}, err
	}
	return found.checked(sdk.Unavailable)
}

// methods is how many ways to pay the account offers, which tells people that key and account belong together.
type methods struct {
	MerchantAccount string `json:"merchant_account"`
	PaymentMethods  int    `json:"payment_methods"`
}

func paymentMethods(call *sdk.Call) (methods, error) {
	account := call.Field("merchant_account")
	var found struct {
		PaymentMethods []struct{} `json:"paymentMethods"`
	}
	body := sdk.JSON(map[string]string{"merchantAccount": account})
	if err := exchange(call, &sdk.Request{Method: "POST", Path: "/paymentMethods", Body: body}, &found); err != nil {
		return methods{}, err
	}
	return methods{account, len(found.PaymentMethods)}, nil
}

func exchange(call *sdk.Call, r *sdk.Request, out any) error {
	resp, err := call.HTTP("checkout").Do(r)
	if err != nil {
		return err
	}
	if !resp.OK() {
		return resp.Fault()
	}
	return resp.JSON(out)
}
