package ledger_test

import (
	"fmt"
	"slices"

	"kopiyka/internal/money"
)

// model keeps one campaign's books in one currency the slow and plain way: the free money
// as a queue of slices, and for each payment what became of it. What the ledger says is
// compared with it.
type model struct {
	campaign  string
	currency  money.Currency
	free      []slice // in the order in which they came
	shortfall int64
	payments  []string
	became    map[string]*fate
	lots      map[string][]slice // of each allocation, in the order in which they were put down
}

// slice is free money of one payment.
type slice struct {
	Origin string
	Minor  int64
}

// fate is what became of a payment's money. Returned is what was given back to its payer,
// whichever payment's lots that took.
type fate struct {
	Received, Fees, Repaid, Refunded, Free, Allocated int64
	returned                                          int64
}

func newModel(campaign string, c money.Currency) *model {
	return &model{campaign: campaign, currency: c, became: map[string]*fate{}, lots: map[string][]slice{}}
}

func (m *model) balance() (minor int64) {
	for _, s := range m.free {
		minor += s.Minor
	}
	return minor
}

// give adds a payment and tells how much of it repays the shortfall.
func (m *model) give(payment string, gross, fee int64) (repaid int64) {
	repaid = min(m.shortfall, gross-fee)
	m.shortfall -= repaid
	m.payments = append(m.payments, payment)
	m.became["payment:"+payment] = &fate{Received: gross, Fees: fee, Repaid: repaid, Free: gross - fee - repaid}
	if left := gross - fee - repaid; left > 0 {
		m.free = append(m.free, slice{"payment:" + payment, left})
	}
	return repaid
}

// refund gives minor back: the payment's own money first. It tells what nobody covers.
func (m *model) refund(payment string, minor int64) (uncovered int64) {
	covered := min(m.balance(), minor)
	for _, s := range m.take("payment:"+payment, covered) {
		m.became[s.Origin].Refunded += s.Minor
	}
	m.became["payment:"+payment].returned += minor
	m.shortfall += minor - covered
	return minor - covered
}

// allocate sets the oldest money aside.
func (m *model) allocate(allocation string, minor int64) {
	taken := m.take("", minor)
	for _, s := range taken {
		m.became[s.Origin].Allocated += s.Minor
	}
	m.lots[allocation] = taken
}

// take removes minor from the queue, the lots of origin before all others.
func (m *model) take(origin string, minor int64) (taken []slice) {
	for _, own := range []bool{true, false} {
		for i := range m.free {
			s := &m.free[i]
			part := min(s.Minor, minor)
			if part == 0 || own && s.Origin != origin {
				continue
			}
			s.Minor -= part
			minor -= part
			m.became[s.Origin].Free -= part
			taken = append(taken, slice{s.Origin, part})
		}
	}
	if minor > 0 {
		panic(fmt.Sprintf("the model of %s lacks %d", m.campaign, minor))
	}
	m.free = slices.DeleteFunc(m.free, func(s slice) bool { return s.Minor == 0 })
	return taken
}
