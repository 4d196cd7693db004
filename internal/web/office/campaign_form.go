package office

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// toNewCampaign serves GET /office/campaigns.
func (o *Office) toNewCampaign(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, CampaignsPath+"/new")
}

// newCampaign serves GET /office/campaigns/new: as little as a draft begins with.
func (o *Office) newCampaign(c echo.Context) error {
	return o.showNewCampaign(c, url.Values{"currency": {"UAH"}, "opens_on": {clock.Day(o.now()).Format(time.DateOnly)}}, page.Form{})
}

func (o *Office) showNewCampaign(c echo.Context, typed url.Values, form page.Form) error {
	clusters := coordinated(visitor(c))
	if len(clusters) == 0 {
		return fault.New(fault.Forbidden, "campaign.coordinators_only")
	}
	b := page.Of(c)
	b.Path = CampaignsPath + "/new"
	l := b.Lang
	f := campaignForm{l, typed, form}
	questions := []page.Field{f.one("title_uk"), f.optional("title_en"), f.lines("summary_uk", 3), f.lines("summary_en", 3), f.goal(""), f.currency(), f.date("opens_on"), f.optional("closes_on")}
	for i := range questions[2:4] {
		questions[2+i].Optional = true
	}
	questions[4].Optional, questions[7].Type = true, "date"
	ask := page.Ask{Action: CampaignsPath, Button: l.T("campaign.write.button"), Cancel: page.Link{Href: "/office", Text: l.T("campaign.write.cancel")}}
	if len(clusters) > 1 {
		questions = slices.Insert(questions, 0, f.cluster(clusters))
	} else {
		ask.Hidden = []page.Hidden{{Name: "cluster", Value: clusters[0].ClusterID}}
	}
	ask.Questions = page.Fields(questions...)
	v := askPage{Base: b, Title: l.T("campaign.write"), Lead: l.T("campaign.write_lead"), Ask: ask, Errors: form.Summary(ask.Labels())}
	return c.Render(form.Status(), "office/ask", v)
}

