package giving

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/pg"
)

// reminderStep is one of the letters about an instalment. It is written on its day or on
// one of the few after it, so that a day on which no job ran costs no reminder; only what
// says "today" is not said later.
type reminderStep struct {
	name     string
	after    int // days after the instalment's own
	patience int // days on which it may still be written
}

var reminderSteps = []reminderStep{
	{"before", -DueDays, 3}, {"on-the-day", 0, 0}, {"week-after", 7, 6}, {"three-weeks-after", 21, 13},
}

// Reminder is a letter that asks for an instalment.
type reminder struct {
	Title, Text string
	Facts       []mail.Fact
	Button      mail.Button
	Company     string
}

// Remind writes the reminders of today and tells how many there were: before an instalment
// is due, on its day, a week and three weeks after. Each is written once to each person,
// however often and in however many processes this runs. Nobody hears of what is paid, on
// its way, written off or cancelled, nor who has asked not to. Site is the address of the
// house, for the links.
//
// It goes to who made the promise, or to the company's owners when that person may no
// longer pay for it. One link leads to the form to pay, by way of signing in, and pays
// nothing by itself; the other ends the reminders.
func Remind(ctx context.Context, db *sqlx.DB, now clock.Clock, site string) (int, error) {
	written := 0
	for _, step := range reminderSteps {
		due, err := toRemind(ctx, db, clock.Day(now()), step)
		if err != nil {
			return written, err
		}
		for _, one := range due {
			n := 0
			err := pg.InTx(ctx, db, func(tx *sqlx.Tx) (err error) {
				n, err = remindOf(ctx, tx, now(), step, one, site)
				return err
			})
			if err != nil {
				return written, fmt.Errorf("remind of instalment %s: %w", one.Instalment, err)
			}
			written += n
		}
	}
	return written, nil
}

// remindable is an instalment that a step may be about.
type remindable struct {
	Instalment string
	Pledge     string
}

// toRemind finds instalments by their day alone; whether anything is to be paid is asked of
// each when its pledge is held. One that was promised after its reminder's day needs none.
func toRemind(ctx context.Context, db *sqlx.DB, today time.Time, s reminderStep) ([]remindable, error) {
	var all []remindable
	err := db.SelectContext(ctx, &all, `
		SELECT i.id AS instalment, i.pledge_id AS pledge
		  FROM instalments i JOIN pledges p ON p.id = i.pledge_id LEFT JOIN pledge_acts a ON a.id = i.act_id
		 WHERE i.due_on BETWEEN $1::date AND $2::date
		   AND (coalesce(a.happened_at, p.made_at) AT TIME ZONE 'UTC')::date < i.due_on + $3::int
		   AND NOT EXISTS (SELECT 1 FROM pledge_acts c WHERE c.pledge_id = i.pledge_id AND c.kind = 'cancelled')
		 ORDER BY i.due_on, i.id`,
		today.AddDate(0, 0, -s.after-s.patience).Format(time.DateOnly), today.AddDate(0, 0, -s.after).Format(time.DateOnly), s.after)
	if err != nil {
		return nil, fmt.Errorf("find what to remind of: %w", err)
	}
	return all, nil
}

// remindOf writes one step's letters about one instalment.
func remindOf(ctx context.Context, tx *sqlx.Tx, at time.Time, step reminderStep, one remindable, site string) (int, error) {
	if err := lockPledge(ctx, tx, one.Pledge); err != nil {
		return 0, err
	}
	p, err := scanPledge(tx.QueryRowxContext(ctx, `SELECT `+pledgeColumns+pledgeTables+` WHERE p.id = $1`, one.Pledge))
	if err != nil {
		return 0, fmt.Errorf("find the pledge: %w", err)
	}
	s, err := ScheduleOf(ctx, tx, p, at)
	if err != nil {
		return 0, err
	}
	i, found := s.instalment(one.Instalment)
	if !found || i.Left() == 0 {
		return 0, nil
	}
	readers, err := readersOf(ctx, tx, p)
	if err != nil {
		return 0, err
	}
	written := 0
	for _, r := range readers {
		isNew, err := writeReminder(ctx, tx, at, step, p, i, r, site)
		if err != nil {
			return written, err
		}
		if isNew {
			written++
		}
	}
	return written, nil
}

func (s Schedule) instalment(id string) (Instalment, bool) {
	for _, i := range s.Instalments {
		if i.ID == id {
			return i, true
		}
	}
	return Instalment{}, false
}

// reader is somebody whom a letter goes to.
type reader struct {
	ID, Email string
	Lang      i18n.Lang
}

func readersOf(ctx context.Context, tx *sqlx.Tx, p Pledge) ([]reader, error) {
	var all []reader
	err := tx.SelectContext(ctx, &all, `
		WITH payers AS (
		     SELECT r.person_id, r.role, r.person_id = p.made_by AS promised
		       FROM pledges p JOIN company_roles r ON r.company_id = p.company_id AND r.role IN ('owner', 'payer') WHERE p.id = $1)
		SELECT q.id, q.email, q.lang FROM payers r JOIN people q ON q.id = r.person_id
		 WHERE (r.promised OR r.role = 'owner' AND NOT EXISTS (SELECT 1 FROM payers WHERE promised))
		   AND coalesce((SELECT w.wanted FROM reminder_wishes w WHERE w.person_id = q.id ORDER BY w.id DESC LIMIT 1), true)
		 ORDER BY q.id`, p.ID)
	if err != nil {
		return nil, fmt.Errorf("find whom to remind: %w", err)
	}
	return all, nil
}

