package giving_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/member"
)

const site = "https://help.example.org"

// letter is what somebody was written.
type letter struct {
	Key, Recipient, Lang, Subject, Unsubscribe string
	Text                                       string `db:"text_body"`
}

func letters(t testing.TB, w *gatewaytest.World) []letter {
	t.Helper()
	var all []letter
	must(t, w.Owner.Select(&all, `SELECT key, recipient, lang, subject, unsubscribe, text_body FROM letters ORDER BY id`))
	for i := range all { // spaces that do not break are spaces to a reader
		all[i].Subject, all[i].Text = strings.ReplaceAll(all[i].Subject, "\u00a0", " "), strings.ReplaceAll(all[i].Text, "\u00a0", " ")
	}
	return all
}

// remind runs a day's reminders at noon and tells how many there were.
func remind(t testing.TB, w *gatewaytest.World, day string) int {
	t.Helper()
	n, err := giving.Remind(t.Context(), w.DB, at(day), site)
	must(t, err)
	return n
}

func TestFourRemindersEachOnItsDay(t *testing.T) {
	t.Parallel()
	w := world(t)
	inParts(t, w, part("2026-04-10", 100), part("2026-12-01", 100))
	var days []string
	for day := gatewaytest.Day("2026-03-02"); day.Before(gatewaytest.Day("2026-07-01")); day = day.AddDate(0, 0, 1) {
		for range remind(t, w, day.Format(time.DateOnly)) {
			days = append(days, day.Format("01-02"))
		}
	}
	if want := []string{"04-03", "04-10", "04-17", "05-01"}; !slices.Equal(days, want) {
		t.Errorf("reminded on %v, want %v", days, want)
	}
	all := letters(t, w)
	if len(all) != 4 || all[0].Recipient != "payer@example.org" || all[0].Lang != "uk" || !strings.Contains(all[0].Subject, "10 квітня 2026") || !strings.Contains(all[0].Text, "1,00") {
		t.Errorf("letters = %+v", all)
	}
}

// Every hour, in several processes, after a crash: a letter is written once.
func TestARemindersJobAtOnceAndAgainWritesOnce(t *testing.T) {
	t.Parallel()
	w := world(t)
	for range 3 {
		inParts(t, w, part("2026-04-10", 100))
	}
	written := make([]int, 6)
	errs := gatewaytest.Together(len(written), func(i int) (err error) {
		written[i], err = giving.Remind(t.Context(), w.DB, at("2026-04-03"), site)
		return err
	})
	must(t, errors.Join(errs...))
	sum := 0
	for _, n := range written {
		sum += n
	}
	if sum != 3 || w.Count("letters") != 3 || w.Count("reminders") != 3 || remind(t, w, "2026-04-03") != 0 {
		t.Errorf("%d written, %d letters", sum, w.Count("letters"))
	}
}

func TestNobodyIsRemindedOfWhatNeedsNoMoney(t *testing.T) {
	t.Parallel()
	w := world(t)
	paid, way, gone, off, late := inParts(t, w, part("2026-04-10", 100)), inParts(t, w, part("2026-04-10", 100)), inParts(t, w, part("2026-04-10", 100)),
		inParts(t, w, part("2026-04-10", 100)), inParts(t, w, part("2026-04-10", 100), part("2026-05-10", 100))
	pays(t, w, paid, 100)
	settle(t, w, started(t, w, way, 100), facts(giving.Processing))
	must(t, cancel(t, w, gone))
	proposal, err := writeOff(t, w, off, 100)
	must(t, err)
	must(t, approveWriteOff(t, w, proposal))
	must(t, amend(t, w, late, part("2026-06-10", 200))) // moved away
	for _, day := range []string{"2026-04-03", "2026-04-10", "2026-04-17", "2026-05-01"} {
		if n := remind(t, w, day); n != 0 {
			t.Errorf("%d reminders on %s: %+v", n, day, letters(t, w))
		}
	}
	if n := remind(t, w, "2026-06-03"); n != 1 { // and of the new day
		t.Errorf("%d reminders of the day it was moved to", n)
	}
}

