package office

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/audit"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/inbox"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// happening is one thing that befell to a payment, in the order of the clock.
type happening struct {
	When   page.Moment
	Text   string
	Href   string // a page of its own, such as an event's
	Status page.Status
	Sum    *page.Sum
	Notes  []string
	Lines  page.Table // of an entry of the books

	at   time.Time
	rank int // within a second, of which Stripe tells no parts
}

// The order of causes within one second.
const (
	begun = iota
	opened
	told
	acted
	posted
)

// timeline puts together what four rooms know of a payment.
func (o *Office) timeline(c echo.Context, l i18n.Lang, f giving.Found) ([]happening, error) {
	ctx := c.Request().Context()
	acts, err := audit.Of(ctx, o.db, f.Origin())
	if err != nil {
		return nil, err
	}
	events, err := inbox.About(ctx, o.db, f.SessionID, f.IntentID, f.ChargeID)
	if err != nil {
		return nil, err
	}
	entries, err := ledger.EntriesOf(ctx, o.db, f.Origin(), entriesOf(acts))
	if err != nil {
		return nil, err
	}
	amount := l.Sum(f.Amount())
	all := []happening{{at: f.StartedAt, rank: begun, Text: l.T("desk.fact.started", f.StartedBy), Sum: &amount}}
	if f.SessionEndsAt.Valid {
		all = append(all, happening{at: f.StartedAt, rank: opened, Text: l.T("desk.fact.opened"), Notes: []string{f.SessionID, l.T("desk.fact.opened_until", l.DateTime(f.SessionEndsAt.Time))}})
	}
	for _, e := range events {
		all = append(all, eventFact(l, e))
	}
	for _, a := range acts {
		if a.Act != "payment.started" && (entryOf(a) == 0 || a.Alarm) {
			all = append(all, actFact(l, a))
		}
	}
	for _, e := range entries {
		all = append(all, entryFact(l, e))
	}
	slices.SortStableFunc(all, func(a, b happening) int {
		return cmp.Or(a.at.Truncate(time.Second).Compare(b.at.Truncate(time.Second)), cmp.Compare(a.rank, b.rank))
	})
	for i := range all {
		all[i].When = l.Moment(all[i].at)
	}
	return all, nil
}

func eventFact(l i18n.Lang, e inbox.Kept) happening {
	x := happening{at: e.HappenedAt, rank: told, Text: l.T("desk.fact.event", e.Type), Href: eventPath(e.ID), Status: eventStatus(l, e.State)}
	x.Notes = append(x.Notes, l.T("desk.fact.event_came", l.DateTime(e.ReceivedAt), l.T("desk.found_by."+string(e.FoundBy))))
	if e.Trouble != "" {
		x.Notes = append(x.Notes, e.Trouble)
	}
	return x
}

func actFact(l i18n.Lang, a audit.Told) happening {
	x := happening{at: a.At, rank: acted, Text: wordOr(l, "desk.act."+a.Act, a.Act)}
	if a.PersonName != "" {
		x.Notes = append(x.Notes, l.T("desk.fact.by", a.PersonName))
	}
	if a.Alarm {
		x.Href, x.Status = alarmPath(a.ID), page.NewStatus(l, page.Failed).Saying(l.T("desk.fact.alarm"))
	}
	x.Notes = append(x.Notes, details(a.Detail)...)
	return x
}

func entryFact(l i18n.Lang, e ledger.Written) happening {
	x := happening{at: e.HappenedAt, rank: posted, Text: l.T("desk.fact.entry", e.ID, wordOr(l, "desk.entry."+string(e.Kind), string(e.Kind)))}
	x.Notes = append(x.Notes, e.Source)
	var rows [][]page.Cell
	for _, line := range e.Lines {
		debit, credit := page.Cell{}, page.Cell{}
		sum := l.Sum(money.Of(max(line.Minor, -line.Minor), line.Account.Currency))
		if line.Minor > 0 {
			debit.Sum = &sum
		} else {
			credit.Sum = &sum
		}
		rows = append(rows, []page.Cell{{Text: accountName(l, line.Account.Code)}, debit, credit})
	}
	x.Lines = page.NewTable("", []page.Column{{Text: l.T("desk.column.account")}, {Text: l.T("desk.column.debit"), Sum: true}, {Text: l.T("desk.column.credit"), Sum: true}}, rows)
	return x
}

// accountName says what an account is, by its kind.
func accountName(l i18n.Lang, code string) string {
	kind, _, _ := strings.Cut(code, ":")
	return wordOr(l, "desk.account."+kind, code)
}

// wordOr is a word of the catalogues, or the program's own where they have none: a later
// release may know acts that this page does not.
func wordOr(l i18n.Lang, key, own string) string {
	if text, err := l.Text(key); err == nil {
		return text
	}
	return own
}

// entryOf is the entry of the books that an act tells of, or 0.
func entryOf(a audit.Told) int64 {
	var d struct{ Entry int64 }
	if json.Unmarshal(a.Detail, &d) != nil {
		return 0 // another kind of fact stands under that name
	}
	return d.Entry
}

func entriesOf(acts []audit.Told) []int64 {
	var all []int64
	for _, a := range acts {
		if id := entryOf(a); id > 0 {
			all = append(all, id)
		}
	}
	return all
}

// details are an act's facts as they were written, one a line, in the order of their names.
func details(raw json.RawMessage) []string {
	var facts map[string]any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber() // an amount of minor units is no float
	if d.Decode(&facts) != nil {
		return nil
	}
	var all []string
	for name, value := range facts {
		text, ok := value.(string)
		if !ok {
			b, err := json.Marshal(value)
			if err != nil {
				continue
			}
			text = string(b)
		}
		all = append(all, name+": "+text)
	}
	slices.Sort(all)
	return all
}
