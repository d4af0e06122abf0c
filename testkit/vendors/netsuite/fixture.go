package netsuite

// Internal ids of the fixtures.
const (
	Acme    = "107" // customer ACME, external id CRM-7
	Globex  = "41"  // customer Globex Corporation
	Initech = "112" // customer Initech, which has no orders

	Widget = "567" // item at 123.95
	Pump   = "568" // item at 3,650.00

	SmallOrder    = "1" // SO10001, ACME, 371.85, pending approval
	LargeOrder    = "2" // SO10002, ACME, 18,250.00, pending approval
	ApprovedOrder = "4" // SO10004, Globex Corporation, 10,950.00, pending fulfillment
)

// setup is what every account has.
func setup() []Record {
	return []Record{
		{"subsidiary", 1, object{"name": "Parent Company"}},
		{"currency", 1, object{"name": "USD"}},
		{"currency", 2, object{"name": "EUR"}},
	}
}

// Fixtures returns what a server begins with, for reading or as a start for other records.
func Fixtures() []Record {
	company := object{"id": "1"}
	return []Record{
		{"employee", 5, object{"entityId": "Sam Seller", "email": "sam@parent.example"}},
		{"inventoryItem", 567, object{"itemId": "Widget", "basePrice": 123.95}},
		{"inventoryItem", 568, object{"itemId": "Pump station", "basePrice": 3650}},
		{"customer", 107, object{
			"companyName": "ACME", "externalId": "CRM-7", "email": "orders@acme.example", "phone": "555-0107",
			"subsidiary": company, "salesRep": object{"id": "5"},
			"dateCreated": "2025-11-03T08:00:00Z", "lastModifiedDate": "2026-02-02T10:00:00Z",
		}},
		{"customer", 41, object{
			"companyName": "Globex Corporation", "email": "buying@globex.example", "subsidiary": company,
			"dateCreated": "2025-06-12T08:00:00Z", "lastModifiedDate": "2025-12-24T10:00:00Z",
		}},
		{"customer", 112, object{
			"companyName": "Initech", "email": "office@initech.example", "subsidiary": company, "isInactive": true,
			"dateCreated": "2026-01-20T08:00:00Z", "lastModifiedDate": "2026-01-20T08:00:00Z",
		}},
		order(1, Acme, "A", "SHOP-1001", "", Widget, 3, "2026-03-01", "09:05"),
		order(2, Acme, "A", "SHOP-1002", "Pumping station, phase 1", Pump, 5, "2026-03-01", "10:30"),
		order(3, Globex, "B", "SHOP-1003", "", Widget, 80, "2026-03-01", "11:00"),
		order(4, Globex, "B", "SHOP-1004", "", Pump, 3, "2026-02-20", "16:45"),
		order(5, Acme, "A", "", "Spare part", Pump, 1, "2026-03-02", "08:15"),
		{"invoice", 6, object{
			"tranId": "INV10001", "entity": object{"id": Globex}, "createdFrom": object{"id": ApprovedOrder},
			"tranDate": "2026-02-25", "createdDate": "2026-02-25T09:00:00Z", "lastModifiedDate": "2026-02-25T09:00:00Z",
			"item": object{"items": []object{{"item": object{"id": Pump}, "quantity": 3}}},
		}},
	}
}

// order is a sales order with one line, created at eight and last modified at the time of its day.
func order(id int, customer, status, external, memo, item string, quantity int, day, modified string) Record {
	fields := object{
		"entity": object{"id": customer}, "orderStatus": object{"id": status}, "memo": memo, "tranDate": day,
		"createdDate": day + "T08:00:00Z", "lastModifiedDate": day + "T" + modified + ":00Z",
		"item": object{"items": []object{{"item": object{"id": item}, "quantity": quantity}}},
	}
	if external != "" {
		fields["externalId"] = external
	}
	return Record{"salesOrder", id, fields}
}
