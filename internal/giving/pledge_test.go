package giving_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// noon is the time of these tests.
var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

const nobody = "01890a5d-ac96-774b-bcce-b302099a8057"

func world(t *testing.T) *gatewaytest.World {
	t.Helper()
	return gatewaytest.NewWorld(t, clock.At(noon), "USD")
}

func wantFault(t *testing.T, err error, kind fault.Kind, key string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Kind != kind || f.Key != key {
		t.Errorf("error = %v, want fault %s", err, key)
	}
}

func TestPledgeIsKeptAsItWasMade(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := w.Promise(1_250_000)
	p.Visibility, p.Message, p.DueOn = giving.Anonymous, "  Для лікарень Харкова 🇺🇦\nвід усіх нас  ", gatewaytest.Day("2026-03-02")
	id, err := giving.MakePledge(t.Context(), w.DB, w.Now, p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := giving.PledgeOf(t.Context(), w.DB, id, w.Viewer)
	if err != nil {
		t.Fatal(err)
	}
	if got.Amount != money.Of(1_250_000, "USD") || got.Visibility != giving.Anonymous || got.Message != "Для лікарень Харкова 🇺🇦\nвід усіх нас" ||
		!got.DueOn.Equal(p.DueOn) || !got.MadeAt.Equal(noon) || got.CampaignSlug != w.Slug || got.Outstanding() != got.Amount {
		t.Errorf("pledge = %+v", got)
	}
	if w.Acts("pledge.made") != 1 || w.Count("ledger.entries") != 0 {
		t.Errorf("%d acts, %d entries: a promise is no money", w.Acts("pledge.made"), w.Count("ledger.entries"))
	}
}

func TestWhoMayPledge(t *testing.T) {
	t.Parallel()
	w := world(t)
	for name, c := range map[string]struct {
		person string
		kind   fault.Kind
		key    string
	}{
		"owner":       {w.CompanyOwner, 0, ""},
		"payer":       {w.Payer, 0, ""},
		"viewer":      {w.Viewer, fault.Forbidden, "company.viewer_cannot_pay"},
		"stranger":    {w.Stranger, fault.NotFound, "company.unknown"},
		"coordinator": {w.Coordinator, fault.NotFound, "company.unknown"},
		"nobody":      {nobody, fault.NotFound, "company.unknown"},
	} {
		p := w.Promise(100)
		p.PersonID = c.person
		_, err := giving.MakePledge(t.Context(), w.DB, w.Now, p)
		if c.key == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if c.key != "" {
			wantFault(t, err, c.kind, c.key)
		}
	}
	if n := w.Count("pledges"); n != 2 {
		t.Errorf("%d pledges, want 2", n)
	}
}

func TestWhatCannotBePledged(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.AddCampaign("draft", campaign.Draft)
	w.AddCampaign("closed", campaign.Closed)
	w.AddCampaign("settled", campaign.Settled)
	for name, c := range map[string]struct {
		change func(*giving.Promise)
		kind   fault.Kind
		key    string
		field  string
	}{
		"nothing":           {func(p *giving.Promise) { p.Amount.Minor = 0 }, fault.Invalid, "money.zero", "amount"},
		"less than nothing": {func(p *giving.Promise) { p.Amount.Minor = -1 }, fault.Invalid, "money.zero", "amount"},
		"other currency":    {func(p *giving.Promise) { p.Amount.Currency = "EUR" }, fault.Invalid, "pledge.other_currency", "amount"},
		"no visibility":     {func(p *giving.Promise) { p.Visibility = "" }, fault.Invalid, "pledge.visibility", "visibility"},
		"odd visibility":    {func(p *giving.Promise) { p.Visibility = "loud" }, fault.Invalid, "pledge.visibility", "visibility"},
		"NUL":               {func(p *giving.Promise) { p.Message = "a\x00b" }, fault.Invalid, "text.not_utf8", "message"},
		"no UTF-8":          {func(p *giving.Promise) { p.Message = "\xd0" }, fault.Invalid, "text.not_utf8", "message"},
		"surrogate":         {func(p *giving.Promise) { p.Message = "\xed\xa0\x80" }, fault.Invalid, "text.not_utf8", "message"},
		"501 letters":       {func(p *giving.Promise) { p.Message = strings.Repeat("ї", 501) }, fault.Invalid, "text.too_long", "message"},
		"due yesterday":     {func(p *giving.Promise) { p.DueOn = gatewaytest.Day("2026-03-01") }, fault.Invalid, "pledge.due_in_the_past", "due_on"},
		"due in the year 9": {func(p *giving.Promise) { p.DueOn = gatewaytest.Day("0009-01-01") }, fault.Invalid, "pledge.due_in_the_past", "due_on"},
		"due in five years": {func(p *giving.Promise) { p.DueOn = gatewaytest.Day("2031-03-03") }, fault.Invalid, "pledge.due_too_far", "due_on"},
		"unknown campaign":  {func(p *giving.Promise) { p.CampaignSlug = "unicorns" }, fault.NotFound, "campaign.unknown", ""},
		"draft":             {func(p *giving.Promise) { p.CampaignSlug = "draft" }, fault.NotFound, "campaign.unknown", ""},
		"closed":            {func(p *giving.Promise) { p.CampaignSlug = "closed" }, fault.Conflict, "campaign.closed", ""},
		"settled":           {func(p *giving.Promise) { p.CampaignSlug = "settled" }, fault.Conflict, "campaign.closed", ""},
		"no company":        {func(p *giving.Promise) { p.CompanyID = "" }, fault.NotFound, "company.unknown", ""},
		"unknown company":   {func(p *giving.Promise) { p.CompanyID = nobody }, fault.NotFound, "company.unknown", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.Promise(100)
			c.change(&p)
			_, err := giving.MakePledge(t.Context(), w.DB, w.Now, p)
			wantFault(t, err, c.kind, c.key)
			if f, _ := fault.As(err); f != nil && f.Field != c.field {
				t.Errorf("the fault is about %q, want %q", f.Field, c.field)
			}
		})
	}
	if n := w.Count("pledges") + w.Count("audit_acts"); n != 0 {
		t.Errorf("%d rows of refused pledges", n)
	}
}

