package work

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Where the request goes; nothing is sent, the response comes from memory.
const (
	BaseURL = "https://api.example.com/v2"
	Path    = "/invoices"
	URL     = BaseURL + Path
)

// Mark lies in the data of a guest that answers with it. Another text of the same length in its place makes another
// module of the same code.
const Mark = "mark of connector 0000"

// Bytes of what crosses the boundary.
const (
	InputSize    = 552
	RequestSize  = 700
	ResponseSize = 1648
	OutputSize   = 250 // while the state has seen less than ten calls
)

// Input is one of many orders of the same size.
func Input(n int) []byte {
	order := fmt.Sprintf(`{"reference":"PO-%06d","customer":{"name":"Acme Pumps","email":"ap@acme.example","vat":"DE811907980"},`+
		`"currency":"EUR","lines":[{"sku":"PUMP-7","text":"Pump, 7 bar","quantity":2,"unit_price":129900},`+
		`{"sku":"SEAL-12","text":"Seal \"viton\" 12 mm","quantity":24,"unit_price":195},`+
		`{"sku":"SVC-1","text":"On-site service","quantity":1,"unit_price":18000}],`+
		`"tags":["export","priority"],"note":"`, n%1_000_000)
	return fill(order, `"}`, InputSize)
}

// Reply is the response's frame.
func Reply() []byte {
	head := `{"status":201,"headers":{"Content-Type":["application/json"]},"url":"` + URL + `"}` + "\n"
	line := func(id int, sku, text string, quantity, price int) string {
		return fmt.Sprintf(`{"id":%d,"sku":%q,"text":%q,"quantity":%d,"unit_price":%d,"total":%d,"tax_rate":19,"account":"4400"}`,
			id, sku, text, quantity, price, quantity*price)
	}
	body := `{"id":8812034,"number":"INV-2041","status":"open","html_url":"https://example.com/i/8812034",` +
		`"api_url":"https://api.example.com/v2/invoices/8812034","pdf_url":"https://example.com/i/8812034.pdf","currency":"EUR",` +
		`"customer":{"id":4711,"name":"Acme Pumps","email":"ap@acme.example","vat":"DE811907980","terms":"net 30","locale":"de","blocked":false},` +
		`"lines":[` + line(1, "PUMP-7", "Pump, 7 bar", 2, 129900) + `,` + line(2, "SEAL-12", `Seal "viton" 12 mm`, 24, 195) + `,` +
		line(3, "SVC-1", "On-site service", 1, 18000) + `],"net":282480,"tax":53671,"total":336151,"tags":["export","priority"],` +
		`"payments":[],"due_days":30,"created_at":"2026-01-05T10:00:01Z","updated_at":"2026-01-05T10:00:01Z","sent_at":null,"note":"`
	return fill(head+body, `"}`, ResponseSize)
}

// fill writes text between start and end until there are size bytes.
func fill(start, end string, size int) []byte {
	const text = "Please deliver to gate 3 between eight and noon. "
	n := size - len(start) - len(end)
	return []byte(start + strings.Repeat(text, n/len(text)+1)[:n] + end)
}

// Calls returns how many calls the state that made output has seen. Output that is not the summary of [Reply] is an
// error.
func Calls(output []byte) (int, error) {
	before, count, ok := bytes.Cut(output, []byte(`,"calls":`))
	n, err := strconv.Atoi(string(bytes.TrimSuffix(count, []byte("}"))))
	if !ok || err != nil || !bytes.Equal(before, summary) {
		return 0, fmt.Errorf("not the summary of the invoice: %.300q", output)
	}
	return n, nil
}

var summary = []byte(`{"id":8812034,"number":"INV-2041","status":"open","url":"https://example.com/i/8812034","customer":"Acme Pumps",` +
	`"skus":["PUMP-7","SEAL-12","SVC-1"],"tax":53671,"total":336151,"tags":["export","priority"],"created_at":"2026-01-05T10:00:01Z"`)