// writeCampaign serves POST /office/campaigns.
func (o *Office) writeCampaign(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	w := campaign.Wish{PersonID: visitor(c).ID, ClusterID: form.Get("cluster")}
	slug := ""
	if err = readInto(&w, form, partTitle, partTerms); err == nil {
		slug, err = campaign.Write(c.Request().Context(), o.db, o.now, w)
	}
	if err == nil {
		return c.Redirect(http.StatusSeeOther, campaignPath(slug)+"?notice=written")
	}
	if f, ok := fault.As(err); ok && f.Kind == fault.Forbidden {
		return err
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showNewCampaign(c, form, faults)
}

// The parts of a campaign that have forms.
const (
	partTitle = "title" // its names and what it is in short
	partTexts = "texts" // the story and the note
	partTerms = "terms" // goal, currency, days, programme, address
)

// campaignTexts serves GET /office/campaigns/:slug/texts.
func (o *Office) campaignTexts(c echo.Context) error {
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	return o.showCampaignTexts(c, d, textsOf(d), page.Form{})
}

func textsOf(d campaign.Desk) url.Values {
	return url.Values{
		"title_uk": {d.Title.UK}, "title_en": {d.Title.EN}, "summary_uk": {d.Summary.UK}, "summary_en": {d.Summary.EN},
		"story_uk": {d.Story.UK}, "story_en": {d.Story.EN}, "note_uk": {d.Note.UK}, "note_en": {d.Note.EN},
	}
}

func (o *Office) showCampaignTexts(c echo.Context, d campaign.Desk, typed url.Values, form page.Form) error {
	b := page.Of(c)
	b.Path = campaignPath(d.Slug) + "/texts"
	f := campaignForm{b.Lang, typed, form}
	questions := []page.Field{f.one("title_uk"), f.one("title_en"), f.lines("summary_uk", 3), f.lines("summary_en", 3), f.lines("story_uk", 12), f.lines("story_en", 12), f.lines("note_uk", 2), f.lines("note_en", 2)}
	for i := range questions {
		questions[i].Optional = i >= 6 || d.State == campaign.Draft && i > 0
	}
	lead := "campaign.texts_lead"
	if d.State != campaign.Draft {
		lead = "campaign.texts_lead_open"
	}
	return showPart(c, b, d, b.Lang.T("campaign.to_texts"), b.Lang.T(lead), questions, textsOf(d), form)
}

// showPart shows the form of one part of a campaign. When somebody else has changed the
// campaign meanwhile, each field says what stands there now, and sending again writes over
// it: the form carries the version that it was shown beside.
func showPart(c echo.Context, b page.Base, d campaign.Desk, title, lead string, questions []page.Field, there url.Values, form page.Form) error {
	if err := mayChange(d); err != nil {
		return err
	}
	l := b.Lang
	if form.Status() == http.StatusConflict {
		for i, q := range questions {
			if now := there.Get(q.Name); strings.TrimSpace(q.Value) != now {
				questions[i].Error = l.T("campaign.now_there", shortened(l, now))
			}
		}
	}
	v := askPage{
		Base: b, Kicker: []page.Link{{Href: campaignPath(d.Slug), Text: titleOf(l, d)}}, Title: title, Lead: lead,
		Ask: page.Ask{Action: b.Path, Hidden: version(d), Questions: page.Fields(questions...), Button: l.T("campaign.save"), Cancel: backTo(l, d)},
	}
	v.Errors = form.Summary(v.Ask.Labels())
	return c.Render(form.Status(), "office/ask", v)
}

// shortened is as much of a text as fits beside a field.
func shortened(l i18n.Lang, text string) string {
	const most = 400
	if text == "" {
		return l.T("campaign.nothing_there")
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// setCampaignTexts serves POST /office/campaigns/:slug/texts.
func (o *Office) setCampaignTexts(c echo.Context) error {
	return o.setPart(c, o.showCampaignTexts, partTitle, partTexts)
}

// campaignTerms serves GET /office/campaigns/:slug/terms.
func (o *Office) campaignTerms(c echo.Context) error {
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	return o.showCampaignTerms(c, d, termsOf(d), page.Form{})
}

func termsOf(d campaign.Desk) url.Values {
	v := url.Values{"currency": {string(d.Goal.Currency)}, "opens_on": {d.OpensOn.Format(time.DateOnly)}, "programme": {d.ProgrammeID}, "address": {d.Slug}}
	if d.Goal.Minor > 0 {
		v.Set("goal", d.Goal.Plain())
	}
	if !d.ClosesOn.IsZero() {
		v.Set("closes_on", d.ClosesOn.Format(time.DateOnly))
	}
	return v
}

func (o *Office) showCampaignTerms(c echo.Context, d campaign.Desk, typed url.Values, form page.Form) error {
	b := page.Of(c)
	b.Path = campaignPath(d.Slug) + "/terms"
	l := b.Lang
	f := campaignForm{l, typed, form}
	programmes, err := campaign.Programmes(c.Request().Context(), o.db, d.ClusterID)
	if err != nil {
		return err
	}
	closes := f.optional("closes_on")
	closes.Type = "date"
	questions := []page.Field{closes, f.programme(programmes), f.optional("programme_uk"), f.optional("programme_en")}
	lead := l.T("campaign.terms_lead_open")
	if d.State == campaign.Draft {
		lead = l.T("campaign.terms_lead")
		questions = append([]page.Field{f.goal(""), f.currency(), f.date("opens_on")}, append(questions, f.one("address"))...)
	}
	return showPart(c, b, d, l.T("campaign.to_terms"), lead, questions, termsOf(d), form)
}

// setCampaignTerms serves POST /office/campaigns/:slug/terms.
func (o *Office) setCampaignTerms(c echo.Context) error {
	return o.setPart(c, o.showCampaignTerms, partTerms)
}

// setPart writes some parts of a campaign as they were typed and leaves the rest as it is.
func (o *Office) setPart(c echo.Context, show shown, parts ...string) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	if err := mayChange(d); err != nil {
		return err
	}
	w := campaign.Wish{
		PersonID: visitor(c).ID, Slug: d.Slug, Version: seen(form), Address: d.Slug, ProgrammeID: d.ProgrammeID,
		Title: d.Title, Summary: d.Summary, Story: d.Story, Note: d.Note, Goal: d.Goal, OpensOn: d.OpensOn, ClosesOn: d.ClosesOn,
	}
	if d.State != campaign.Draft { // the form did not ask
		for field, there := range map[string]string{"currency": string(d.Goal.Currency), "goal": d.Goal.Plain(), "opens_on": d.OpensOn.Format(time.DateOnly), "address": d.Slug} {
			form.Set(field, there)
		}
	}
	slug := ""
	if err = readInto(&w, form, parts...); err == nil {
		slug, err = campaign.Save(c.Request().Context(), o.db, o.now, w)
	}
	if err == nil {
		return o.campaignDone(c, slug, "saved")
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	if d, err = o.onDesk(c); err != nil {
		return err
	}
	return show(c, d, form, faults)
}

// readInto takes what was typed in some parts into a wish, or says all that cannot be read.
func readInto(w *campaign.Wish, form url.Values, parts ...string) error {
	text := func(name string) campaign.Text {
		return campaign.Text{UK: page.Text(form, name+"_uk"), EN: page.Text(form, name+"_en")}
	}
	if slices.Contains(parts, partTitle) {
		w.Title, w.Summary = text("title"), text("summary")
	}
	if slices.Contains(parts, partTexts) {
		w.Story, w.Note = text("story"), text("note")
	}
	if !slices.Contains(parts, partTerms) {
		return nil
	}
	w.NewProgramme, w.ProgrammeID, w.Address = text("programme"), form.Get("programme"), form.Get("address")
	var wrong fault.Form
	w.Goal = money.Of(0, readCode(form.Get("currency")))
	if typed := strings.TrimSpace(form.Get("goal")); typed != "" && w.Goal.Currency.Known() {
		goal, err := money.Parse(typed, w.Goal.Currency)
		if err == nil && goal.Minor == 0 {
			err = fault.In("goal", "campaign.goal_range")
		}
		if err := wrong.Add("goal", err); err != nil {
			return err
		}
		w.Goal = goal
	}
	for _, day := range []struct {
		field string
		into  *time.Time
	}{{"opens_on", &w.OpensOn}, {"closes_on", &w.ClosesOn}} {
		var err error
		if *day.into, err = typedDay(day.field, form.Get(day.field)); err != nil {
			if err := wrong.Add(day.field, err); err != nil {
				return err
			}
		}
	}
	return withTheRest(*w, wrong)
}

// withTheRest adds what else is wrong with a wish, so that everything is said at once.
func withTheRest(w campaign.Wish, wrong fault.Form) error {
	if len(wrong) == 0 {
		return nil
	}
	for _, f := range wrong { // these were said already
		switch f.Field {
		case "goal":
			w.Goal = money.Of(0, "UAH")
		case "opens_on":
			w.OpensOn, w.ClosesOn = time.Unix(0, 0), time.Time{}
		case "closes_on":
			w.ClosesOn = time.Time{}
		}
	}
	var more fault.Form
	if errors.As(w.Check(), &more) {
		wrong = append(more, wrong...)
	}
	slices.SortStableFunc(wrong, func(a, b *fault.Fault) int { return cmp.Compare(placeOf(a.Field), placeOf(b.Field)) })
	return wrong.Err()
}

// placeOf is where a field stands: texts, in their own order, before the terms in theirs.
func placeOf(field string) int {
	return slices.Index([]string{"goal", "currency", "opens_on", "closes_on", "programme", "programme_uk", "programme_en", "address"}, field)
}

// campaignForm makes the fields of a campaign's forms out of what was typed.
type campaignForm struct {
	l     i18n.Lang
	typed url.Values
	form  page.Form
}

func (f campaignForm) one(name string) page.Field {
	hints := map[string]bool{"title_uk": true, "summary_uk": true, "story_uk": true, "note_uk": true, "goal": true, "currency": true, "opens_on": true, "closes_on": true, "address": true, "programme_uk": true}
	field := page.Field{ID: name, Name: name, Label: f.l.T("campaign.field." + name), Value: f.typed.Get(name), Error: f.form.Error(name), Autocomplete: "off"}
	if hints[name] {
		field.Hint = f.l.T("campaign.field." + name + "_hint")
	}
	return field
}

func (f campaignForm) optional(name string) page.Field {
	field := f.one(name)
	field.Optional = true
	return field
}

func (f campaignForm) lines(name string, rows int) page.Field {
	field := f.one(name)
	field.Rows = rows
	return field
}

func (f campaignForm) date(name string) page.Field {
	field := f.one(name)
	field.Type = "date"
	return field
}

func (f campaignForm) goal(unit string) page.Field {
	field := f.one("goal")
	field.Sum, field.Unit = true, unit
	return field
}

// usual are the currencies that a list offers; any other that is there stays in it.
var usual = []string{"UAH", "USD", "EUR", "GBP", "PLN", "CZK", "CHF"}

func (f campaignForm) currency() page.Field {
	field := f.one("currency")
	all := usual
	if chosen := f.typed.Get("currency"); chosen != "" && !slices.Contains(all, chosen) {
		all = append(slices.Clone(all), chosen)
	}
	for _, code := range all {
		field.Options = append(field.Options, page.Option{Value: code, Text: code, Chosen: code == f.typed.Get("currency")})
	}
	return field
}

func (f campaignForm) cluster(all []member.ClusterPost) page.Field {
	field := f.one("cluster")
	for _, post := range all {
		field.Options = append(field.Options, page.Option{Value: post.ClusterID, Text: post.Name.In(f.l), Chosen: post.ClusterID == f.typed.Get("cluster")})
	}
	return field
}

func (f campaignForm) programme(all []campaign.Programme) page.Field {
	field := f.one("programme")
	field.Options = []page.Option{{Text: f.l.T("campaign.no_programme")}}
	for _, p := range all {
		field.Options = append(field.Options, page.Option{Value: p.ID, Text: in(f.l, p.TitleUK, p.TitleEN), Chosen: p.ID == f.typed.Get("programme")})
	}
	return field
}