func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	p := giving.Promise{Message: "\xff", Visibility: "x", DueOn: noon.AddDate(-1, 0, 0)}
	var form fault.Form
	if err := p.Check(noon); !errors.As(err, &form) || len(form) != 4 {
		t.Errorf("error = %v", err)
	}
}

func TestLastLetterAndLastDayAreAllowed(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := w.Promise(1)
	p.Message, p.DueOn = strings.Repeat("ї", 500), gatewaytest.Day("2031-03-02")
	if _, err := giving.MakePledge(t.Context(), w.DB, w.Now, p); err != nil {
		t.Error(err)
	}
}

// A company belongs to a cluster from a day on and until a day; the last day is not one.
func TestMembershipIsNeededOnTheDay(t *testing.T) {
	t.Parallel()
	w := world(t)
	for name, c := range map[string]struct {
		since, until string
		member       bool
	}{
		"since long":       {"2020-01-01", "", true},
		"since today":      {"2026-03-02", "", true},
		"since tomorrow":   {"2026-03-03", "", false},
		"until tomorrow":   {"2020-01-01", "2026-03-03", true},
		"until today":      {"2020-01-01", "2026-03-02", false},
		"until last year":  {"2020-01-01", "2025-01-01", false},
		"not a member yet": {"", "", false},
	} {
		if _, err := w.Owner.Exec(`DELETE FROM memberships`); err != nil {
			t.Fatal(err)
		}
		if c.since != "" {
			if _, err := w.Owner.Exec(`INSERT INTO memberships (company_id, cluster_id, kind, since, until) VALUES ($1, $2, 'member', $3, nullif($4, '')::date)`,
				w.Company, w.Cluster, c.since, c.until); err != nil {
				t.Fatal(err)
			}
		}
		// Late in the evening in Kyiv, when zones to the east have tomorrow already.
		_, err := giving.MakePledge(t.Context(), w.DB, clock.At(noon.Add(9*time.Hour+59*time.Minute)), w.Promise(100))
		if c.member && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !c.member {
			wantFault(t, err, fault.Forbidden, "pledge.not_a_member")
		}
	}
}

func TestNobodyRewritesAPledge(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.Pledge(100)
	for _, db := range []*sqlx.DB{w.DB, w.Owner} {
		for _, change := range []string{`UPDATE pledges SET amount_minor = 1`, `DELETE FROM pledges`, `TRUNCATE pledges CASCADE`} {
			if _, err := db.Exec(change); pg.Code(err) != "LG004" && pg.Code(err) != "42501" {
				t.Errorf("%s: %v", change, err)
			}
		}
	}
}

// Another's pledge and no pledge at all must look the same.
func TestAnotherCompanysPledgeIsLikeNone(t *testing.T) {
	t.Parallel()
	w := world(t)
	pledge := w.Pledge(100)
	payment, err := giving.StartPayment(t.Context(), w.DB, w.Now, start(w, pledge, 100))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{pledge, nobody, "", "1' OR '1'='1", "\x00"} {
		_, err := giving.PledgeOf(t.Context(), w.DB, id, w.Stranger)
		wantFault(t, err, fault.NotFound, "pledge.unknown")
		s := start(w, id, 100)
		s.PersonID = w.Stranger
		_, err = giving.StartPayment(t.Context(), w.DB, w.Now, s)
		wantFault(t, err, fault.NotFound, "pledge.unknown")
	}
	for _, id := range []string{payment.ID, nobody, "", "\x00"} {
		_, err := giving.PaymentOf(t.Context(), w.DB, id, w.Stranger)
		wantFault(t, err, fault.NotFound, "payment.unknown")
	}
	all, err := giving.PledgesOf(t.Context(), w.DB, w.Company, w.Stranger, "")
	if err != nil || len(all) != 0 {
		t.Errorf("the stranger sees %d pledges, %v", len(all), err)
	}
}

func TestPledgesComeInPages(t *testing.T) {
	t.Parallel()
	w := world(t)
	var made []string
	for range giving.PageSize + 3 {
		made = append(made, w.Pledge(100))
	}
	slices.Reverse(made)
	var listed []string
	for after := ""; ; after = listed[len(listed)-1] {
		page, err := giving.PledgesOf(t.Context(), w.DB, w.Company, w.Viewer, after)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, p := range page {
			listed = append(listed, p.ID)
		}
	}
	if !slices.Equal(listed, made) {
		t.Errorf("listed %d pledges in another order or number than the %d made", len(listed), len(made))
	}
	_, err := giving.PledgesOf(t.Context(), w.DB, w.Company, w.Viewer, "last")
	wantFault(t, err, fault.NotFound, "page.unknown")
}

func TestRolesThatMayPay(t *testing.T) {
	t.Parallel()
	for role, may := range map[member.CompanyRole]bool{member.Owner: true, member.Payer: true, member.Viewer: false, "": false, "boss": false} {
		if role.MayPay() != may {
			t.Errorf("%q may pay: %v", role, role.MayPay())
		}
	}
}
