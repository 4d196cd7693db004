package giving

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// WriteOffReason says why a cluster no longer expects money.
type WriteOffReason string

// WriteOffReasons lists the reasons in the order in which a form offers them.
var WriteOffReasons = []WriteOffReason{"company-closed", "cannot-pay", "no-answer", "disagreement", "other"}

// WriteOffProposal is what a coordinator asks for, by instalment.
type WriteOffProposal struct {
	PledgeID string
	PersonID string
	Seen     string
	Code     WriteOffReason
	Reason   string
	Parts    map[string]int64 // minor units by the instalment's id
}

// WriteOff is a proposal no longer to expect part of a pledge, with what became of it.
type WriteOff struct {
	ID             string
	PledgeID       string         `db:"pledge_id"`
	Code           WriteOffReason `db:"reason_code"`
	Reason         string
	AmountMinor    int64 `db:"amount_minor"`
	Currency       money.Currency
	ProposedBy     string       `db:"proposed_by"`
	ProposerName   string       `db:"proposer_name"`
	ProposedAt     time.Time    `db:"proposed_at"`
	Decision       string       // approved, refused or empty
	DecisionReason string       `db:"decision_reason"`
	DeciderName    string       `db:"decider_name"`
	DecidedAt      sql.NullTime `db:"decided_at"`
}

// Amount is all that is no longer to be expected.
func (w WriteOff) Amount() money.Amount { return money.Of(w.AmountMinor, w.Currency) }