func TestAReminderAsksForTheRestInItsReadersLanguage(t *testing.T) {
	t.Parallel()
	w := world(t)
	_, err := w.Owner.Exec(`UPDATE people SET lang = 'en' WHERE id = $1`, w.Payer)
	must(t, err)
	id := inParts(t, w, part("2026-04-10", 10_000))
	pays(t, w, id, 4_050)
	if remind(t, w, "2026-04-10") != 1 {
		t.Fatal("no reminder")
	}
	l := letters(t, w)[0]
	p, _ := look(t, w, id)
	for _, words := range []string{"$59.50", "Ganok", "Ventilators", "10 April 2026", p.Reference.String(), site + "/portal/reminders/"} {
		if !strings.Contains(l.Subject+l.Text, words) {
			t.Errorf("the letter does not say %q:\n%s\n%s", words, l.Subject, l.Text)
		}
	}
	if l.Lang != "en" || !strings.HasPrefix(l.Unsubscribe, site+"/reminders/") {
		t.Errorf("letter = %+v", l)
	}
	token := strings.TrimPrefix(l.Unsubscribe, site+"/reminders/")
	if n := w.Count("reminders WHERE encode(token_hash, 'escape') LIKE '%' || $1 || '%'", token); n != 0 || len(token) < 20 {
		t.Errorf("the token %q is kept as it is, or short", token)
	}
}

// Who promised and may no longer pay for the company is not written to; its owners are.
func TestRemindersGoToWhoMayPay(t *testing.T) {
	t.Parallel()
	w := world(t)
	inParts(t, w, part("2026-04-10", 100))
	_, err := w.Owner.Exec(`UPDATE company_roles SET role = 'viewer' WHERE person_id = $1`, w.Payer)
	must(t, err)
	if remind(t, w, "2026-04-10") != 1 || letters(t, w)[0].Recipient != "owner@example.org" {
		t.Errorf("letters = %+v", letters(t, w))
	}
	_, err = w.Owner.Exec(`ALTER TABLE company_roles DISABLE TRIGGER keeps_an_owner`) // a company that never had one
	must(t, err)
	_, err = w.Owner.Exec(`DELETE FROM company_roles WHERE company_id = $1`, w.Company)
	must(t, err)
	if n := remind(t, w, "2026-04-17"); n != 0 {
		t.Errorf("%d reminders to a company with nobody", n)
	}
}

func TestRemindersStopAndComeAgain(t *testing.T) {
	t.Parallel()
	w := world(t)
	inParts(t, w, part("2026-04-10", 100))
	if remind(t, w, "2026-04-03") != 1 {
		t.Fatal("no reminder")
	}
	token := strings.TrimPrefix(letters(t, w)[0].Unsubscribe, site+"/reminders/")
	for range 2 {
		must(t, giving.WishReminders(t.Context(), w.DB, w.Now, token, false))
	}
	if remind(t, w, "2026-04-10") != 0 || w.Count("reminder_wishes") != 1 {
		t.Error("a reminder came although they were stopped, or the wish was written twice")
	}
	must(t, giving.WishReminders(t.Context(), w.DB, w.Now, token, true))
	if remind(t, w, "2026-04-17") != 1 {
		t.Error("they do not come again")
	}
	for _, unknown := range []string{"", "nonsense", "\x00\xff", strings.Repeat("A", 26)} {
		wantFault(t, giving.WishReminders(t.Context(), w.DB, w.Now, unknown, false), fault.NotFound, "reminder.unknown")
	}
}

