package giving

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/audit"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// ActKind is one of the ways in which a pledge changes after it was made.
type ActKind string

const (
	Amended         ActKind = "amended"          // by its company: more, less, other days
	WroteOff        ActKind = "written-off"      // by the cluster, which no longer expects it; two people
	Corrected       ActKind = "corrected"        // by the cluster: what was written down was an error
	CancelledAct    ActKind = "cancelled"        // by its company: what has not come is taken back. The last act
	ReleasedEarmark ActKind = "earmark-released" // by its company: the money may serve the whole campaign
)

const maxReason = 1000

// act is one change of a pledge, ready to be written.
type act struct {
	kind     ActKind
	person   string
	approver string // of a write-off
	writeOff string
	reason   string
	changes  []change
	added    []Part
}

// change is what an act does to an instalment that is there.
type change struct {
	instalment string
	minor      int64
}

func (a act) total() int64 {
	sum := Total(a.added)
	for _, c := range a.changes {
		sum += c.minor
	}
	return sum
}

// life is a pledge that the transaction holds, with its schedule. No other act comes in
// between, and no payment is started.
type life struct {
	Pledge
	Schedule Schedule
}

// holdForCompany locks a pledge for somebody who may promise and pay for its company.
func holdForCompany(ctx context.Context, tx *sqlx.Tx, id, person string, at time.Time) (life, error) {
	if err := lockPledge(ctx, tx, id); err != nil {
		return life{}, err
	}
	p, err := pledgeOf(ctx, tx, id, person)
	if err != nil {
		return life{}, err
	}
	if err := mayPay(ctx, tx, person, p.CompanyID); err != nil {
		return life{}, err
	}
	s, err := ScheduleOf(ctx, tx, p, at)
	return life{p, s}, err
}

// holdForCluster locks a pledge for somebody with a role in its campaign's cluster. To
// others the pledge is not there.
func holdForCluster(ctx context.Context, tx *sqlx.Tx, id, person string, role member.ClusterRole, at time.Time) (life, error) {
	if err := lockPledge(ctx, tx, id); err != nil {
		return life{}, err
	}
	p, err := pledgeFor(ctx, tx, id, person)
	if err != nil {
		return life{}, err
	}
	denied, unknown := fault.New(fault.Forbidden, "pledge.role."+string(role)), fault.New(fault.NotFound, "pledge.unknown")
	if err := member.May(ctx, tx, p.ClusterID, person, []member.ClusterRole{role}, denied, unknown); err != nil {
		return life{}, err
	}
	s, err := ScheduleOf(ctx, tx, p, at)
	return life{p, s}, err
}

// lockPledge is the lock that StartPayment takes too.
func lockPledge(ctx context.Context, tx *sqlx.Tx, id string) error {
	if !pg.IsID(id) {
		return fault.New(fault.NotFound, "pledge.unknown")
	}
	return pg.Lock(ctx, tx, pledgeLock(id))
}

// pledgeLock is the name of that lock.
func pledgeLock(id string) string { return "pledge:" + strings.ToLower(id) } // an id has two spellings

// Seen tells in which state somebody has seen a pledge. Who decides on it hands it back,
// and is told when the pledge has changed meanwhile, by another's act or by money.
func Seen(p Pledge, s Schedule) string { return fmt.Sprintf("%d-%d", p.Acts, s.Left().Minor) }

// still refuses an act on a pledge that is cancelled, or is no longer what the person saw.
func (l life) still(seen string) error {
	switch {
	case l.Cancelled:
		return fault.New(fault.Conflict, "pledge.cancelled")
	case seen != Seen(l.Pledge, l.Schedule):
		return fault.New(fault.Conflict, "pledge.changed_meanwhile")
	}
	return nil
}

// write records an act with all that it does, and the audit's row.
func (l life) write(ctx context.Context, tx *sqlx.Tx, at time.Time, a act) error {
	id := pg.NewID()
	optional := func(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
	_, err := tx.ExecContext(ctx, `
		INSERT INTO pledge_acts (id, pledge_id, campaign_id, currency, number, kind, change_minor, reason, person_id, approver_id, write_off_id, happened_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		id, l.ID, l.CampaignID, string(l.Amount.Currency), l.Acts+1, string(a.kind), a.total(), strings.TrimSpace(a.reason), a.person,
		optional(a.approver), optional(a.writeOff), at)
	if pg.Constraint(err) == "pledge_acts_in_turn" {
		return fault.New(fault.Conflict, "pledge.changed_meanwhile")
	}
	if err != nil {
		return fmt.Errorf("write the act: %w", err)
	}
	if err := l.change(ctx, tx, id, a.changes); err != nil {
		return err
	}
	if err := addInstalments(ctx, tx, l.ID, id, a.added); err != nil {
		return err
	}
	person := a.person
	if a.approver != "" {
		person = a.approver
	}
	return audit.Record(ctx, tx, audit.Act{At: at, Person: person, Act: "pledge." + string(a.kind), Subject: "pledge:" + l.ID,
		Detail: map[string]any{"act": id, "change_minor": a.total(), "currency": l.Amount.Currency}})
}

func (l life) change(ctx context.Context, tx *sqlx.Tx, act string, changes []change) error {
	ids, amounts := make([]string, len(changes)), make([]int64, len(changes))
	for n, c := range changes {
		ids[n], amounts[n] = c.instalment, c.minor
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO instalment_changes (act_id, pledge_id, instalment_id, change_minor)
		SELECT $1, $2, u.id, u.amount FROM unnest($3::uuid[], $4::bigint[]) AS u(id, amount)`, act, l.ID, pq.Array(ids), pq.Array(amounts))
	if err != nil {
		return fmt.Errorf("write what the act changes: %w", err)
	}
	return nil
}

// checkReason refuses an act that does not say why: nil, or a fault about the reason.
func checkReason(reason string) *fault.Fault {
	if wrong := text.Check("reason", reason, maxReason); wrong != nil {
		return wrong
	}
	if strings.TrimSpace(reason) == "" {
		return fault.In("reason", "pledge.reason_missing")
	}
	return nil
}

// inAct runs an act that needs a reason in a transaction, and says what was being done.
func inAct(ctx context.Context, db *sqlx.DB, what, reason string, story func(*sqlx.Tx) error) error {
	if wrong := checkReason(reason); wrong != nil {
		return wrong
	}
	if err := pg.InTx(ctx, db, story); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
