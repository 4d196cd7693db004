package stripesim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// expandable are the fields that expand[] may open, by object. Those that Stripe
// could open too and the sandbox does not model are refused.
var expandable = map[string]map[string]bool{
	"checkout.session":                  set("customer payment_intent line_items"),
	"payment_intent":                    set("customer invoice latest_charge"),
	"invoice":                           set("charge customer payment_intent"),
	"charge":                            set("balance_transaction customer failure_balance_transaction invoice payment_intent refunds"),
	"balance_transaction":               set("source"),
	"refund":                            set("balance_transaction charge failure_balance_transaction payment_intent"),
	"dispute":                           set("charge payment_intent"),
	"customer_cash_balance_transaction": set("customer"),
	"payout":                            set("balance_transaction failure_balance_transaction"),
}

const deepest = 4

// render writes an answer, with the wanted fields opened.
func (c *call) render(obj any, expand []string) ([]byte, error) {
	if len(expand) == 0 {
		return indent(c.shown(obj))
	}
	tree, err := c.tree(obj)
	if err != nil {
		return nil, err
	}
	for _, path := range expand {
		parts := strings.Split(path, ".")
		if len(parts) > deepest+1 || len(parts) > deepest && parts[0] != "data" {
			return nil, badRequest("", "expand", "You cannot expand more than 4 levels of a property: "+path)
		}
		if err := c.open(tree, parts, path); err != nil {
			return nil, err
		}
	}
	return indent(tree)
}

// tree turns a row into the generic shape that fields can be put into.
func (t *tx) tree(obj any) (map[string]any, error) {
	raw, err := json.Marshal(t.shown(obj))
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // amounts stay the digits they are
	var out map[string]any
	if err := dec.Decode(&out); err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	return out, nil
}

// open follows path into obj and puts objects where their ids were.
func (t *tx) open(obj map[string]any, path []string, whole string) error {
	if len(path) == 0 {
		return nil
	}
	field, kind := path[0], fmt.Sprint(obj["object"])
	if kind == "list" && field == "data" {
		rows, _ := obj["data"].([]any)
		for _, r := range rows {
			if err := t.open(r.(map[string]any), path[1:], whole); err != nil {
				return err
			}
		}
		return nil
	}
	if !expandable[kind][field] {
		return badRequest("", "expand", fmt.Sprintf("This property cannot be expanded (%s). The sandbox expands a subset.", whole))
	}
	inner, err := t.opened(obj, field)
	if err != nil || inner == nil {
		return err
	}
	obj[field] = inner
	return t.open(inner, path[1:], whole)
}

func (t *tx) opened(obj map[string]any, field string) (map[string]any, error) {
	id := fmt.Sprint(obj["id"])
	switch v := obj[field].(type) {
	case map[string]any: // opened by another path
		return v, nil
	case string:
		return t.tree(t.byID(v))
	}
	switch field {
	case "line_items":
		o, _ := t.orders.find(id)
		return t.tree(onePage("/v1/checkout/sessions/"+id+"/line_items", o.Items, false))
	case "refunds":
		return t.tree(onePage("/v1/charges/"+id+"/refunds", t.refundsOf(id), false))
	}
	return nil, nil
}

// byID finds any object that another may point to.
func (t *tx) byID(id string) any {
	if v, ok := t.customers.find(id); ok {
		return v
	}
	if v, ok := t.intents.find(id); ok {
		return v
	}
	if v, ok := t.charges.find(id); ok {
		return v
	}
	if v, ok := t.transactions.find(id); ok {
		return v
	}
	if v, ok := t.invoices.find(id); ok {
		return v
	}
	if v, ok := t.disputes.find(id); ok {
		return v
	}
	if v, ok := t.payouts.find(id); ok {
		return v
	}
	v, _ := t.refunds.find(id)
	return v
}