// writeReminder writes one letter, unless it is written already.
func writeReminder(ctx context.Context, tx *sqlx.Tx, at time.Time, step reminderStep, p Pledge, i Instalment, r reader, site string) (bool, error) {
	token := rand.Text()
	res, err := tx.ExecContext(ctx, `INSERT INTO reminders (instalment_id, person_id, step, token_hash, queued_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		i.ID, r.ID, step.name, tokenHash(token), at)
	if err != nil {
		return false, fmt.Errorf("write the reminder: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	err = mail.Queue(ctx, tx, mail.Letter{
		Key: "reminder:" + i.ID + ":" + step.name + ":" + r.ID, To: r.Email, Lang: r.Lang, Name: "reminder", At: at, Cluster: p.ClusterID,
		Data: newReminder(r.Lang, step, p, i, site+"/portal/reminders/"+token), Unsubscribe: site + "/reminders/" + token,
	})
	return err == nil, err
}

func newReminder(l i18n.Lang, step reminderStep, p Pledge, i Instalment, pay string) reminder {
	text := func(uk, en string) string {
		if l == i18n.EN {
			return en
		}
		return uk
	}
	left, company := p.LeftOf(i), text(p.Company.UK, p.Company.EN)
	v := reminder{
		Title: l.T("mail.reminder."+step.name, left, i.DueOn), Text: l.T("mail.reminder."+step.name+"_text", company, text(p.Campaign.UK, p.Campaign.EN)),
		Company: company, Button: mail.Button{Text: l.T("mail.reminder.button", left), Href: pay},
	}
	v.Facts = []mail.Fact{
		{Name: l.T("mail.reminder.campaign"), Text: text(p.Campaign.UK, p.Campaign.EN)},
		{Name: l.T("mail.reminder.due"), Text: l.Date(i.DueOn)},
		{Name: l.T("mail.reminder.asks"), Text: l.Money(p.asksFor(i))},
		{Name: l.T("mail.reminder.left"), Text: l.Money(left)},
		{Name: l.T("mail.reminder.reference"), Text: p.Reference.String()},
	}
	if p.PurchaseOrder != "" {
		v.Facts = append(v.Facts, mail.Fact{Name: l.T("mail.reminder.order"), Text: p.PurchaseOrder})
	}
	return v
}

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Reminded is what a link of a reminder is about.
type Reminded struct {
	PledgeID string `db:"pledge_id"`
	PersonID string `db:"person_id"`
	Wanted   bool   // the person wants reminders
}

// ReminderBy finds the reminder that a link came from; any other link is a NotFound fault.
// It proves that the link was in the letter, and not who follows it.
func ReminderBy(ctx context.Context, db *sqlx.DB, token string) (Reminded, error) {
	var r Reminded
	err := db.GetContext(ctx, &r, `
		SELECT i.pledge_id, r.person_id, coalesce((SELECT w.wanted FROM reminder_wishes w WHERE w.person_id = r.person_id ORDER BY w.id DESC LIMIT 1), true) AS wanted
		  FROM reminders r JOIN instalments i ON i.id = r.instalment_id WHERE r.token_hash = $1`, tokenHash(token))
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "reminder.unknown")
	}
	if err != nil {
		return r, fmt.Errorf("find the reminder: %w", err)
	}
	return r, nil
}

// WishReminders records whether the person of a reminder's link wants any more. It works
// for all of that person's pledges; a repeat changes nothing.
func WishReminders(ctx context.Context, db *sqlx.DB, now clock.Clock, token string, wanted bool) error {
	r, err := ReminderBy(ctx, db, token)
	if err != nil || r.Wanted == wanted {
		return err
	}
	return WishRemindersOf(ctx, db, now, r.PersonID, wanted)
}

// WishRemindersOf records whether a person wants reminders. A repeat changes nothing.
func WishRemindersOf(ctx context.Context, db *sqlx.DB, now clock.Clock, person string, wanted bool) error {
	if is, err := WantsReminders(ctx, db, person); err != nil || is == wanted {
		return err
	}
	if _, err := db.ExecContext(ctx, `INSERT INTO reminder_wishes (person_id, wanted, wished_at) VALUES ($1, $2, $3)`, person, wanted, now()); err != nil {
		return fmt.Errorf("record the wish: %w", err)
	}
	return nil
}

// WantsReminders reports whether a person wants reminders.
func WantsReminders(ctx context.Context, db *sqlx.DB, person string) (wanted bool, err error) {
	err = db.GetContext(ctx, &wanted, `SELECT coalesce((SELECT wanted FROM reminder_wishes WHERE person_id = $1 ORDER BY id DESC LIMIT 1), true)`, person)
	if err != nil {
		return false, fmt.Errorf("find what a person wishes: %w", err)
	}
	return wanted, nil
}

// Wish is what a person has said about reminders.
type Wish struct {
	Wanted bool      `json:"wanted"`
	At     time.Time `db:"wished_at" json:"at"`
}

// WishesOf lists what a person has ever said about reminders, in its order.
func WishesOf(ctx context.Context, db *sqlx.DB, person string) ([]Wish, error) {
	wishes := []Wish{}
	if err := db.SelectContext(ctx, &wishes, `SELECT wanted, wished_at FROM reminder_wishes WHERE person_id = $1 ORDER BY id`, person); err != nil {
		return nil, fmt.Errorf("list what a person wishes: %w", err)
	}
	return wishes, nil
}
