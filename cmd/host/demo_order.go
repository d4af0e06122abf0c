package main

import (
	"context"
	"fmt"

	"patchbay/testkit/vendors/tallyfy"
)

// object is a JSON object of the demo's inputs.
type object = map[string]any

// approvalLimit is the total from which an order needs an approval.
const approvalLimit = 10_000

// order is what the demo follows from system to system.
type order struct {
	id, number, customer, total string
	process                     string
}

// approve is the business part: an order over the limit goes through an approval and comes back approved.
func (d *demo) approve(ctx context.Context) error {
	var o order
	steps := []struct {
		name string
		do   func() (string, error)
	}{
		{"netsuite: create order", func() (string, error) { return d.createOrder(ctx, &o) }},
		{"netsuite: find large orders", func() (string, error) { return d.findOrder(ctx, &o) }},
		{"tallyfy: launch approval", func() (string, error) { return d.launch(ctx, &o) }},
		{"tallyfy: approve", func() (string, error) { return d.complete(ctx, &o) }},
		{"netsuite: update order", func() (string, error) { return d.update(ctx, &o) }},
		{"netsuite: read it back", func() (string, error) { return d.readBack(ctx, &o) }},
	}
	for _, s := range steps {
		if err := d.step(s.name, s.do); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) createOrder(ctx context.Context, o *order) (string, error) {
	var made struct{ ID string }
	err := d.run(ctx, "netsuite", "create_record", object{"type": "salesOrder", "fields": object{
		"entity": object{"id": "107"}, "otherRefNum": "PO-4711",
		"item": object{"items": []object{{"item": object{"id": "567"}, "quantity": 100, "rate": 182.5}}},
	}}, &made)
	o.id = made.ID
	return "sales order " + o.id + ", 100 widgets at 182.50", err
}

func (d *demo) findOrder(ctx context.Context, o *order) (string, error) {
	var found struct{ Items []map[string]string }
	q := fmt.Sprintf("SELECT id, tranid, foreigntotal, BUILTIN.DF(entity) AS customer FROM transaction WHERE type = 'SalesOrd' AND id = %s AND foreigntotal > %d ORDER BY id", o.id, approvalLimit)
	if err := d.run(ctx, "netsuite", "suiteql", object{"q": q}, &found); err != nil {
		return "", err
	}
	if len(found.Items) != 1 {
		return "", fmt.Errorf("%d orders found, want the one that was created", len(found.Items))
	}
	row := found.Items[0]
	o.number, o.total, o.customer = row["tranid"], row["foreigntotal"], row["customer"]
	return fmt.Sprintf("%s of %s, %s USD, needs approval", o.number, o.customer, o.total), nil
}

func (d *demo) launch(ctx context.Context, o *order) (string, error) {
	var p struct{ ID, Name string }
	err := d.run(ctx, "tallyfy", "launch_process", object{
		"blueprint_id": tallyfy.SalesApproval, "name": "Approve " + o.number,
		"kickoff": object{"order_number": o.number, "customer_name": o.customer, "Order total": o.total, "currency": "USD", "priority": "High"},
	}, &p)
	o.process = p.ID
	return fmt.Sprintf("process %q with its kick-off form filled in", p.Name), err
}

func (d *demo) complete(ctx context.Context, o *order) (string, error) {
	var tasks struct {
		Items []struct {
			ID       string
			Title    string
			TaskType string `json:"task_type"`
		}
	}
	if err := d.run(ctx, "tallyfy", "list_tasks", object{"process_id": o.process}, &tasks); err != nil {
		return "", err
	}
	for _, t := range tasks.Items {
		if t.TaskType == "approval" {
			return t.Title + " approved", d.run(ctx, "tallyfy", "complete_task", object{"task_id": t.ID, "is_approved": true}, nil)
		}
	}
	return "", fmt.Errorf("none of the %d tasks is an approval", len(tasks.Items))
}

func (d *demo) update(ctx context.Context, o *order) (string, error) {
	err := d.run(ctx, "netsuite", "update_record", object{"type": "salesOrder", "id": o.id, "fields": object{
		"orderStatus": object{"id": "B"}, "custbody_tallyfy_process_id": o.process, "memo": "Approved in Tallyfy",
	}}, nil)
	return "status and process id written back", err
}

func (d *demo) readBack(ctx context.Context, o *order) (string, error) {
	var got struct {
		Record struct {
			OrderStatus struct{ ID, RefName string }
			ProcessID   string `json:"custbody_tallyfy_process_id"`
		}
	}
	if err := d.run(ctx, "netsuite", "get_record", object{"type": "salesOrder", "id": o.id}, &got); err != nil {
		return "", err
	}
	if got.Record.OrderStatus.ID != "B" || got.Record.ProcessID != o.process {
		return "", fmt.Errorf("the order has status %q and process %q", got.Record.OrderStatus.ID, got.Record.ProcessID)
	}
	return fmt.Sprintf("%s is %s", o.number, got.Record.OrderStatus.RefName), nil
}
