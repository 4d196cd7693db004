package giving

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
)

// settling is one payment being settled, with all that its movements are measured by.
type settling struct {
	Payment
	place     int // among those of its transaction
	facts     Facts
	home      Home
	rate      Rate
	movements []Movement      // the gift first: it sets the rate
	lost      map[string]bool // disputes of which the books say that they are lost
	laid      []ledger.Line   // of the entries that are to be posted
}

func newSettling(place int, of Settlement, home Home) *settling {
	p, f := of.Payment, of.Facts
	s := &settling{Payment: p, place: place, facts: f, home: home, rate: p.rate(), movements: slices.Clone(f.Movements), lost: map[string]bool{}}
	if s.rate.open() {
		s.rate = p.agreed()
	}
	if r, ok := rateIn(f.Movements, p.agreed(), p.Currency); ok {
		s.rate = r
	}
	slices.SortStableFunc(s.movements, func(a, b Movement) int { return cmp.Compare(later(a.Kind), later(b.Kind)) })
	return s
}

func later(k MovementKind) int {
	if k == MovedIn {
		return 0
	}
	return 1
}

// causes are all that may be in the books of this payment already. What moved money and is
// not there is laid on the home's balances.
func (s *settling) causes() []ledger.Cause {
	var all []ledger.Cause
	for _, source := range s.sources() {
		all = append(all, ledger.Cause{Source: source, Accounts: s.home.accounts()})
	}
	for _, d := range s.facts.Disputes {
		all = append(all, ledger.Cause{Source: lostSource(d.ID)})
	}
	return all
}

// sources are the causes that moved money.
func (s *settling) sources() []string {
	all := make([]string, len(s.movements))
	for i, m := range s.movements {
		all[i] = m.source()
	}
	return all
}

func lostSource(dispute string) string { return "stripe:" + dispute + ":lost" }

// decide says how what is new stands in the books.
func (s *settling) decide(ctx context.Context, tx *sqlx.Tx, r *round) error {
	for _, d := range s.facts.Disputes {
		s.lost[d.ID] = r.posted[lostSource(d.ID)]
	}
	for _, m := range s.movements {
		if r.posted[m.source()] {
			continue
		}
		if err := s.move(ctx, tx, r, m); err != nil {
			return err
		}
	}
	for _, d := range s.facts.Disputes {
		s.lose(r, d)
	}
	return nil
}

// act begins what the audit is told of the payment.
func (s *settling) act(m Movement, verb string, detail map[string]any) audit.Act {
	return audit.Act{At: m.HappenedAt, Act: "payment." + verb, Subject: "payment:" + s.ID, Detail: detail}
}

// move lays one movement as an entry.
func (s *settling) move(ctx context.Context, tx *sqlx.Tx, r *round, m Movement) error {
	d := deed{of: s.place, entry: ledger.Entry{Source: m.source(), HappenedAt: m.HappenedAt, Actor: "stripe"}}
	detail := map[string]any{"type": m.Type, "net_minor": m.Net.Minor, "currency": m.Net.Currency}
	if w, explained := worthOf(m, s.rate, s.Currency); explained {
		lines, err := s.lines(ctx, tx, r, m, w)
		if err != nil {
			return err
		}
		d.entry.Kind, d.entry.Lines = ledger.Kind(m.Kind), lines
		d.told = []told{{Act: s.act(m, string(m.Kind), detail)}}
	} else {
		d.entry.Kind, d.entry.Lines = ledger.Unexplained, suspended(s.home.Cluster, m.Net)
		d.told = []told{{Act: s.act(m, "unexplained-movement", maps.Clone(detail)), alarm: true}}
	}
	if len(d.entry.Lines) == 0 {
		return nil // no money moved
	}
	if says := s.facts.Amount; m.Kind == MovedIn && says != s.Charge() && says != (money.Amount{}) {
		differs := s.act(m, "amount-differs", map[string]any{"asked": s.Charge().String(), "stripe_says": says.String()})
		differs.At = s.facts.ReadAt
		d.told = append(d.told, told{Act: differs, alarm: true})
	}
	s.laid = append(s.laid, d.entry.Lines...)
	r.deeds = append(r.deeds, d)
	return nil
}

