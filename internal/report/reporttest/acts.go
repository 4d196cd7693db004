package reporttest

import (
	"fmt"

	"github.com/google/uuid"

	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
)

// Pledge is a promise in the world.
type Pledge struct {
	ID       uuid.UUID
	Campaign Campaign
	home     ledger.Account // where its money is kept

	instalment uuid.UUID
}

// Pledge makes a promise with one of the three visibilities, perhaps for one purpose, through
// the cluster that leads the campaign.
func (w *World) Pledge(c Campaign, company uuid.UUID, minor int64, visibility string, purpose ...uuid.UUID) Pledge {
	return w.Through(c, c.Cluster, company, minor, visibility, purpose...)
}

// Through makes a promise through one of the campaign's clusters. A company that the test has
// let join none was a member then, and neither is one today nor tells so.
func (w *World) Through(c Campaign, cluster, company uuid.UUID, minor int64, visibility string, purpose ...uuid.UUID) Pledge {
	p, at := Pledge{w.id(), c, ledger.Fund(c.ID.String(), c.Currency), w.id()}, w.Tick()
	w.exec(`WITH once AS (
			INSERT INTO memberships (company_id, cluster_id, kind, since, until)
			SELECT $1, $2, 'member', d.day, d.day + 1 FROM (SELECT ($3::timestamptz AT TIME ZONE 'Europe/Kyiv')::date AS day) d
			 WHERE NOT EXISTS (SELECT 1 FROM memberships WHERE company_id = $1 AND cluster_id = $2 AND daterange(since, until) @> d.day) RETURNING company_id)
		UPDATE companies k SET shows_name = false FROM once WHERE k.id = once.company_id AND NOT EXISTS (SELECT 1 FROM memberships WHERE company_id = $1)`,
		company, cluster, at)
	var earmark *uuid.UUID
	if len(purpose) > 0 {
		earmark = &purpose[0]
	}
	w.exec(`WITH pledge AS (
			INSERT INTO pledges (id, campaign_id, company_id, amount_minor, currency, visibility, reference, purpose_id, made_by, made_at, through_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $12) RETURNING id, amount_minor, made_at)
		INSERT INTO instalments (id, pledge_id, amount_minor, due_on) SELECT $11, id, amount_minor, made_at::date FROM pledge`,
		p.ID, c.ID, company, minor, string(c.Currency), visibility, w.reference(), earmark, w.proposer, at, p.instalment, cluster)
	return p
}

// Change lets a company raise or lower its pledge, or with the kind "cancelled" take it back.
func (w *World) Change(p Pledge, kind string, minor int64) {
	w.exec(`WITH act AS (
			INSERT INTO pledge_acts (id, pledge_id, campaign_id, currency, number, kind, change_minor, reason, person_id, happened_at)
			VALUES ($1, $2, $3, $4, (SELECT count(*) + 1 FROM pledge_acts WHERE pledge_id = $2), $5, $6, 'because', $7, $8) RETURNING id, pledge_id, change_minor)
		INSERT INTO instalment_changes (act_id, pledge_id, instalment_id, change_minor) SELECT id, pledge_id, $9, change_minor FROM act`,
		w.id(), p.ID, p.Campaign.ID, string(p.Campaign.Currency), kind, minor, w.proposer, w.Tick(), p.instalment)
}

// reference has the form of a payment reference. Nobody checks its digits here.
func (w *World) reference() string {
	w.made++
	return fmt.Sprintf("RF00%010d", w.made)
}

// Earmark makes a promise for one purpose of the campaign.
func (w *World) Earmark(c Campaign, company, purpose uuid.UUID, minor int64) Pledge {
	p := w.Pledge(c, company, minor, "named", purpose)
	p.home = ledger.Purpose(purpose.String(), c.Currency)
	return p
}

// Payment is an attempt to pay.
type Payment struct {
	ID     uuid.UUID
	Pledge Pledge
	Minor  int64
	number int
}

// Start makes a payment in a state that has moved no money yet, such as processing.
func (w *World) Start(p Pledge, minor int64, state string) Payment {
	w.made++
	y := Payment{w.id(), p, minor, w.made}
	w.exec(`INSERT INTO payments (id, pledge_id, campaign_id, amount_minor, currency, title, way, state, idempotency_key, started_by, started_at, synced_at)
		VALUES ($1, $2, $3, $4, $5, 'Campaign', 'checkout', $6, $7, $8, $9, $9)`,
		y.ID, p.ID, p.Campaign.ID, minor, string(p.Campaign.Currency), state, y.ID.String(), w.proposer, w.Tick())
	return y
}

