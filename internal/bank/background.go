package bank

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Running is an import that goes on while its bringer looks at something else.
type Running struct {
	ID   string
	Done <-chan struct{} // closed when it has ended
	err  error
}

// Err is what went wrong. Ask it when Done is closed.
func (r *Running) Err() error { return r.err }

// silence is after how long an import that says nothing was cut off with its process.
const silence = 2 * time.Minute

// tellEvery is how often an import writes down how far it is.
const tellEvery = 300 * time.Millisecond

// Begin imports a file in the background and matches what can be matched by itself. Whoever
// asks ImportFor sees how far it is. The bringer's context may end meanwhile; the process
// may, too, and then nothing was imported. Ended is called at the end, whatever it is.
func Begin(ctx context.Context, db *sqlx.DB, now clock.Clock, f File, bytes int64, ended func()) (*Running, error) {
	id := pg.NewID()
	_, err := db.ExecContext(ctx, `INSERT INTO statement_imports (id, account_id, file_name, bytes, state, begun_by, begun_at, seen_at) VALUES ($1, $2, $3, $4, 'running', $5, $6, $6)`,
		id, f.Account.ID, fileName(f.Name), bytes, f.Person, now())
	if err != nil {
		ended()
		return nil, fmt.Errorf("begin an import: %w", err)
	}
	done := make(chan struct{})
	r := &Running{ID: id, Done: done}
	go func() {
		defer close(done)
		defer ended()
		ctx := context.WithoutCancel(ctx)
		r.err = r.run(ctx, db, now, f)
		if _, told := fault.As(r.err); r.err != nil && !told {
			slog.ErrorContext(ctx, "an import failed", "import", id, "error", r.err)
		}
	}()
	return r, nil
}

func (r *Running) run(ctx context.Context, db *sqlx.DB, now clock.Clock, f File) error {
	told := now()
	f.Told = func(p Progress) {
		if now().Sub(told) < tellEvery {
			return
		}
		told = now()
		if _, err := db.ExecContext(ctx, `UPDATE statement_imports SET bytes_done = $2, lines_done = $3, seen_at = $4 WHERE id = $1`, r.ID, p.Done, p.Lines, told); err != nil {
			slog.WarnContext(ctx, "how far an import is could not be written", "import", r.ID, "error", err)
		}
	}
	done, err := Import(ctx, db, now, f)
	if err != nil {
		return r.failed(ctx, db, now, err)
	}
	var ids []string
	for _, s := range done.Statements {
		ids = append(ids, s.ID)
	}
	if _, err := MatchAll(ctx, db, now, ids...); err != nil {
		// The lines are in; what was not matched is tried again at night.
		slog.ErrorContext(ctx, "lines of an import were not matched", "import", r.ID, "error", err)
	}
	lines, _ := done.Lines()
	_, err = db.ExecContext(ctx, `UPDATE statement_imports SET state = 'done', bytes_done = bytes, lines_done = $2, statement_id = $3, known = $4, seen_at = $5 WHERE id = $1`,
		r.ID, lines, ids[0], done.Known, now())
	if err != nil {
		return fmt.Errorf("end an import: %w", err)
	}
	if err := pg.Announce(ctx, db, pg.PublicChanged); err != nil {
		slog.WarnContext(ctx, "an import could not be announced", "import", r.ID, "error", err)
	}
	return nil
}

// failed writes down why. What is no fault stays inside.
func (r *Running) failed(ctx context.Context, db *sqlx.DB, now clock.Clock, why error) error {
	f, told := fault.As(why)
	if !told {
		f = fault.New(fault.Unavailable, "bank.file.failed")
	}
	args, err := packed(f.Args)
	if err != nil {
		return errors.Join(why, err)
	}
	_, err = db.ExecContext(ctx, `UPDATE statement_imports SET state = 'failed', fault_key = $2, fault_args = $3, seen_at = $4 WHERE id = $1`, r.ID, f.Key, args, now())
	if err != nil {
		return errors.Join(why, fmt.Errorf("end an import: %w", err))
	}
	return why
}

// Shown is how far an import is.
type Shown struct {
	ID          string
	AccountID   string `db:"account_id"`
	FileName    string `db:"file_name"`
	Bytes       int64
	Done        int64 `db:"bytes_done"`
	Lines       int64 `db:"lines_done"`
	State       string
	StatementID sql.NullString `db:"statement_id"`
	Known       bool
	FaultKey    string    `db:"fault_key"`
	FaultArgs   string    `db:"fault_args"`
	SeenAt      time.Time `db:"seen_at"`
}

// Fault is why it failed, or nil.
func (s Shown) Fault() *fault.Fault {
	if s.State != "failed" {
		return nil
	}
	return &fault.Fault{Kind: fault.Invalid, Key: s.FaultKey, Args: unpacked(s.FaultArgs), Field: "file"}
}

// CutOff reports whether it ended with its process, and so kept nothing.
func (s Shown) CutOff(now time.Time) bool { return s.State == "running" && now.Sub(s.SeenAt) > silence }

// ImportFor finds an import for a person with a role in its cluster; all others are one
// NotFound fault.
func ImportFor(ctx context.Context, db *sqlx.DB, person, id string) (Shown, error) {
	var s Shown
	unknown := fault.New(fault.NotFound, "bank.import_unknown")
	if !pg.IsID(id) {
		return s, unknown
	}
	err := db.GetContext(ctx, &s, `SELECT i.id, i.account_id, i.file_name, i.bytes, i.bytes_done, i.lines_done, i.state, i.statement_id, i.known, i.fault_key, i.fault_args, i.seen_at
		FROM statement_imports i JOIN bank_accounts a ON a.id = i.account_id WHERE`+seenBy+` AND i.id = $2`, person, id)
	if errors.Is(err, sql.ErrNoRows) {
		return s, unknown
	}
	if err != nil {
		return s, fmt.Errorf("find the import: %w", err)
	}
	return s, nil
}

// pack is a fault's argument as it can be kept: what it is, so that each language writes it
// as its own.
type pack struct {
	Text  string        `json:"text,omitempty"`
	Count *int          `json:"count,omitempty"`
	Sum   *money.Amount `json:"sum,omitempty"`
	Day   *time.Time    `json:"day,omitempty"`
}

func packed(args []any) (string, error) {
	all := []pack{}
	for _, a := range args {
		switch v := a.(type) {
		case int:
			all = append(all, pack{Count: &v})
		case money.Amount:
			all = append(all, pack{Sum: &v})
		case time.Time:
			all = append(all, pack{Day: &v})
		default:
			all = append(all, pack{Text: fmt.Sprint(v)})
		}
	}
	text, err := json.Marshal(all)
	return string(text), err
}

func unpacked(text string) []any {
	var all []pack
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil // the sentence has gaps, and is still better than none
	}
	var args []any
	for _, p := range all {
		switch {
		case p.Count != nil:
			args = append(args, *p.Count)
		case p.Sum != nil:
			args = append(args, *p.Sum)
		case p.Day != nil:
			args = append(args, *p.Day)
		default:
			args = append(args, p.Text)
		}
	}
	return args
}

// MayImport asks whether a person may bring in an account's statements. Strangers to its
// cluster learn nothing.
func MayImport(ctx context.Context, db *sqlx.DB, a Account, person string) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error { return mayMatch(ctx, tx, a.ClusterID, person) })
}
