package ledger

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// PostAll posts many entries in one journey to the database, in their order, within the
// caller's transaction. What Post promises holds for each of them, and all of them are
// checked before it returns. It is for entries that touch no account with a floor, and
// refuses others: those take rows that two batches could want crosswise.
func PostAll(ctx context.Context, tx *sqlx.Tx, entries []Entry) ([]Posted, error) {
	sent := make([]wireEntry, len(entries))
	for i, e := range entries {
		w, err := e.wire()
		if err != nil {
			return nil, fmt.Errorf("post %s: %w", e.Source, err)
		}
		sent[i] = w
	}
	body, err := json.Marshal(sent)
	if err != nil {
		return nil, fmt.Errorf("post %d entries: %w", len(entries), err)
	}
	// The session's plans may be from a time when the books were small and reading all of
	// them was the quickest: with each batch such a plan would take longer.
	if _, err := tx.ExecContext(ctx, `DISCARD PLANS`); err != nil {
		return nil, fmt.Errorf("plan for %d entries: %w", len(entries), err)
	}
	var all []Posted
	err = tx.SelectContext(ctx, &all, `SELECT entry_id AS id, is_new AS new FROM ledger.post_all($1)`, string(body))
	if err != nil {
		return nil, fmt.Errorf("post %d entries: %w", len(entries), explain(err))
	}
	// The triggers that wait for the commit run now: else a long import would stand still
	// at its end, and hear of a mistake only there.
	if _, err := tx.ExecContext(ctx, `SET CONSTRAINTS ledger.entry_balances IMMEDIATE; SET CONSTRAINTS ledger.entry_balances DEFERRED`); err != nil {
		return nil, fmt.Errorf("check %d entries: %w", len(entries), explain(err))
	}
	return all, nil
}

type wireEntry struct {
	Source   string     `json:"source"`
	Content  string     `json:"content"`
	Kind     Kind       `json:"kind"`
	At       string     `json:"at"`
	Actor    string     `json:"actor"`
	Approver *string    `json:"approver"`
	Lines    []wireLine `json:"lines"`
}

type wireLine struct {
	Code     string `json:"code"`
	Currency string `json:"currency"`
	Amount   int64  `json:"amount"`
}

func (e Entry) wire() (wireEntry, error) {
	w := wireEntry{Source: e.Source, Kind: e.Kind, At: e.HappenedAt.UTC().Format(time.RFC3339Nano), Actor: e.Actor}
	if err := balanced(e.Lines); err != nil {
		return w, err
	}
	if e.Mends != 0 {
		return w, errors.New("ledger: a correction is posted by itself")
	}
	content, err := e.content()
	if err != nil {
		return w, err
	}
	w.Content = hex.EncodeToString(content)
	if e.Approver != "" {
		w.Approver = &e.Approver
	}
	for _, l := range e.Lines {
		w.Lines = append(w.Lines, wireLine{l.Account.Code, string(l.Account.Currency), l.Minor})
	}
	return w, nil
}