// Settle lets a payment arrive: the state that people read, and the entry in the books,
// which repays a shortfall first.
func (w *World) Settle(y Payment, fee int64) {
	c := y.Pledge.Campaign
	at := w.Tick()
	w.exec(`UPDATE payments SET state = 'paid', received_minor = amount_minor, fee_minor = $2, settled_at = $3, synced_at = $3 WHERE id = $1`, y.ID, fee, at)
	fund, origin := ledger.Fund(c.ID.String(), c.Currency), "payment:"+y.ID.String()
	lines := []ledger.Line{ledger.Debit(ledger.Stripe(c.Cluster.String(), c.Currency), y.Minor-fee)}
	home := y.Pledge.home
	lines = append(lines, ledger.Credit(home, y.Minor).From(origin))
	if fee > 0 {
		lines = append(lines,
			ledger.Debit(ledger.Fee(c.ID.String(), c.Currency), fee),
			ledger.Credit(ledger.Released(c.ID.String(), c.Currency), fee),
			ledger.Debit(home, fee).From(origin))
	}
	shortfall := ledger.Shortfall(c.ID.String(), c.Currency)
	if repaid := min(w.Balance(shortfall), y.Minor-fee); repaid > 0 && home == fund {
		lines = append(lines, ledger.Debit(fund, repaid).From(origin), ledger.Credit(shortfall, repaid))
	}
	w.post(ledger.Entry{Source: fmt.Sprintf("stripe:txn_%d", y.number), Kind: ledger.Gift, HappenedAt: at, Actor: "stripe", Lines: lines}, y)
}

// Pays starts a payment and settles it.
func (w *World) Pays(p Pledge, minor, fee int64) Payment {
	y := w.Start(p, minor, "processing")
	w.Settle(y, fee)
	return y
}

// Refund gives part of a payment back; what the fund no longer has becomes a shortfall.
func (w *World) Refund(y Payment, minor int64) {
	at := w.Tick()
	w.exec(`UPDATE payments SET refunded_minor = refunded_minor + $2,
		state = CASE WHEN refunded_minor + $2 >= received_minor THEN 'refunded' ELSE 'refunded-in-part' END, synced_at = $3 WHERE id = $1`, y.ID, minor, at)
	w.post(ledger.Entry{Source: w.source("stripe:txn_re"), Kind: ledger.Refund, HappenedAt: at, Actor: "stripe", Lines: w.back(y, minor)}, y)
}

// RefundFails takes a refund back that the bank could not carry out.
func (w *World) RefundFails(y Payment, minor int64) {
	at := w.Tick()
	w.exec(`UPDATE payments SET refunded_minor = refunded_minor - $2, state = 'paid', synced_at = $3 WHERE id = $1`, y.ID, minor, at)
	w.post(ledger.Entry{Source: w.source("stripe:txn_rf"), Kind: ledger.RefundFailed, HappenedAt: at, Actor: "stripe", Lines: w.again(y, minor)}, y)
}

// again brings money back in; it repays a shortfall first.
func (w *World) again(y Payment, minor int64) []ledger.Line {
	c := y.Pledge.Campaign
	shortfall := ledger.Shortfall(c.ID.String(), c.Currency)
	owed := min(w.Balance(shortfall), minor)
	lines := []ledger.Line{ledger.Debit(ledger.Stripe(c.Cluster.String(), c.Currency), minor)}
	if owed > 0 {
		lines = append(lines, ledger.Credit(shortfall, owed))
	}
	if minor > owed {
		lines = append(lines, ledger.Credit(ledger.Fund(c.ID.String(), c.Currency), minor-owed).From("payment:"+y.ID.String()))
	}
	return lines
}

// Dispute lets the payer's bank take a part back, with a fee, until it has decided.
func (w *World) Dispute(y Payment, minor, fee int64) {
	c, at := y.Pledge.Campaign, w.Tick()
	w.exec(`UPDATE payments SET disputed_minor = disputed_minor + $2, fee_minor = fee_minor + $3, state = 'disputed', synced_at = $4 WHERE id = $1`, y.ID, minor, fee, at)
	lines := append(w.back(y, minor+fee), w.pair(c, ledger.Disputed, minor)...)
	if fee > 0 {
		lines = append(lines, w.pair(c, ledger.Fee, fee)...)
	}
	w.post(ledger.Entry{Source: w.source("stripe:txn_dp"), Kind: ledger.Dispute, HappenedAt: at, Actor: "stripe", Lines: lines}, y)
}

// Win lets the bank return what a dispute took, or a part of it.
func (w *World) Win(y Payment, minor int64) {
	c, at := y.Pledge.Campaign, w.Tick()
	w.exec(`UPDATE payments SET disputed_minor = disputed_minor - $2, state = 'paid', synced_at = $3 WHERE id = $1`, y.ID, minor, at)
	w.post(ledger.Entry{Source: w.source("stripe:txn_dw"), Kind: ledger.DisputeWon, HappenedAt: at, Actor: "stripe",
		Lines: append(w.again(y, minor), w.pair(c, ledger.Disputed, -minor)...)}, y)
}

