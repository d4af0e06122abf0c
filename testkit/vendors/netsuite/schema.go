package netsuite

import "strings"

// kind is the kind of a field's values.
type kind int

const (
	text kind = iota
	number
	boolean
	date      // a day
	datetime  // an instant
	reference // to a record of field.target
	list      // one of field.options
)

// field describes a body field, or a field of a line.
type field struct {
	name, label string
	kind        kind
	target      string   // the record type that a reference is to
	options     []option // of a list
	required    bool
	readOnly    bool // computed by the server; ignored in a body
}

// option is a value of a list field.
type option struct{ id, name string }

// custom reports whether the account's administrators made the field.
func (f field) custom() bool {
	return strings.HasPrefix(f.name, "cust") && strings.Contains(f.name, "_")
}

// recordType describes the records of one type.
type recordType struct {
	name, label string
	// code is the type's name in SuiteQL's transaction table; empty for what is no transaction.
	code string
	// family is the types among which internal ids are unique.
	family string
	// title is the field that a reference shows as refName.
	title  string
	fields []field
	// lines are the fields of the item sublist; empty when there is none.
	lines []field
	// complete fills in the fields that follow from others, or refuses the record.
	complete func(*store, *record) *failure
}

// field returns the type's body field with the name.
func (t *recordType) field(name string) (field, bool) { return named(t.fields, name) }

func named(fields []field, name string) (field, bool) {
	for _, f := range fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// custom fields and lists of the fixtures' account.
const (
	// ProcessField is the custom field of a sales order that names its Tallyfy process.
	ProcessField = "custbody_tallyfy_process_id"
	// ApprovalField is the custom list field of a sales order: 1 pending, 2 approved, 3 rejected.
	ApprovalField = "custbody_approval_status"
)

func orderStatuses() []option {
	return []option{
		{"A", "Pending Approval"}, {"B", "Pending Fulfillment"}, {"C", "Cancelled"}, {"D", "Partially Fulfilled"},
		{"E", "Pending Billing/Partially Fulfilled"}, {"F", "Pending Billing"}, {"G", "Billed"}, {"H", "Closed"},
	}
}

// stamps are the fields that every record has.
func stamps(created string) []field {
	return []field{
		{name: "externalId", label: "External ID", kind: text},
		{name: created, label: "Date Created", kind: datetime, readOnly: true},
		{name: "lastModifiedDate", label: "Last Modified Date", kind: datetime, readOnly: true},
	}
}

// recordTypes are the types that the account has.
func recordTypes() []*recordType {
	return []*recordType{
		customerType(), salesOrderType(), invoiceType(),
		plainType("employee", "Employee", "entity", "entityId", field{name: "email", label: "Email", kind: text}),
		plainType("inventoryItem", "Inventory Item", "item", "itemId", field{name: "basePrice", label: "Base Price", kind: number}),
		plainType("subsidiary", "Subsidiary", "subsidiary", "name"),
		plainType("currency", "Currency", "currency", "name"),
	}
}

// plainType is a type of records that others refer to: little more than a name.
func plainType(name, label, family, title string, more ...field) *recordType {
	fields := append(stamps("createdDate"), field{name: title, label: "Name", kind: text, required: true})
	return &recordType{name: name, label: label, family: family, title: title, fields: append(fields, more...)}
}

func customerType() *recordType {
	return &recordType{
		name: "customer", label: "Customer", family: "entity", title: "entityId", complete: completeCustomer,
		fields: append(stamps("dateCreated"),
			field{name: "entityId", label: "Customer ID", kind: text},
			field{name: "isPerson", label: "Type", kind: boolean},
			field{name: "companyName", label: "Company Name", kind: text},
			field{name: "firstName", label: "First Name", kind: text},
			field{name: "lastName", label: "Last Name", kind: text},
			field{name: "email", label: "Email", kind: text},
			field{name: "phone", label: "Phone", kind: text},
			field{name: "subsidiary", label: "Subsidiary", kind: reference, target: "subsidiary", required: true},
			field{name: "currency", label: "Currency", kind: reference, target: "currency"},
			field{name: "salesRep", label: "Sales Rep", kind: reference, target: "employee"},
			field{name: "entityStatus", label: "Status", kind: list, options: []option{
				{"13", "CUSTOMER-Closed Won"}, {"6", "LEAD-New"}, {"10", "PROSPECT-Qualified"}}},
			field{name: "isInactive", label: "Inactive", kind: boolean},
			field{name: "custentity_credit_note", label: "Credit Note", kind: text},
		),
	}
}

// transactionFields are those that sales orders and invoices share.
func transactionFields() []field {
	return append(stamps("createdDate"),
		field{name: "tranId", label: "Order #", kind: text},
		field{name: "entity", label: "Customer", kind: reference, target: "customer", required: true},
		field{name: "tranDate", label: "Date", kind: date},
		field{name: "currency", label: "Currency", kind: reference, target: "currency"},
		field{name: "exchangeRate", label: "Exchange Rate", kind: number},
		field{name: "subsidiary", label: "Subsidiary", kind: reference, target: "subsidiary"},
		field{name: "memo", label: "Memo", kind: text},
		field{name: "otherRefNum", label: "PO #", kind: text},
		field{name: "subtotal", label: "Subtotal", kind: number, readOnly: true},
		field{name: "total", label: "Total", kind: number, readOnly: true},
		field{name: ProcessField, label: "Tallyfy Process", kind: text},
		field{name: ApprovalField, label: "Approval Status", kind: list, options: []option{
			{"1", "Pending"}, {"2", "Approved"}, {"3", "Rejected"}}},
	)
}

func lineFields() []field {
	return []field{
		{name: "item", label: "Item", kind: reference, target: "inventoryItem", required: true},
		{name: "description", label: "Description", kind: text},
		{name: "quantity", label: "Quantity", kind: number},
		{name: "rate", label: "Rate", kind: number},
		{name: "amount", label: "Amount", kind: number},
	}
}

func salesOrderType() *recordType {
	return &recordType{
		name: "salesOrder", label: "Sales Order", code: "SalesOrd", family: "transaction", title: "tranId",
		complete: completeOrder, lines: lineFields(),
		fields: append(transactionFields(),
			field{name: "orderStatus", label: "Order Status", kind: list, options: orderStatuses()},
			field{name: "status", label: "Status", kind: list, options: orderStatuses(), readOnly: true},
			field{name: "shipDate", label: "Ship Date", kind: date},
		),
	}
}

func invoiceType() *recordType {
	return &recordType{
		name: "invoice", label: "Invoice", code: "CustInvc", family: "transaction", title: "tranId",
		complete: completeInvoice, lines: lineFields(),
		fields: append(transactionFields(),
			field{name: "createdFrom", label: "Created From", kind: reference, target: "salesOrder"},
			field{name: "dueDate", label: "Due Date", kind: date},
			field{name: "amountRemaining", label: "Amount Remaining", kind: number, readOnly: true},
			field{name: "status", label: "Status", kind: list, readOnly: true, options: []option{
				{"A", "Open"}, {"B", "Paid In Full"}}},
		),
	}
}
