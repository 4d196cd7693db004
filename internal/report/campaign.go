package report

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// latestGifts is how many gifts a campaign's own page shows.
const latestGifts = 8

// Campaign is all that a campaign's page tells.
type Campaign struct {
	Summary
	Story       Text     // Markdown
	Note        Text     // what a reader must know before believing the page; may be empty
	Gifts       []Gift   // the latest
	Pledges     int      // how many gifts the full list holds
	Unnamed     *Unnamed // nil: too few to be told apart from nobody
	Purposes    []Purpose
	Allocations []Allocation
	Proof       Proof // that the cluster's books are what its banks say
}

// Campaign returns a campaign with its latest gifts, its needs and everything that was
// set aside. An unknown campaign, or a draft, is a fault of kind NotFound.
func (r *Report) Campaign(ctx context.Context, slug string) (Campaign, error) {
	return r.campaign(ctx, published, slug)
}

// Draft returns a draft as everybody will see it once it is open. Ask first who may see it:
// to everybody else there is none. A campaign that is no draft is a fault of kind NotFound.
func (r *Report) Draft(ctx context.Context, slug string) (Campaign, error) {
	return r.campaign(ctx, inDraft, slug)
}

func (r *Report) campaign(ctx context.Context, among, slug string) (Campaign, error) {
	var c Campaign
	err := r.snapshot(ctx, func(tx *sqlx.Tx) (err error) {
		if c.Summary, err = summaryOf(ctx, tx, among, slug, now); err != nil {
			return err
		}
		if c.Story, c.Note, err = story(ctx, tx, c.id); err != nil {
			return err
		}
		if c.Pledges, err = countGifts(ctx, tx, c.id); err != nil {
			return err
		}
		if c.Proof, err = proofOf(ctx, tx, c.id); err != nil {
			return err
		}
		if c.Gifts, err = gifts(ctx, tx, c.id, c.Pledges, latestGifts); err != nil {
			return err
		}
		if c.Unnamed, err = unnamed(ctx, tx, c.id); err != nil {
			return err
		}
		if c.Purposes, err = purposes(ctx, tx, c.id); err != nil {
			return err
		}
		c.Allocations, err = allocations(ctx, tx, c.id)
		return err
	})
	return c, err
}

func story(ctx context.Context, tx *sqlx.Tx, campaign uuid.UUID) (story, note Text, err error) {
	var row struct {
		Story Text `db:"story"`
		Note  Text `db:"note"`
	}
	err = tx.GetContext(ctx, &row, `
		SELECT story_uk AS "story.uk", story_en AS "story.en", note_uk AS "note.uk", note_en AS "note.en"
		  FROM campaigns WHERE id = $1`, campaign)
	if err != nil {
		return Text{}, Text{}, fmt.Errorf("read the story: %w", err)
	}
	return row.Story, row.Note, nil
}