// Lose lets the bank keep what a dispute took.
func (w *World) Lose(y Payment, minor int64) {
	c, at := y.Pledge.Campaign, w.Tick()
	w.exec(`UPDATE payments SET disputed_minor = disputed_minor - $2, lost_minor = lost_minor + $2, state = 'dispute-lost', synced_at = $3 WHERE id = $1`, y.ID, minor, at)
	w.post(ledger.Entry{Source: w.source("stripe:dp") + ":lost", Kind: ledger.DisputeLost, HappenedAt: at, Actor: "stripe", Lines: []ledger.Line{
		ledger.Debit(ledger.Loss(c.ID.String(), c.Currency), minor), ledger.Credit(ledger.Disputed(c.ID.String(), c.Currency), minor),
	}}, y)
}

func (w *World) pair(c Campaign, where func(string, money.Currency) ledger.Account, minor int64) []ledger.Line {
	return []ledger.Line{ledger.Debit(where(c.ID.String(), c.Currency), minor), ledger.Credit(ledger.Released(c.ID.String(), c.Currency), minor)}
}

// back takes money out: of the payment's home, of the fund, and what neither has becomes a
// shortfall.
func (w *World) back(y Payment, minor int64) []ledger.Line {
	c := y.Pledge.Campaign
	lines := []ledger.Line{ledger.Credit(ledger.Stripe(c.Cluster.String(), c.Currency), minor)}
	homes := []ledger.Account{y.Pledge.home, ledger.Fund(c.ID.String(), c.Currency)}
	if homes[0] == homes[1] {
		homes = homes[:1]
	}
	for _, from := range homes {
		if covered := min(w.Balance(from), minor); covered > 0 {
			lines = append(lines, ledger.Debit(from, covered).From("payment:"+y.ID.String()))
			minor -= covered
		}
	}
	if minor > 0 {
		lines = append(lines, ledger.Debit(ledger.Shortfall(c.ID.String(), c.Currency), minor))
	}
	return lines
}

// Propose asks for money to be set aside; nothing moves.
func (w *World) Propose(c Campaign, purpose uuid.UUID, minor int64, reason string) uuid.UUID {
	id := w.id()
	w.exec(`INSERT INTO allocations (id, campaign_id, purpose_id, amount_minor, currency, reason, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, c.ID, purpose, minor, string(c.Currency), reason, w.proposer, w.Tick())
	return id
}

// Decide approves a proposal, which sets the money aside, or refuses it.
func (w *World) Decide(c Campaign, allocation uuid.UUID, decision string) {
	at := w.Tick()
	w.exec(`INSERT INTO allocation_decisions (allocation_id, proposed_by, decision, reason, decided_by, decided_at) VALUES ($1, $2, $3, 'checked', $4, $5)`,
		allocation, w.proposer, decision, w.approver, at)
	if decision != "approved" {
		return
	}
	var minor int64
	w.get(&minor, `SELECT amount_minor FROM allocations WHERE id = $1`, allocation)
	w.post(ledger.Entry{
		Source: "allocation:" + allocation.String(), Kind: ledger.Allocated, HappenedAt: at,
		Actor: "person:" + w.proposer.String(), Approver: "person:" + w.approver.String(),
		Lines: []ledger.Line{
			ledger.Debit(ledger.Fund(c.ID.String(), c.Currency), minor),
			ledger.Credit(ledger.Allocation(allocation.String(), c.Currency), minor),
		},
	})
}

// Allocate sets money aside: proposed by one person and approved by the other.
func (w *World) Allocate(c Campaign, purpose uuid.UUID, minor int64, reason string) {
	w.Decide(c, w.Propose(c, purpose, minor, reason), "approved")
}

func (w *World) source(prefix string) string {
	w.made++
	return fmt.Sprintf("%s_%d", prefix, w.made)
}

// MendLast takes a payment that was booked last out of the books again, as two people would
// whose bank line belonged to somebody else.
func (w *World) MendLast(c Campaign, minor int64, y Payment) {
	var first int64
	w.get(&first, `SELECT max(id) FROM ledger.entries`)
	w.exec(`UPDATE payments SET state = 'expired', received_minor = 0, settled_at = NULL WHERE id = $1`, y.ID)
	w.post(ledger.Entry{
		Source: w.source("correction"), Kind: ledger.Correction, HappenedAt: w.Tick(), Mends: first,
		Actor: "person:" + w.proposer.String(), Approver: "person:" + w.approver.String(),
		Lines: []ledger.Line{
			ledger.Debit(ledger.Fund(c.ID.String(), c.Currency), minor),
			ledger.Credit(ledger.Stripe(c.Cluster.String(), c.Currency), minor),
		},
	}, y)
}
