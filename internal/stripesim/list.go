package stripesim

import (
	"fmt"
	"slices"
)

// page is a part of a list, newest first.
type page struct {
	Object  string `json:"object"`
	Data    []any  `json:"data"`
	HasMore bool   `json:"has_more"`
	URL     string `json:"url"`
}

type listed interface {
	row
	createdAt() int64
}

const (
	usualLimit = 10
	mostLimit  = 100
)

// list answers with those rows of a table that keep wants, in Stripe's pages. A nil
// keep wants all.
func list[T listed](c *call, tb *table[T], keep func(T) bool) (any, error) {
	limit, given := c.params.integer("limit")
	if !given {
		limit = usualLimit
	} else if limit < 1 || limit > mostLimit {
		c.params.fail("limit", "parameter_invalid_integer", "This value must be between 1 and 100.")
	}
	after, before := c.params.text("starting_after", 5000), c.params.text("ending_before", 5000)
	if after != "" && before != "" {
		c.params.fail("ending_before", "", "You may only specify one of these parameters: starting_after, ending_before.")
	}
	in := c.period()
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	at, err := tb.place(after, before)
	if err != nil {
		return nil, err
	}
	var rows []T
	for i, id := range slices.Backward(tb.order) {
		if v := tb.rows[id]; (after == "" || i < at) && (before == "" || i > at) && in(v.createdAt()) && (keep == nil || keep(v)) {
			rows = append(rows, v)
		}
	}
	more := len(rows) > int(limit)
	if before != "" { // the page that ends where the cursor stands
		rows = rows[max(0, len(rows)-int(limit)):]
	} else {
		rows = rows[:min(int(limit), len(rows))]
	}
	return onePage(c.path, rows, more), nil
}

// place finds where the cursor of a list stands in the table. The row need not be
// in the list any more, its status may have changed; but it must exist.
func (t *table[T]) place(after, before string) (int, error) {
	id, param := after, "starting_after"
	if before != "" {
		id, param = before, "ending_before"
	}
	if id == "" {
		return 0, nil
	}
	at := slices.Index(t.order, id)
	if at < 0 {
		return 0, badRequest("resource_missing", param, fmt.Sprintf("No such %s: '%s'", t.kind, id))
	}
	return at, nil
}

func onePage[T row](url string, rows []T, more bool) page {
	p := page{Object: "list", Data: []any{}, HasMore: more, URL: url}
	for _, v := range rows {
		p.Data = append(p.Data, v)
	}
	return p
}

// period reads created, either a moment or bounds.
func (c *call) period() func(int64) bool {
	n := c.params.take("created")
	if n == nil {
		return func(int64) bool { return true }
	}
	if n.kids == nil {
		at, _ := c.params.integer("created")
		return func(t int64) bool { return t == at }
	}
	g := c.params.group("created")
	gt, hasGT := g.integer("gt")
	gte, hasGTE := g.integer("gte")
	lt, hasLT := g.integer("lt")
	lte, hasLTE := g.integer("lte")
	return func(t int64) bool {
		return (!hasGT || t > gt) && (!hasGTE || t >= gte) && (!hasLT || t < lt) && (!hasLTE || t <= lte)
	}
}

// shown gives the fields that depend on the moment of looking.
func (t *tx) shown(v any) any {
	switch v := v.(type) {
	case balanceTransaction:
		return v.asOf(t.now)
	case fraudWarning:
		return v.asOf(t)
	case dispute:
		v.BalanceTransactions = slices.Clone(v.BalanceTransactions)
		for i, bt := range v.BalanceTransactions {
			v.BalanceTransactions[i] = bt.asOf(t.now)
		}
		return v
	case event:
		v.PendingWebhooks = t.pending(v.ID)
		return v
	case page:
		data := make([]any, len(v.Data))
		for i, row := range v.Data {
			data[i] = t.shown(row)
		}
		v.Data = data
		return v
	}
	return v
}
