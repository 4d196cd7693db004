package giving

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Awaited is an instalment of which something is due or overdue.
type Awaited struct {
	Pledge     Pledge
	Instalment Instalment
}

// Left is what is to be paid of it.
func (a Awaited) Left() money.Amount { return money.Of(a.Instalment.Left(), a.Pledge.Amount.Currency) }

// AwaitedBy lists what a cluster awaits by now: all that is overdue, and what is due within
// DueDays, the oldest first.
func AwaitedBy(ctx context.Context, db *sqlx.DB, cluster string, now time.Time) ([]Awaited, error) {
	until := clock.Day(now).AddDate(0, 0, DueDays)
	rows, err := db.QueryContext(ctx, `SELECT `+pledgeColumns+pledgeTables+`
		WHERE c.cluster_id = $1 AND NOT coalesce(x.cancelled, false)
		  AND p.amount_minor + coalesce(x.change, 0) > y.received - y.refunded + y.on_its_way
		  AND EXISTS (SELECT 1 FROM instalments i WHERE i.pledge_id = p.id AND i.due_on <= $2::date)`, cluster, until.Format(time.DateOnly))
	if err != nil {
		return nil, fmt.Errorf("list what is awaited: %w", err)
	}
	pledges, err := scanPledges(rows)
	if err != nil {
		return nil, err
	}
	schedules, err := SchedulesOf(ctx, db, pledges, now)
	if err != nil {
		return nil, err
	}
	var all []Awaited
	for _, p := range pledges {
		for _, i := range schedules[p.ID].Open() {
			if !i.DueOn.After(until) {
				all = append(all, Awaited{p, i})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Awaited) int { return a.Instalment.DueOn.Compare(b.Instalment.DueOn) })
	return all, nil
}

// mostInDigest is how many rows a digest lists. The office has the rest.
const mostInDigest = 50

type digest struct {
	Title, Text string
	Facts       []mail.Fact
	More        string // how many are not listed
	Button      mail.Button
	Cluster     string
}

// WriteDigests writes to each coordinator what the cluster awaits, once a week and only when
// there is something. It tells how many letters were written. Site is the address of the
// house.
func WriteDigests(ctx context.Context, db *sqlx.DB, now clock.Clock, site string) (int, error) {
	var clusters []struct {
		ID string
		UK string `db:"name_uk"`
		EN string `db:"name_en"`
	}
	if err := db.SelectContext(ctx, &clusters, `SELECT id, name_uk, name_en FROM clusters ORDER BY id`); err != nil {
		return 0, fmt.Errorf("list the clusters: %w", err)
	}
	written := 0
	for _, c := range clusters {
		readers, err := coordinatorsWithout(ctx, db, c.ID, weekOf(now()))
		if err != nil {
			return written, err
		}
		if len(readers) == 0 {
			continue
		}
		awaited, err := AwaitedBy(ctx, db, c.ID, now())
		if err != nil {
			return written, err
		}
		if len(awaited) == 0 {
			continue
		}
		err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
			for _, r := range readers {
				stop, err := mail.Stop(ctx, tx, now(), site, r.ID, mail.Digests)
				if err != nil {
					return err
				}
				err = mail.Queue(ctx, tx, mail.Letter{
					Key: digestKey(c.ID, weekOf(now()), r.ID), To: r.Email, Lang: r.Lang, Name: "digest", At: now(), Cluster: c.ID,
					Data: newDigest(r.Lang, Text{c.UK, c.EN}, awaited, site), Unsubscribe: stop,
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return written, fmt.Errorf("write the digest of cluster %s: %w", c.ID, err)
		}
		written += len(readers)
	}
	return written, nil
}

// weekOf names the week of a moment: "2026-W10".
func weekOf(t time.Time) string {
	year, week := t.UTC().ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, week)
}

func digestKey(cluster, week, person string) string {
	return "digest:" + cluster + ":" + week + ":" + person
}

// coordinatorsWithout are the coordinators of a cluster who have no digest of the week yet
// and have not asked to get none.
func coordinatorsWithout(ctx context.Context, db *sqlx.DB, cluster, week string) ([]reader, error) {
	var all []reader
	err := db.SelectContext(ctx, &all, `
		SELECT q.id, q.email, q.lang FROM cluster_roles r JOIN people q ON q.id = r.person_id
		 WHERE r.cluster_id = $1 AND r.role = 'coordinator' AND letter_wanted(q.id, 'digest')
		   AND NOT EXISTS (SELECT 1 FROM address_bounces b WHERE b.address = q.email AND b.cleared_at IS NULL) AND NOT EXISTS (SELECT 1 FROM letters l WHERE l.key = 'digest:' || r.cluster_id || ':' || $2 || ':' || q.id)
		 ORDER BY q.id`, cluster, week)
	if err != nil {
		return nil, fmt.Errorf("find the coordinators: %w", err)
	}
	return all, nil
}

func newDigest(l i18n.Lang, cluster Text, awaited []Awaited, site string) digest {
	text := func(t Text) string {
		if l == i18n.EN {
			return t.EN
		}
		return t.UK
	}
	late := 0
	for _, a := range awaited {
		if a.Instalment.State == Overdue {
			late++
		}
	}
	v := digest{
		Title: l.N("mail.digest.title", int64(len(awaited))), Text: l.N("mail.digest.text", int64(late)), Cluster: text(cluster),
		Button: mail.Button{Text: l.T("mail.digest.button"), Href: site + "/office/pledges"},
	}
	for n, a := range awaited {
		if n == mostInDigest {
			v.More = l.N("mail.digest.more", int64(len(awaited)-n))
			break
		}
		state := "mail.digest.due"
		if a.Instalment.State == Overdue {
			state = "mail.digest.overdue"
		}
		v.Facts = append(v.Facts, mail.Fact{Name: l.T(state, text(a.Pledge.Company), a.Instalment.DueOn), Text: l.Money(a.Left())})
	}
	return v
}
