package office_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/web/office"
	"kopiyka/internal/web/webtest"
)

// draft is the form of a new campaign that is taken as it stands, with changes.
func (d *desk) draft(change ...string) url.Values {
	form := url.Values{
		"cluster": {d.Cluster}, "title_uk": {"Дахи"}, "title_en": {"Roofs"}, "summary_uk": {"Коротко"}, "summary_en": {"In short"},
		"goal": {"50000"}, "currency": {"USD"}, "opens_on": {clock.Day(d.Now()).Format("2006-01-02")},
	}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

// wrote lets the coordinator write a draft and returns its address.
func (d *desk) wrote(change ...string) string {
	address, notice, _ := strings.Cut(d.coordinator.Post("/office/campaigns", d.draft(change...)).Wants(http.StatusSeeOther).Location(), "?")
	if notice != "notice=written" || !strings.HasPrefix(address, "/office/campaigns/") {
		panic("leads to " + address)
	}
	return address
}

// needsOf is where needs are added to the only purpose of a campaign's page.
func (d *desk) needsOf(page webtest.Answer) string {
	up := page.Attr("[aria-labelledby=purposes] section form", "action") // the one button: it is withdrawn
	return strings.TrimSuffix(up, "/withdraw") + "/needs"
}

// filled is a form of a page as it stands, with changes.
func filled(page webtest.Answer, action string, change ...string) url.Values {
	form := page.Form("main form[action=" + action + "]")
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

// The first day: an empty board says what to do, and each page says the next step.
func TestTheFirstDayLeadsFromPageToPage(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	if _, err := d.Owner.Exec(`ALTER TABLE campaigns DISABLE TRIGGER discarded; SET LOCAL session_replication_role = replica; DELETE FROM purposes; DELETE FROM campaigns`); err != nil {
		t.Fatal(err)
	}
	board := d.coordinator.Get("/office").Wants(http.StatusOK).Says(".empty", "The first step is to write a campaign")
	if got := board.Attr(".empty a", "href"); got != "/office/campaigns/new" {
		t.Errorf("the empty board leads to %q", got)
	}
	if d.approver.Get("/office").Wants(http.StatusOK).Has(".empty a") {
		t.Error("who may not write is led to writing")
	}
	d.coordinator.Get("/office/campaigns/new").Wants(http.StatusOK)
	at := d.wrote()
	page := d.coordinator.Get(at+"?notice=written").Wants(http.StatusOK).Says(".notice", "The draft is saved").Says("[aria-labelledby=checks]", "2 things are missing")
	for _, way := range []string{at + "/texts#story_uk", at + "/purposes/new"} {
		if !page.Has(".check a[href=" + way + "]") {
			t.Errorf("no way to %s", way)
		}
	}
	if page.Has("form[action=" + at + "/open]") {
		t.Error("what is not ready can be opened")
	}
	d.coordinator.Get("/office").Wants(http.StatusOK).Says("main .table", "Finish and open it")

	texts := d.coordinator.Get(at + "/texts").Wants(http.StatusOK)
	d.coordinator.Post(at+"/texts", filled(texts, at+"/texts", "story_uk", "Розповідь", "story_en", "A story")).LeadsTo(at + "?notice=saved")
	d.coordinator.Post(at+"/purposes", url.Values{"title_uk": {"Шифер"}, "title_en": {"Slate"}}).LeadsTo(at + "?notice=purpose")
	page = d.coordinator.Get(at).Wants(http.StatusOK).Says("[aria-labelledby=checks]", "All is there")
	d.coordinator.Post(d.needsOf(page), url.Values{"item_uk": {"Лист"}, "item_en": {"Sheet"}, "quantity": {"1 200"}, "unit_uk": {"шт."}, "unit_en": {"pcs"}}).LeadsTo(at + "?notice=need")
	page = d.coordinator.Get(at).Wants(http.StatusOK).Says(".crew", "1,200")
	d.coordinator.Post(at+"/open", filled(page, at+"/open")).LeadsTo(at + "?notice=opened")
	page = d.coordinator.Get(at+"?notice=opened").Wants(http.StatusOK).Says(".notice", "The campaign is open")
	if got := page.Attr(".notice a", "href"); got != "/en/campaigns/roofs" {
		t.Errorf("leads to %q", got)
	}
	for _, way := range []string{"/goal", "/texts", "/terms", "/currencies"} {
		d.coordinator.Get(at + way).Wants(http.StatusOK)
	}
}

func TestDraftsAreSeenByTheirClusterAlone(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	at := d.wrote()
	shown := ""
	house := webtest.Open(t, d.DB, func(g *echo.Group) {
		office.New(d.DB, d.Gateway, d.Now).Previews(func(c echo.Context, slug, back string) error {
			shown = slug + " " + back
			return c.NoContent(http.StatusOK)
		}).Routes(g)
	})
	house.As(d.Coordinator).Get(at + "/preview").Wants(http.StatusOK)
	if shown != "roofs "+at {
		t.Errorf("shown: %q", shown)
	}
	house.As(d.Approver).Get(at + "/preview").Wants(http.StatusOK)
	d.approver.Get(at).Wants(http.StatusOK)
	for _, path := range []string{at, at + "/preview", at + "/texts", at + "/terms", at + "/goal", at + "/purposes/new"} {
		house.As(d.Stranger).Get(path).Wants(http.StatusNotFound)
		house.As(d.Payer).Get(path).Wants(http.StatusNotFound)
	}
	if d.approver.Get(at).Wants(http.StatusOK).Has("main form") {
		t.Error("who only looks is offered to change it")
	}
	house.As(d.Coordinator).Get("/office/campaigns/" + d.Slug + "/preview").LeadsTo("/en/campaigns/" + d.Slug)
}

// Two people write at once: the second is told, keeps what was typed, sees what is there
// now, and may save over it.
func TestTheSecondOfTwoKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	at := d.wrote()
	form := d.coordinator.Get(at + "/texts").Wants(http.StatusOK)
	mine := filled(form, at+"/texts", "title_en", "Mine", "story_en", "My story")
	d.coordinator.Post(at+"/texts", filled(form, at+"/texts", "title_en", "Theirs")).Wants(http.StatusSeeOther)
	page := d.coordinator.Post(at+"/texts", mine).Wants(http.StatusConflict).Says("[role=alert]", "Somebody else changed the campaign").Says("#title_en-e", "What stands here now: Theirs")
	if page.Attr("#title_en", "value") != "Mine" || page.Text("#story_en") != "My story" {
		t.Error("what was typed is gone")
	}
	d.coordinator.Post(at+"/texts", filled(page, at+"/texts")).LeadsTo(at + "?notice=saved")
	d.coordinator.Get(at).Wants(http.StatusOK).Says("h1", "Mine")
}

// Everything that people type anywhere in these forms gets a clear answer, and is kept.
func TestEveryFieldOfACampaignTakesBadInput(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	at := d.wrote()
	d.coordinator.Post(at+"/purposes", url.Values{"title_uk": {"Шифер"}, "title_en": {"Slate"}}).Wants(http.StatusSeeOther)
	needs := d.needsOf(d.coordinator.Get(at))
	d.coordinator.Post(needs, url.Values{"item_uk": {"Лист"}, "item_en": {"Sheet"}, "quantity": {"1"}, "unit_uk": {"шт."}, "unit_en": {"pcs"}}).Wants(http.StatusSeeOther)
	page := d.coordinator.Get(at)
	purpose, need := strings.TrimSuffix(needs, "/needs"), page.Attr(".crew a", "href")
	bad := map[string]string{
		"long": strings.Repeat("ї", 100_000), "long in Latin": strings.Repeat("x", 100_000), "turned": "abc\u202etxt.exe", "isolated": "\u2067abc", "unseen": "\u200b\u200d\u200b", "bell": "a\x07b",
	}
	forms := []struct {
		get, post string
		fields    []string
	}{
		{"/office/campaigns/new", "/office/campaigns", []string{"title_uk", "title_en", "summary_uk", "summary_en", "goal", "opens_on", "closes_on"}},
		{at + "/texts", at + "/texts", []string{"title_uk", "title_en", "summary_uk", "summary_en", "story_uk", "story_en", "note_uk", "note_en"}},
		{at + "/terms", at + "/terms", []string{"goal", "opens_on", "closes_on", "address", "programme_uk", "programme_en"}},
		{purpose, purpose, []string{"title_uk", "title_en", "about_uk", "about_en"}},
		{need, need, []string{"item_uk", "item_en", "quantity", "unit_uk", "unit_en", "recipient_uk", "recipient_en"}},
	}
	for _, f := range forms {
		shown := d.coordinator.Get(f.get).Wants(http.StatusOK)
		for _, field := range f.fields {
			for what, typed := range bad {
				form := filled(shown, f.post, field, typed)
				form.Set("cluster", d.Cluster)
				page := d.coordinator.In(t).Post(f.post, form).Wants(http.StatusUnprocessableEntity)
				if !page.Has("#"+field+"-e") || !page.Has("[role=alert] a[href=#"+field+"]") {
					t.Errorf("%s %s, %s: nothing is said about it", f.post, field, what)
				}
				if kept := page.Form("main form[action=" + f.post + "]").Get(field); strings.TrimSpace(kept) != strings.TrimSpace(typed) && what != "bell" {
					t.Errorf("%s %s, %s: %d characters of %d are kept", f.post, field, what, len(kept), len(typed))
				}
			}
		}
	}
	// All that is wrong is said at once, in the order of the fields.
	all := d.coordinator.Post("/office/campaigns", d.draft("title_uk", "", "goal", "1,005", "closes_on", "never")).Wants(http.StatusUnprocessableEntity).Text("[role=alert]")
	for i, words := range []string{"Title in Ukrainian", "Goal", "Last day"} {
		if at := strings.Index(all, words); at < 0 {
			t.Errorf("%q does not say %q, or not as the %d.", all, words, i+1)
		} else {
			all = all[at:]
		}
	}
	for field, typed := range map[string]string{"goal": "1,005", "opens_on": "31.12.2026", "closes_on": "2026-13-01", "address": "New", "programme_en": "Homes"} {
		d.coordinator.In(t).Post(at+"/terms", filled(d.coordinator.Get(at+"/terms"), at+"/terms", field, typed)).Wants(http.StatusUnprocessableEntity)
	}
	if d.Count("audit_acts WHERE act IN ('campaign.changed', 'purpose.changed', 'need.changed')") != 0 {
		t.Error("something was taken that was refused")
	}
	// Markup and formulas are text.
	text := "<img src=x onerror=alert(1)> =HYPERLINK(\"http://x\") \u200fשלום"
	d.coordinator.Post(at+"/texts", filled(d.coordinator.Get(at+"/texts"), at+"/texts", "title_en", text, "story_en", text)).Wants(http.StatusSeeOther)
	if page := d.coordinator.Get(at).Wants(http.StatusOK).Says("h1", "onerror=alert(1)"); page.Has("h1 img") {
		t.Error("markup in a title is markup")
	}
}

func TestACampaignEndsAndBeginsAgainInTheOffice(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	at := "/office/campaigns/" + d.Slug
	page := d.coordinator.Get(at).Wants(http.StatusOK)
	version := filled(page, at+"/close")
	d.coordinator.Post(at+"/open", version).LeadsTo(at + "?notice=opened") // it is open already
	d.coordinator.Post(at+"/settle", version).Wants(http.StatusConflict).Says("[role=alert]", "in another state")
	d.coordinator.Post(at+"/close", version).LeadsTo(at + "?notice=closed")
	page = d.coordinator.Get(at).Wants(http.StatusOK).Says("[aria-labelledby=settling]", "Every kopiyka is accounted for")
	refused := d.coordinator.Post(at+"/reopen", filled(page, at+"/reopen", "reason", "  ", "closes_on", "2020-01-01")).Wants(http.StatusUnprocessableEntity).
		Says("#reason-e", "Write the reason").Says("#closes_on-e", "This day is over")
	if refused.Attr("#closes_on", "value") != "2020-01-01" || !refused.Has("details[open]") {
		t.Error("what was typed is gone, or the form is shut")
	}
	d.coordinator.Post(at+"/reopen", filled(page, at+"/reopen", "reason", "Thirty roofs more")).LeadsTo(at + "?notice=reopened")
	d.coordinator.Get(at).Wants(http.StatusOK).Says("[aria-labelledby=reasons]", "Thirty roofs more")
	goal := d.coordinator.Get(at + "/goal").Wants(http.StatusOK)
	d.coordinator.Post(at+"/goal", filled(goal, at+"/goal", "goal", "abc", "reason", "R")).Wants(http.StatusUnprocessableEntity).Says("#goal-e", "digits")
	d.coordinator.Post(at+"/goal", filled(goal, at+"/goal", "goal", "2,000,000", "reason", "More roofs")).LeadsTo(at + "?notice=goal")
	d.coordinator.Get(at).Wants(http.StatusOK).Says("[aria-labelledby=reasons]", "Goal changed from")
	for _, act := range []string{"/open", "/close", "/reopen", "/settle", "/goal", "/texts", "/terms"} {
		d.approver.Post(at+act, version).Wants(http.StatusForbidden)
		d.coordinator.Post("/office/campaigns/nothing"+act, version).Wants(http.StatusNotFound)
	}
	d.coordinator.Get(at + "/close").LeadsTo(at)
}

// A form that was begun while nobody had opened the campaign is not taken afterwards.
func TestAFormFromBeforeTheOpeningIsOld(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	at := d.wrote()
	page := d.coordinator.Get(at + "/terms").Wants(http.StatusOK)
	d.coordinator.Post(at+"/texts", filled(d.coordinator.Get(at+"/texts"), at+"/texts", "story_uk", "Р", "story_en", "S")).Wants(http.StatusSeeOther)
	d.coordinator.Post(at+"/purposes", url.Values{"title_uk": {"Шифер"}, "title_en": {"Slate"}}).Wants(http.StatusSeeOther)
	d.coordinator.Post(at+"/open", filled(d.coordinator.Get(at), at+"/open")).LeadsTo(at + "?notice=opened")
	d.coordinator.Post(at+"/terms", filled(page, at+"/terms", "address", "tents", "goal", "1")).Wants(http.StatusConflict)
	if c, err := campaign.BySlug(t.Context(), d.DB, "roofs"); err != nil || c.Goal.Minor != 5_000_000 {
		t.Errorf("goal = %v, %v", c.Goal, err)
	}
}
