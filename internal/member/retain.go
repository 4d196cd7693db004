package member

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
)

// Period is how long things of a kind are kept, and why not for longer or shorter. The
// schema's function forget knows what each kind is, and refuses to forget it earlier.
type Period struct {
	What  string
	Days  int  // after it is over; 0: as soon as it is
	Often bool // looked at every hour: it is many, or it opens something
	Why   string
}

// Periods are all kinds of things that are forgotten in time, as docs/privacy.md tells them.
var Periods = []Period{
	{"sessions", 0, true, "they open nothing any more"},
	{"challenges", 0, true, "they open nothing any more"},
	{"letter-links", 0, true, "a link of a letter opens something; the letter is emptied when it is used, and by this when its time is over"},
	{"farewells", 0, true, "the last place where the address of somebody stands who is erased"},
	{"app-offers", 1, true, "a secret that nobody has confirmed"},
	{"password-links", 30, true, "whoever looks into a break-in sees that one was used"},
	{"sign-in-tries", 1, false, "they count for 15 minutes"},
	{"limit-counts", 1, false, "they count for an hour at most"},
	{"password-wishes", 1, false, "a job answers them at once"},
	{"unconfirmed-applications", 30, false, "somebody may have written another's address"},
	{"applications", 365, false, "a company may ask why; it has people of its own by then, or was refused"},
	{"invitations", 365, false, "who was asked into a place, and never came or came long ago"},
	{"letters", 90, false, "a letter can be sent again for as long as somebody misses it"},
	{"letter-addresses", 1095, false, "that a reminder or a receipt was sent can be shown for as long as a claim can be made (Civil Code, article 257)"},
	{"stop-links", 1095, false, "the letter in which the link stands has lost its address too"},
	{"events", 90, false, "Stripe tells again for 30 days, and what handling an event once more needs stays"},
	{"company-files", 30, false, "a table that was looked at and not entered"},
	{"audit-hosts", 365, false, "whoever looks into a break-in needs them; the act itself stays"},
}

// mostAtOnce bounds what one statement forgets, and with it how long it holds its locks.
const mostAtOnce = 500

// Forget drops everything whose time is over: all of it each night, and what is marked often
// between the nights. It returns how many things of each kind were dropped. A run that is
// cut off has forgotten what it could; the next goes on.
func Forget(ctx context.Context, db *sqlx.DB, now clock.Clock, oftenAlone bool) (map[string]int, error) {
	dropped := map[string]int{}
	for _, p := range Periods {
		if oftenAlone && !p.Often {
			continue
		}
		n, err := p.forget(ctx, db, now())
		if n > 0 {
			dropped[p.What] = n
		}
		if err != nil {
			return dropped, err
		}
	}
	return dropped, nil
}

func (p Period) forget(ctx context.Context, db *sqlx.DB, at time.Time) (all int, err error) {
	before := at.Add(-time.Duration(p.Days) * 24 * time.Hour)
	for {
		var n int
		if err := db.GetContext(ctx, &n, `SELECT forget($1, $2, $3)`, p.What, before, mostAtOnce); err != nil {
			return all, fmt.Errorf("forget %s: %w", p.What, err)
		}
		if all += n; n < mostAtOnce {
			return all, nil
		}
	}
}