// lines say how a movement stands in the books. Money that comes in is the home's; the fee
// and what goes back are taken from there, the payment's own lots first.
func (s *settling) lines(ctx context.Context, tx *sqlx.Tx, r *round, m Movement, w worth) ([]ledger.Line, error) {
	ledge := s.home.on(r.balances, s.Origin())
	lines := moneyLines(s.home, m, w)
	lines = append(lines, pair(s.home, ledger.Fee(s.CampaignID, s.Currency), w.fee)...)
	lines = append(lines, pair(s.home, ledger.Drift(s.CampaignID, s.Currency), w.drift)...)
	if m.Kind == TakenBack || m.Kind == GivenBack {
		lines = append(lines, pair(s.home, s.heldIn(m.Dispute), -w.gross)...)
	}
	in := max(w.gross, 0) + max(-w.fee, 0) + max(-w.drift, 0)
	if m.Kind == MovedIn {
		ledge.Take(in)
	} else {
		borrowed, err := s.home.borrowed(ctx, tx, s.sources(), s.laid)
		if err != nil {
			return nil, err
		}
		ledge.Restore(in, borrowed)
	}
	for _, out := range []int64{w.fee, w.drift, -w.gross} {
		if out > 0 {
			ledge.Give(out)
		}
	}
	return append(lines, ledge.Lines()...), nil
}

// heldIn is where money stands that a dispute has taken: held, or lost once that was said.
func (s *settling) heldIn(dispute string) ledger.Account {
	if s.lost[dispute] {
		return ledger.Loss(s.CampaignID, s.Currency)
	}
	return ledger.Disputed(s.CampaignID, s.Currency)
}

// lose lays that a dispute is lost: what it took and did not return is no longer held, but
// gone. No money moves. What it still takes or returns later changes the loss.
func (s *settling) lose(r *round, d Dispute) {
	gone := s.taken(d.ID)
	if !d.Lost || s.lost[d.ID] || gone == 0 {
		return
	}
	s.lost[d.ID] = true
	r.deeds = append(r.deeds, deed{
		of: s.place,
		entry: ledger.Entry{
			Source: lostSource(d.ID), Kind: ledger.DisputeLost, HappenedAt: s.facts.ReadAt, Actor: "stripe",
			Lines: []ledger.Line{
				ledger.Debit(ledger.Loss(s.CampaignID, s.Currency), gone), ledger.Credit(ledger.Disputed(s.CampaignID, s.Currency), gone),
			},
		},
		told: []told{{Act: audit.Act{At: s.facts.ReadAt, Act: "payment.dispute-lost", Subject: "payment:" + s.ID,
			Detail: map[string]any{"dispute": d.ID, "minor": gone, "currency": s.Currency}}}},
	})
}

// taken is what a dispute has taken and not returned.
func (s *settling) taken(dispute string) int64 {
	var minor int64
	for _, m := range s.movements {
		if w, ok := worthOf(m, s.rate, s.Currency); ok && m.Dispute == dispute && (m.Kind == TakenBack || m.Kind == GivenBack) {
			minor -= w.gross
		}
	}
	return minor
}

// suspended are the lines of money that nobody has explained.
func suspended(cluster string, net money.Amount) []ledger.Line {
	return append(signed(ledger.Stripe(cluster, net.Currency), net.Minor), signed(ledger.Suspense(cluster, net.Currency), -net.Minor)...)
}

// sums are what became of a payment, in the campaign's currency.
type sums struct {
	received, refunded, fee, disputed, lost, drift int64
	settled                                        sql.NullTime
}

func (s *settling) sums() sums {
	var all sums
	for _, m := range s.movements {
		w, explained := worthOf(m, s.rate, s.Currency)
		if !explained {
			continue // in suspense, and so in no sum of the payment
		}
		switch m.Kind {
		case MovedIn:
			all.received += w.gross
			if !all.settled.Valid {
				all.settled = sql.NullTime{Time: m.HappenedAt, Valid: true}
			}
		case MovedBack, ReturnedOut, LateFailure:
			all.refunded -= w.gross
		case TakenBack, GivenBack:
			if s.lost[m.Dispute] {
				all.lost -= w.gross
			} else {
				all.disputed -= w.gross
			}
		case Unexplained: // is never explained
		}
		all.fee += w.fee
		all.drift += w.drift
	}
	// What came back may be seen before what went.
	all.refunded, all.disputed, all.lost = max(all.refunded, 0), max(all.disputed, 0), max(all.lost, 0)
	return all
}