// ProposeWriteOff records that a coordinator no longer expects parts of a pledge, and
// returns the proposal's id. Nothing changes until another person approves. No part is more
// than what is left of its instalment.
func ProposeWriteOff(ctx context.Context, db *sqlx.DB, now clock.Clock, p WriteOffProposal) (string, error) {
	id := pg.NewID()
	if !slices.Contains(WriteOffReasons, p.Code) {
		return "", fault.In("code", "pledge.write_off_code")
	}
	err := inAct(ctx, db, "propose a write-off", p.Reason, func(tx *sqlx.Tx) error {
		l, err := holdForCluster(ctx, tx, p.PledgeID, p.PersonID, member.Coordinator, now())
		if err != nil {
			return err
		}
		if err := l.still(p.Seen); err != nil {
			return err
		}
		if len(p.Parts) == 0 {
			return fault.In("written_off", "pledge.write_off_nothing")
		}
		if !l.covers(p.Parts) {
			return fault.In("written_off", "pledge.write_off_too_much")
		}
		return insertWriteOff(ctx, tx, now(), id, l, p)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// covers reports whether each part is something, and not more than what is left of its
// instalment.
func (l life) covers(parts map[string]int64) bool {
	open := map[string]int64{}
	for _, i := range l.Schedule.Open() {
		open[i.ID] = i.Left()
	}
	for id, minor := range parts {
		if minor <= 0 || minor > open[id] {
			return false
		}
	}
	return true
}

func insertWriteOff(ctx context.Context, tx *sqlx.Tx, at time.Time, id string, l life, p WriteOffProposal) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO write_offs (id, pledge_id, campaign_id, currency, reason_code, reason, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, l.ID, l.CampaignID, string(l.Amount.Currency), string(p.Code), strings.TrimSpace(p.Reason), p.PersonID, at)
	if err != nil {
		return fmt.Errorf("write the proposal: %w", err)
	}
	var ids []string
	var amounts []int64
	for instalment, minor := range p.Parts {
		ids, amounts = append(ids, instalment), append(amounts, minor)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO write_off_parts (write_off_id, pledge_id, instalment_id, amount_minor)
		SELECT $1, $2, u.id, u.amount FROM unnest($3::uuid[], $4::bigint[]) AS u(id, amount)`, id, l.ID, pq.Array(ids), pq.Array(amounts))
	if err != nil {
		return fmt.Errorf("write the proposal's parts: %w", err)
	}
	return audit.Record(ctx, tx, audit.Act{At: at, Person: p.PersonID, Act: "write-off.proposed", Subject: "pledge:" + l.ID, Detail: map[string]any{"write_off": id, "code": p.Code}})
}

// ApproveWriteOff takes what was proposed off the pledge, in the name of both people. The
// person must be an approver of the cluster and not the one who proposed. When less is left
// by now than was proposed, it is a Conflict, and the proposal stays open.
func ApproveWriteOff(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person string) error {
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		l, w, err := decideWriteOff(ctx, tx, now(), id, person, "approved", "")
		if err != nil {
			return err
		}
		parts, err := writeOffParts(ctx, tx, id)
		if err != nil {
			return err
		}
		if l.Cancelled || !l.covers(parts) {
			return fault.New(fault.Conflict, "pledge.write_off_no_longer_fits")
		}
		a := act{kind: WroteOff, person: w.ProposedBy, approver: person, writeOff: w.ID, reason: w.Reason}
		for _, i := range l.Schedule.Open() {
			if minor := parts[i.ID]; minor > 0 {
				a.changes = append(a.changes, change{i.ID, -minor})
			}
		}
		return l.write(ctx, tx, now(), a)
	})
	if err != nil {
		return fmt.Errorf("approve a write-off: %w", err)
	}
	return nil
}

// RefuseWriteOff closes a proposal with a reason, and the pledge stays as it is. The same
// people may refuse as may approve, and a proposal is decided once.
func RefuseWriteOff(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person, reason string) error {
	return inAct(ctx, db, "refuse a write-off", reason, func(tx *sqlx.Tx) error {
		l, _, err := decideWriteOff(ctx, tx, now(), id, person, "refused", strings.TrimSpace(reason))
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Act{At: now(), Person: person, Act: "write-off.refused", Subject: "pledge:" + l.ID, Detail: map[string]any{"write_off": id}})
	})
}

// decideWriteOff writes the one decision on a proposal, and holds its pledge.
func decideWriteOff(ctx context.Context, tx *sqlx.Tx, at time.Time, id, person, decision, reason string) (life, WriteOff, error) {
	var w WriteOff
	unknown := fault.New(fault.NotFound, "pledge.write_off_unknown")
	if !pg.IsID(id) {
		return life{}, w, unknown
	}
	err := tx.GetContext(ctx, &w, `SELECT id, pledge_id, reason, proposed_by FROM write_offs WHERE id = $1`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return life{}, w, unknown
	}
	if err != nil {
		return life{}, w, fmt.Errorf("find the proposal: %w", err)
	}
	l, err := holdForCluster(ctx, tx, w.PledgeID, person, member.Approver, at)
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		return l, w, unknown
	}
	if w.ProposedBy == person {
		return l, w, fault.New(fault.Forbidden, "pledge.own_write_off")
	}
	if err != nil {
		return l, w, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO write_off_decisions (write_off_id, proposed_by, decision, reason, decided_by, decided_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		w.ID, w.ProposedBy, decision, reason, person, at)
	if pg.Constraint(err) == "write_off_decisions_pkey" {
		return l, w, fault.New(fault.Conflict, "pledge.write_off_decided")
	}
	if err != nil {
		return l, w, fmt.Errorf("write the decision: %w", err)
	}
	return l, w, nil
}

func writeOffParts(ctx context.Context, db sqlx.QueryerContext, id string) (map[string]int64, error) {
	var rows []struct {
		Instalment string `db:"instalment_id"`
		Minor      int64  `db:"amount_minor"`
	}
	if err := sqlx.SelectContext(ctx, db, &rows, `SELECT instalment_id, amount_minor FROM write_off_parts WHERE write_off_id = $1`, id); err != nil {
		return nil, fmt.Errorf("read the proposal's parts: %w", err)
	}
	parts := make(map[string]int64, len(rows))
	for _, r := range rows {
		parts[r.Instalment] = r.Minor
	}
	return parts, nil
}

const writeOffColumns = `w.id, w.pledge_id, w.reason_code, w.reason, (SELECT sum(amount_minor) FROM write_off_parts WHERE write_off_id = w.id)::bigint AS amount_minor,
	w.currency, w.proposed_by, pp.name AS proposer_name, w.proposed_at,
	coalesce(d.decision, '') AS decision, coalesce(d.reason, '') AS decision_reason, coalesce(dp.name, '') AS decider_name, d.decided_at
	FROM write_offs w JOIN people pp ON pp.id = w.proposed_by LEFT JOIN write_off_decisions d ON d.write_off_id = w.id LEFT JOIN people dp ON dp.id = d.decided_by`

// WriteOffFor finds a proposal for a person with a role in its cluster, with what it takes
// off each instalment; all others are one NotFound fault.
func WriteOffFor(ctx context.Context, db *sqlx.DB, id, person string) (WriteOff, []Part, error) {
	unknown := fault.New(fault.NotFound, "pledge.write_off_unknown")
	var w WriteOff
	if !pg.IsID(id) {
		return w, nil, unknown
	}
	err := db.GetContext(ctx, &w, `SELECT `+writeOffColumns+` JOIN campaigns c ON c.id = w.campaign_id
		WHERE w.id = $1 AND EXISTS (SELECT 1 FROM cluster_roles r WHERE r.cluster_id = c.cluster_id AND r.person_id = $2)`, id, person)
	if errors.Is(err, sql.ErrNoRows) {
		return w, nil, unknown
	}
	if err != nil {
		return w, nil, fmt.Errorf("find the write-off: %w", err)
	}
	var parts []Part
	rows, err := db.QueryContext(ctx, `SELECT i.due_on, p.amount_minor FROM write_off_parts p JOIN instalments i ON i.id = p.instalment_id
		WHERE p.write_off_id = $1 ORDER BY i.due_on, i.id`, id)
	if err != nil {
		return w, nil, fmt.Errorf("read the write-off's parts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p Part
		if err := rows.Scan(&p.DueOn, &p.Minor); err != nil {
			return w, nil, fmt.Errorf("read the write-off's parts: %w", err)
		}
		parts = append(parts, p)
	}
	return w, parts, rows.Err()
}

// WaitingWriteOffs lists the proposals that nobody has decided, of the clusters in which a
// person has a role, the newest first and a page of them at most.
func WaitingWriteOffs(ctx context.Context, db *sqlx.DB, person string) ([]WriteOff, error) {
	return FindWriteOffs(ctx, db, person, true, "", "", PageSize)
}

// CountWriteOffs counts the proposals that nobody has decided, up to a limit.
func CountWriteOffs(ctx context.Context, db *sqlx.DB, person string, limit int) (int, error) {
	var n int
	err := db.GetContext(ctx, &n, `SELECT count(*) FROM (SELECT 1 FROM write_offs_waiting x JOIN write_offs w ON w.id = x.write_off_id JOIN campaigns c ON c.id = w.campaign_id WHERE `+ofCluster+` LIMIT $2) o`, person, limit)
	if err != nil {
		return 0, fmt.Errorf("count the write-offs that wait: %w", err)
	}
	return n, nil
}

// FindWriteOffs lists the proposals of the clusters in which a person has a role, newest
// first: those that nobody has decided, or all. Campaign, when there is one, keeps those of
// the campaign of that slug. After is the id of the last of the page before, or empty.
func FindWriteOffs(ctx context.Context, db *sqlx.DB, person string, waiting bool, campaign, after string, limit int) ([]WriteOff, error) {
	if after != "" && !pg.IsID(after) {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	own := `SELECT w.id FROM write_offs w WHERE w.campaign_id = c.id`
	if waiting {
		own = `SELECT w.id FROM write_offs_waiting x JOIN write_offs w ON w.id = x.write_off_id WHERE w.campaign_id = c.id`
	}
	var ids []string
	err := db.SelectContext(ctx, &ids, `SELECT page.id FROM campaigns c CROSS JOIN LATERAL (`+own+` AND ($2 = '' OR w.id < nullif($2, '')::uuid) ORDER BY w.id DESC LIMIT $4) page
		WHERE `+ofCluster+` AND ($3 = '' OR c.slug = $3) ORDER BY page.id DESC LIMIT $4`, person, after, campaign, limit)
	if err != nil {
		return nil, fmt.Errorf("search write-offs: %w", err)
	}
	var all []WriteOff
	err = db.SelectContext(ctx, &all, `SELECT `+writeOffColumns+` WHERE w.id = ANY ($1::uuid[]) ORDER BY w.id DESC`, pq.Array(ids))
	if err != nil {
		return nil, fmt.Errorf("list write-offs: %w", err)
	}
	return all, nil
}

// WriteOffsOf lists the proposals on a pledge, newest first. Ask PledgeFor first who may
// see it.
func WriteOffsOf(ctx context.Context, db *sqlx.DB, pledge string) ([]WriteOff, error) {
	var all []WriteOff
	if err := db.SelectContext(ctx, &all, `SELECT `+writeOffColumns+` WHERE w.pledge_id = $1 ORDER BY w.id DESC`, pledge); err != nil {
		return nil, fmt.Errorf("list the write-offs: %w", err)
	}
	return all, nil
}
