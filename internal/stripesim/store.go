package stripesim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// kind names a table, in the journal too: changing one forgets old journals.
type kind string

// row is anything the store keeps. Rows are values: whoever changes one saves a
// changed copy, so that an event or an answer made from the old one stays true.
type row interface{ key() string }

// table keeps the rows of one kind in the order in which they came.
type table[T row] struct {
	kind  kind
	rows  map[string]T
	order []string
}

func newTable[T row](k kind) table[T] { return table[T]{kind: k, rows: map[string]T{}} }

func (t *table[T]) find(id string) (T, bool) {
	v, ok := t.rows[id]
	return v, ok
}

func (t *table[T]) set(v T) {
	if _, ok := t.rows[v.key()]; !ok {
		t.order = append(t.order, v.key())
	}
	t.rows[v.key()] = v
}

func (t *table[T]) remove(id string) {
	if _, ok := t.rows[id]; !ok {
		return
	}
	delete(t.rows, id)
	if i := slices.Index(t.order, id); i >= 0 {
		t.order = slices.Delete(t.order, i, i+1)
	}
}

// all lists the rows, oldest first.
func (t *table[T]) all() []T {
	out := make([]T, 0, len(t.order))
	for _, id := range t.order {
		out = append(out, t.rows[id])
	}
	return out
}

// load and dump are how the journal sees a table without knowing its type.
func (t *table[T]) load(raw json.RawMessage) error {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("read a %s: %w", t.kind, err)
	}
	t.set(v)
	return nil
}

func (t *table[T]) dump(keep func(kind, any) bool) []change {
	var out []change
	for _, v := range t.all() {
		if keep(t.kind, v) {
			out = append(out, change{t.kind, v.key(), v})
		}
	}
	return out
}

type shelf interface {
	load(json.RawMessage) error
	remove(id string)
	dump(keep func(kind, any) bool) []change
}

// store holds everything the sandbox knows. Only a tx changes it.
type store struct {
	customers        table[customer]
	sessions         table[checkoutSession]
	orders           table[order]
	intents          table[paymentIntent]
	charges          table[charge]
	transactions     table[balanceTransaction]
	refunds          table[refund]
	events           table[event]
	debits           table[debit]
	invoices         table[invoice]
	invoiceItems     table[invoiceItem]
	invoiceTerms     table[invoiceTerms]
	deliveries       table[delivery]
	answers          table[answer]
	clock            table[clockOffset]
	disputes         table[dispute]
	payouts          table[payout]
	paidOut          table[paidOut]
	cash             table[cash]
	cashTransactions table[cashTransaction]
	transferWaits    table[transferWait]
	shortRefunds     table[shortRefund]
	errands          table[errand]

	shelves []shelf // in the order in which the journal writes them
	byKind  map[kind]shelf
}

func newStore() *store {
	db := &store{
		customers:        newTable[customer]("customer"),
		sessions:         newTable[checkoutSession]("checkout.session"),
		orders:           newTable[order]("order"),
		intents:          newTable[paymentIntent]("payment_intent"),
		charges:          newTable[charge]("charge"),
		transactions:     newTable[balanceTransaction]("balance_transaction"),
		refunds:          newTable[refund]("refund"),
		events:           newTable[event]("event"),
		debits:           newTable[debit]("debit"),
		invoices:         newTable[invoice]("invoice"),
		invoiceItems:     newTable[invoiceItem]("invoiceitem"),
		invoiceTerms:     newTable[invoiceTerms]("invoice.terms"),
		deliveries:       newTable[delivery]("delivery"),
		answers:          newTable[answer]("answer"),
		clock:            newTable[clockOffset]("clock"),
		disputes:         newTable[dispute]("dispute"),
		payouts:          newTable[payout]("payout"),
		paidOut:          newTable[paidOut]("paid_out"),
		cash:             newTable[cash]("cash"),
		cashTransactions: newTable[cashTransaction]("customer_cash_balance_transaction"),
		transferWaits:    newTable[transferWait]("transfer.wait"),
		shortRefunds:     newTable[shortRefund]("refund.short"),
		errands:          newTable[errand]("errand"),
	}
	db.byKind = map[kind]shelf{}
	shelve(db, &db.clock)
	shelve(db, &db.customers)
	shelve(db, &db.sessions)
	shelve(db, &db.orders)
	shelve(db, &db.intents)
	shelve(db, &db.charges)
	shelve(db, &db.transactions)
	shelve(db, &db.refunds)
	shelve(db, &db.shortRefunds)
	shelve(db, &db.disputes)
	shelve(db, &db.payouts)
	shelve(db, &db.paidOut)
	shelve(db, &db.cash)
	shelve(db, &db.cashTransactions)
	shelve(db, &db.transferWaits)
	shelve(db, &db.invoices)
	shelve(db, &db.invoiceItems)
	shelve(db, &db.invoiceTerms)
	shelve(db, &db.events)
	shelve(db, &db.debits)
	shelve(db, &db.errands)
	shelve(db, &db.deliveries)
	shelve(db, &db.answers)
	return db
}

func shelve[T row](db *store, t *table[T]) {
	db.shelves = append(db.shelves, t)
	db.byKind[t.kind] = t
}

// change is one row as the journal writes it; a nil value means the row is gone.
type change struct {
	kind  kind
	id    string
	value any
}

// tx is one indivisible step: its changes reach the journal as one line, and
// either all of them happened or none.
type tx struct {
	*store
	sim     *Sim
	now     time.Time
	cause   eventCause
	changes []change
	undo    []func()
	emitted []event
}

func save[T row](t *tx, tb *table[T], v T) {
	id := v.key()
	old, had := tb.rows[id]
	t.undo = append(t.undo, func() {
		if had {
			tb.set(old)
		} else {
			tb.remove(id)
		}
	})
	tb.set(v)
	t.changes = append(t.changes, change{tb.kind, id, v})
}

func drop[T row](t *tx, tb *table[T], id string) {
	old, had := tb.rows[id]
	if !had {
		return
	}
	t.undo = append(t.undo, func() { tb.set(old) })
	tb.remove(id)
	t.changes = append(t.changes, change{tb.kind, id, nil})
}

func (t *tx) rollback() {
	for _, undo := range slices.Backward(t.undo) {
		undo()
	}
}

// lastOfEach leaves the last change of every row, in the order of their first.
func lastOfEach(all []change) []change {
	type ref struct {
		kind kind
		id   string
	}
	at := map[ref]int{}
	var out []change
	for _, c := range all {
		r := ref{c.kind, c.id}
		if i, ok := at[r]; ok {
			out[i] = c
			continue
		}
		at[r] = len(out)
		out = append(out, c)
	}
	return out
}

var errClosed = errors.New("the sandbox is closed")

// update runs do as one step and makes it last: on disk first, then in sight of
// the receivers of events. An error from do or from the disk leaves no trace.
func (s *Sim) update(cause eventCause, do func(*tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	t := &tx{store: s.db, sim: s, now: s.now(), cause: cause}
	s.runDue(t)
	if err := do(t); err != nil {
		t.rollback()
		// What fell due has still to happen: the next step finds it again.
		s.nextDue = 0
		return err
	}
	t.sendShortRefunds()
	queued := s.address(t)
	if len(t.changes) > 0 {
		if err := s.log2disk.append(lastOfEach(t.changes)); err != nil {
			t.rollback()
			s.nextDue = 0
			return fmt.Errorf("write the sandbox's journal: %w", err)
		}
	}
	s.mail.post(queued)
	return nil
}
