package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// Programme groups campaigns of a cluster.
type Programme struct {
	ID      string
	Slug    string
	TitleUK string `db:"title_uk"`
	TitleEN string `db:"title_en"`
}

// Programmes lists a cluster's programmes, the newest first. Ask first who may see it.
func Programmes(ctx context.Context, db sqlx.QueryerContext, cluster string) ([]Programme, error) {
	var all []Programme
	err := sqlx.SelectContext(ctx, db, &all, `SELECT id, slug, title_uk, title_en FROM programmes WHERE cluster_id = $1 ORDER BY id DESC LIMIT 100`, cluster)
	if err != nil {
		return nil, fmt.Errorf("list programmes: %w", err)
	}
	return all, nil
}

// programmeOf is the id of the programme that a wish names, of the campaign's own cluster; a
// new one is entered. Empty: none.
func programmeOf(ctx context.Context, tx *sqlx.Tx, at time.Time, w Wish, cluster string) (string, error) {
	if w.NewProgramme != (Text{}) {
		slug, err := freeSlug(ctx, tx, "programme", text.Slug(w.NewProgramme.EN), text.Slug(w.NewProgramme.UK))
		if err != nil {
			return "", err
		}
		id, err := AddProgramme(ctx, tx, at, cluster, slug, w.NewProgramme)
		if err != nil {
			return "", err
		}
		return id, audit.Record(ctx, tx, audit.Act{At: at, Person: w.PersonID, Act: "programme.written", Subject: "cluster:" + cluster, Detail: map[string]any{"slug": slug}})
	}
	if w.ProgrammeID == "" {
		return "", nil
	}
	var own bool
	if pg.IsID(w.ProgrammeID) {
		if err := tx.GetContext(ctx, &own, `SELECT EXISTS (SELECT 1 FROM programmes WHERE id = $1 AND cluster_id = $2)`, w.ProgrammeID, cluster); err != nil {
			return "", fmt.Errorf("find the programme: %w", err)
		}
	}
	if !own {
		return "", fault.In("programme", "campaign.programme_unknown")
	}
	return w.ProgrammeID, nil
}
