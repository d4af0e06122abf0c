package netsuite

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"
)

// check refuses a record without its mandatory fields or with the name or external id of another, and fills
// in what follows from the rest.
func (s *store) check(r *record) *failure {
	var missing []string
	for _, f := range r.kind.fields {
		if _, there := r.values[f.name]; f.required && !there {
			missing = append(missing, f.label)
		}
	}
	if r.kind.name == "customer" {
		missing = append(missing, namelessCustomer(r)...)
	}
	if len(missing) > 0 {
		return broken("Please enter value(s) for: %s.", strings.Join(missing, ", "))
	}
	if r.kind.complete != nil {
		if f := r.kind.complete(s, r); f != nil {
			return f
		}
	}
	same := s.first(r.kind.name, func(other *record) bool {
		return other.id != r.id && (equal(other, r, "externalId") || equal(other, r, "entityId"))
	})
	if same != nil {
		return broken("This entity already exists.")
	}
	return nil
}

// equal reports whether both have the text, and the same.
func equal(a, b *record, name string) bool { return a.str(name) != "" && a.str(name) == b.str(name) }

// namelessCustomer are the labels of the names that a customer lacks.
func namelessCustomer(r *record) []string {
	var missing []string
	names := [][2]string{{"companyName", "Company Name"}}
	if person, _ := r.values["isPerson"].(bool); person {
		names = [][2]string{{"firstName", "First Name"}, {"lastName", "Last Name"}}
	}
	for _, name := range names {
		if r.str(name[0]) == "" {
			missing = append(missing, name[1])
		}
	}
	return missing
}

func completeCustomer(_ *store, r *record) *failure {
	r.preset("isPerson", false)
	r.preset("isInactive", false)
	r.preset("currency", "1")
	r.preset("entityStatus", "13")
	r.preset("entityId", cmp.Or(r.str("companyName"), r.str("firstName")+" "+r.str("lastName")))
	return nil
}

func completeOrder(s *store, r *record) *failure {
	r.preset("orderStatus", "A")
	r.values["status"] = r.values["orderStatus"]
	return s.completeTransaction(r, "SO%d")
}

func completeInvoice(s *store, r *record) *failure {
	if f := s.completeTransaction(r, "INV%d"); f != nil {
		return f
	}
	day, _ := r.values["tranDate"].(time.Time)
	r.preset("dueDate", day.AddDate(0, 0, 30))
	r.preset("status", "A")
	r.values["amountRemaining"] = r.values["total"]
	return nil
}

// completeTransaction numbers the transaction, takes over what its customer decides, and adds up its lines.
func (s *store) completeTransaction(r *record, numbers string) *failure {
	if len(r.lines) == 0 {
		return broken("You must enter at least one line item for this transaction.")
	}
	customer := s.get("customer", r.str("entity"))
	if customer == nil {
		return fail(400, "INVALID_KEY_OR_REF", "Invalid customer reference key %s.", r.str("entity")).at("entity")
	}
	now := s.clock().UTC()
	r.preset("tranId", fmt.Sprintf(numbers, 10001+len(s.records[r.kind.name])))
	r.preset("tranDate", time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC))
	r.preset("currency", cmp.Or(customer.str("currency"), "1"))
	r.preset("subsidiary", customer.str("subsidiary"))
	r.preset("exchangeRate", 1.0)
	sum := 0.0
	for i := range r.lines {
		sum += s.price(r.lines[i].values)
	}
	r.values["subtotal"], r.values["total"] = cents(sum), cents(sum)
	return nil
}

// price fills in a line's quantity, rate and amount, and returns the amount. An amount that was given stays,
// unless there is a rate.
func (s *store) price(values map[string]any) float64 {
	quantity, counted := values["quantity"].(float64)
	if !counted {
		quantity = 1
	}
	rate, rated := values["rate"].(float64)
	amount, given := values["amount"].(float64)
	id, _ := values["item"].(string)
	switch item := s.get("inventoryItem", id); {
	case rated:
		amount = rate * quantity
	case given:
		if quantity != 0 {
			rate = amount / quantity
		}
	case item != nil:
		rate = item.num("basePrice")
		amount = rate * quantity
	}
	values["quantity"], values["rate"], values["amount"] = quantity, cents(rate), cents(amount)
	return cents(amount)
}

// cents rounds to two decimals.
func cents(amount float64) float64 { return math.Round(amount*100) / 100 }
