package netsuite

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Record is a record to seed, in the words of the API.
type Record struct {
	// Type is the record type, such as salesOrder.
	Type string
	// ID is the internal id. Zero means the next one.
	ID int
	// Fields are its properties as a client would send them; read-only ones such as lastModifiedDate, and
	// every orderStatus, may be set as well.
	Fields map[string]any
}

// Seed adds records in order, each in place of one with its id. The error names the record that the account
// would refuse; those before it are kept.
func (s *Server) Seed(records ...Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seed := range records {
		if err := s.seed(seed); err != nil {
			return fmt.Errorf("seed %s %d: %w", seed.Type, seed.ID, err)
		}
	}
	return nil
}

func (s *Server) seed(seed Record) error {
	t := s.store.kind(seed.Type)
	if t == nil {
		return fmt.Errorf("there is no such record type")
	}
	body, err := decode(seed.Fields)
	if err != nil {
		return err
	}
	r := &record{kind: t, id: seed.ID, values: map[string]any{}}
	if f := (parser{store: s.store, seeding: true}).record(r, body, true); f != nil {
		return f
	}
	modified, given := r.values["lastModifiedDate"]
	if f := s.keep(r); f != nil {
		return f
	}
	if given {
		r.values["lastModifiedDate"] = modified
	}
	return nil
}

// Error makes a failure an error for Seed.
func (f *failure) Error() string {
	if f.detail.Path != "" {
		return f.detail.Path + ": " + f.detail.Detail
	}
	return f.detail.Detail
}

// Order is a sales order, as far as tests ask about it.
type Order struct {
	ID, ExternalID, TranID, Customer, Memo string
	// Status is the id of orderStatus: A pending approval, B pending fulfillment.
	Status string
	Total  float64
	// Process is ProcessField and Approval ApprovalField: "" or the list's id.
	Process, Approval string
	Modified          time.Time
}

// Order returns a sales order by its internal id.
func (s *Server) Order(id string) (Order, bool) {
	orders := s.Orders()
	i := slices.IndexFunc(orders, func(o Order) bool { return o.ID == id })
	if i < 0 {
		return Order{}, false
	}
	return orders[i], true
}

// Orders returns the sales orders in the order of their creation.
func (s *Server) Orders() []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	var orders []Order
	for _, r := range s.store.records["salesOrder"] {
		modified, _ := r.values["lastModifiedDate"].(time.Time)
		orders = append(orders, Order{
			ID: strconv.Itoa(r.id), ExternalID: r.str("externalId"), TranID: r.str("tranId"), Memo: r.str("memo"),
			Customer: s.store.display(field{kind: reference, target: "customer"}, r.values["entity"]),
			Status:   r.str("orderStatus"), Total: r.num("total"),
			Process: r.str(ProcessField), Approval: r.str(ApprovalField), Modified: modified,
		})
	}
	return orders
}

// Record returns a record of any type as a client gets it with expandSubResources.
func (s *Server) Record(recordType, id string) (map[string]any, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.store.kind(recordType)
	if t == nil {
		return nil, false
	}
	r := s.store.get(t.name, id)
	if r == nil {
		return nil, false
	}
	c := &call{r: &http.Request{}, base: s.config.BaseURL}
	view, err := decode(s.store.recordView(c, r, look{expand: true}))
	return view, err == nil
}
