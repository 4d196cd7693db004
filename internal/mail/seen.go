package mail

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// Seen is a letter as the people of its cluster see it. What it says is its reader's: it
// may hold links that act in the reader's name.
type Seen struct {
	ID        string
	Name      string
	Lang      string
	Recipient string // an address, cut short for whom it is none of their business
	Subject   string
	QueuedAt  time.Time `db:"queued_at"`
	State     State
	Tries     int
	NextTryAt time.Time    `db:"next_try_at"`
	Trouble   string       // what the server said last; empty when it took the letter
	SentAt    sql.NullTime `db:"sent_at"`
	Empty     bool         // what it said is forgotten: it cannot be sent again
	Bounced   bool         // letters to its address come back
	ClusterID string       `db:"cluster_id"`
	MayMark   bool         `db:"may_mark"` // who looks at it may say that it came back
}

// State is how far a letter has come.
type State string

const (
	Waiting State = "waiting"
	Sent    State = "sent"     // the server has taken it. What happens later is not heard here
	Refused State = "refused"  // the server will never take it
	GivenUp State = "given-up" // the server did not take it in any try

	Withdrawn State = "withdrawn" // it was not sent any more: its person is erased, or its link was over
)

// States lists the states in the order in which a list offers them.
func States() []State { return []State{Waiting, Sent, Refused, GivenUp, Withdrawn} }

// Search is what is looked for among letters. The zero Search finds all of them.
type Search struct {
	To    string // the beginning of an address
	State State
	Name  string // the letter's template
}

// PageSize is how many letters a page of the list holds.
const PageSize = 50

// seenColumns show an address in full to those who write to companies anyway, and to
// others its first letter and its house.
const seenColumns = `l.id, l.name, l.lang, CASE WHEN mine.names THEN l.recipient ELSE left(l.recipient, 1) || '…' || substr(l.recipient, position('@' IN l.recipient)) END AS recipient,
	l.subject, l.queued_at, s.state, s.tries, s.next_try_at, CASE WHEN mine.names OR s.trouble = '' THEN s.trouble ELSE '…' END AS trouble, s.sent_at, l.text_body = '' AS empty,
	EXISTS (SELECT 1 FROM address_bounces b WHERE b.address = l.recipient AND b.cleared_at IS NULL) AS bounced,
	l.cluster_id, mine.names AS may_mark`

// mine are the clusters in which the person $1 has a role, and whether the role names
// addresses.
const mine = `(SELECT cluster_id, bool_or(role IN ('coordinator', 'treasurer', 'admin')) AS names FROM cluster_roles WHERE person_id = $1 GROUP BY cluster_id) mine`

// Find lists the letters of the clusters in which a person has a role that fit a search,
// the newest first. Whose role sees no addresses finds nothing by them either. After is the
// id of the last letter of the page before, or empty.
func Find(ctx context.Context, db *sqlx.DB, person string, s Search, after string, limit int) ([]Seen, error) {
	if after != "" && !pg.IsID(after) || s.State != "" && !slices.Contains(States(), s.State) {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	where, args := ``, []any{person, limit}
	want := func(format string, arg any) {
		args = append(args, arg)
		where += fmt.Sprintf(` AND `+format, len(args))
	}
	if after != "" {
		want(`l.id < $%[1]d AND s.letter_id < $%[1]d`, after) // both, so that neither is read from its end
	}
	if s.State != "" {
		want(`s.state = $%d`, string(s.State))
	}
	if s.Name != "" {
		want(`l.name = $%d`, s.Name)
	}
	if s.To != "" {
		want(`mine.names AND lower(l.recipient) LIKE $%d`, beginning(strings.ToLower(s.To)))
	}
	var all []Seen
	err := db.SelectContext(ctx, &all, `SELECT page.* FROM `+mine+` CROSS JOIN LATERAL (
			SELECT `+seenColumns+` FROM letters l JOIN letter_states s ON s.letter_id = l.id
			 WHERE l.cluster_id = mine.cluster_id`+where+` ORDER BY l.id DESC LIMIT $2) page
		 ORDER BY page.id DESC LIMIT $2`, args...)
	if err != nil {
		return nil, fmt.Errorf("list letters: %w", err)
	}
	return all, nil
}

// beginning is a pattern that finds what begins with a text; its own wildcards mean
// themselves.
func beginning(text string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
}

// CountFailed counts the letters that will not be sent, of the clusters in which a person
// has a role, up to a number.
func CountFailed(ctx context.Context, db *sqlx.DB, person string, most int) (int, error) {
	var n int
	err := db.GetContext(ctx, &n, `SELECT count(*) FROM (SELECT 1 FROM letter_states s JOIN letters l ON l.id = s.letter_id
		 WHERE s.state IN ('refused', 'given-up') AND l.cluster_id IN (SELECT cluster_id FROM cluster_roles WHERE person_id = $1) LIMIT $2) x`, person, most)
	if err != nil {
		return 0, fmt.Errorf("count the letters that failed: %w", err)
	}
	return n, nil
}

// SendAgain puts a letter back into the outbox, in the caller's transaction: one that
// failed, or one that the server has taken and its reader does not find. A letter that has
// had all its tries gets one more. The person needs a role in its cluster beyond that of an
// auditor; one that waits already, or of which is forgotten what it said, is a Conflict.
func SendAgain(ctx context.Context, tx *sqlx.Tx, now clock.Clock, person, id string) (Seen, error) {
	var l Seen
	unknown := fault.New(fault.NotFound, "letter.unknown")
	if !pg.IsID(id) {
		return l, unknown
	}
	var may bool
	err := tx.GetContext(ctx, &l, `SELECT `+seenColumns+` FROM letters l JOIN letter_states s ON s.letter_id = l.id JOIN `+mine+` ON mine.cluster_id = l.cluster_id
		WHERE l.id = $2 FOR UPDATE OF s`, person, id)
	if errors.Is(err, sql.ErrNoRows) {
		return l, unknown
	}
	if err == nil {
		err = tx.GetContext(ctx, &may, `SELECT EXISTS (SELECT 1 FROM cluster_roles r JOIN letters l ON l.cluster_id = r.cluster_id WHERE r.person_id = $1 AND l.id = $2 AND r.role <> 'auditor')`, person, id)
	}
	switch {
	case err != nil:
		return l, fmt.Errorf("find the letter: %w", err)
	case !may:
		return l, fault.New(fault.Forbidden, "role.read_only")
	case l.State == Waiting:
		return l, fault.New(fault.Conflict, "letter.waits")
	case l.Empty:
		return l, fault.New(fault.Conflict, "letter.empty")
	}
	_, err = tx.ExecContext(ctx, `UPDATE letter_states SET state = 'waiting', next_try_at = $2, sent_at = NULL WHERE letter_id = $1`, id, now())
	if err != nil {
		return l, fmt.Errorf("put the letter back: %w", err)
	}
	return l, nil
}