// A day on which no job ran costs no reminder, and nobody reads "today" on another day.
func TestAMissedDayIsMadeUpFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		day  string
		want int
	}{
		{"2026-04-02", 0}, {"2026-04-03", 1}, {"2026-04-06", 1}, {"2026-04-07", 0}, {"2026-04-10", 1}, {"2026-04-11", 0},
		{"2026-04-16", 0}, {"2026-04-23", 1}, {"2026-04-24", 0}, {"2026-05-01", 1}, {"2026-05-14", 1}, {"2026-05-15", 0},
	} {
		t.Run(c.day, func(t *testing.T) {
			t.Parallel()
			w := world(t)
			inParts(t, w, part("2026-04-10", 100))
			if n := remind(t, w, c.day); n != c.want {
				t.Errorf("the first run writes %d, want %d", n, c.want)
			}
		})
	}
}

// Who has just promised to pay today, or within the week, is not told so an hour later.
func TestAFreshPromiseIsNotRemindedOf(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.Pledge(100)
	inParts(t, w, part("2026-03-08", 100))
	if n := remind(t, w, "2026-03-02"); n != 0 {
		t.Errorf("%d reminders on the day of the promise", n)
	}
	if n := remind(t, w, "2026-03-08"); n != 1 {
		t.Errorf("%d reminders on the day", n)
	}
	if n := remind(t, w, "2026-03-09"); n != 1 { // the one to pay at once is a week late
		t.Errorf("%d reminders a week after", n)
	}
}

func TestCoordinatorsHearOnceAWeekWhatIsAwaited(t *testing.T) {
	t.Parallel()
	w := world(t)
	write := func(now clock.Clock) int {
		t.Helper()
		n, err := giving.WriteDigests(t.Context(), w.DB, now, site)
		must(t, err)
		return n
	}
	late := inParts(t, w, part("2026-04-10", 10_000), part("2026-06-30", 10_000))
	soon := w.Promise(5_000)
	soon.Visibility, soon.DueOn = giving.Anonymous, gatewaytest.Day("2026-04-20")
	_, err := giving.MakePledge(t.Context(), w.DB, w.Now, soon)
	must(t, err)
	if n := write(at("2026-03-31")); n != 0 {
		t.Errorf("%d digests of nothing", n)
	}
	pays(t, w, late, 2_500)
	if n := write(at("2026-04-14")); n != 1 {
		t.Fatalf("%d digests", n)
	}
	for _, day := range []string{"2026-04-15", "2026-04-19"} { // the same week
		if n := write(at(day)); n != 0 {
			t.Errorf("%d more digests on %s", n, day)
		}
	}
	l := letters(t, w)[0]
	for _, words := range []string{"Чекаємо на 2 внески", "З них прострочено 1", "75,00", "50,00", "прострочено від 10 квітня 2026", site + "/office/pledges"} {
		if !strings.Contains(l.Subject+l.Text, words) {
			t.Errorf("the digest does not say %q:\n%s", words, l.Text)
		}
	}
	if l.Recipient != "coordinator@example.org" {
		t.Errorf("the digest goes to %s", l.Recipient)
	}
	if n := write(at("2026-04-20")); n != 1 {
		t.Errorf("%d digests in the next week", n)
	}
	awaited, err := giving.AwaitedBy(t.Context(), w.DB, w.Cluster, gatewaytest.Day("2026-04-20"))
	must(t, err)
	if len(awaited) != 2 || awaited[0].Left().Minor != 7_500 || awaited[1].Left().Minor != 5_000 {
		t.Errorf("awaited = %+v", awaited)
	}
}

// A company's people who also coordinate get what belongs to each role, and nobody hears of
// another cluster's pledges.
func TestDigestsKeepToTheirCluster(t *testing.T) {
	t.Parallel()
	w := world(t)
	inParts(t, w, part(march, 100))
	w.Tx(func(tx *sqlx.Tx) error {
		return member.GiveClusterRole(t.Context(), tx, w.Payer, w.Cluster, member.Coordinator)
	})
	if n, err := giving.WriteDigests(t.Context(), w.DB, at("2026-03-12"), site); err != nil || n != 2 {
		t.Errorf("%d digests, %v", n, err)
	}
	for _, l := range letters(t, w) {
		if l.Recipient == "stranger@example.org" {
			t.Error("another cluster's coordinator was written to")
		}
	}
}
