package office

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// addSteps offers what may become of the campaign as a whole.
func (o *Office) addSteps(c echo.Context, v *campaignPage, d campaign.Desk, typed url.Values, form page.Form) error {
	l, at := v.Lang, campaignPath(d.Slug)
	switch d.State {
	case campaign.Draft:
		missing, err := o.missing(c, d)
		if err != nil {
			return err
		}
		v.Checks = partChecks(l, d, missing)
		if len(missing) > 0 {
			v.NotYet = l.N("campaign.open.not_yet", int64(len(missing)))
			return nil
		}
		v.Open = page.Press{Action: at + "/open", Text: l.T("campaign.open.button"), Hidden: version(d)}
	case campaign.Open:
		v.Close = page.Press{Action: at + "/close", Text: l.T("campaign.close.button"), Hidden: version(d)}
	case campaign.Closed:
		v.Reopen = reopenAsk(l, d, typed, form)
		return o.addSettling(c, v, d)
	}
	return nil
}

// partChecks are the parts in order, each with the place where it is added.
func partChecks(l i18n.Lang, d campaign.Desk, missing []string) []partCheck {
	ways := map[string]string{
		campaign.PartTitle: "/texts#title_en", campaign.PartSummary: "/texts#summary_uk", campaign.PartStory: "/texts#story_uk", campaign.PartGoal: "/terms#goal",
		campaign.PartPurpose: "/purposes/new", campaign.PartOpensOn: "/terms#opens_on", campaign.PartClosesOn: "/terms#closes_on", campaign.PartPayable: "/terms#currency",
	}
	var all []partCheck
	for _, part := range campaign.Parts() {
		lacks := slices.Contains(missing, part)
		if !lacks && (part == campaign.PartOpensOn || part == campaign.PartClosesOn) {
			continue // worth a word only when it is in the way
		}
		check := partCheck{Done: !lacks, Text: l.T("campaign.part." + part)}
		if lacks {
			check.Text, check.Way = l.T("campaign.lacks."+part), page.Link{Href: campaignPath(d.Slug) + ways[part], Text: l.T("campaign.add." + part)}
		}
		all = append(all, check)
	}
	return all
}

// addSettling says what is loose, or offers to say that nothing is.
func (o *Office) addSettling(c echo.Context, v *campaignPage, d campaign.Desk) error {
	l := v.Lang
	loose, err := campaign.Loose(c.Request().Context(), o.db, d.Campaign)
	if err != nil {
		return err
	}
	for _, r := range loose {
		v.Loose = append(v.Loose, page.Pair{Text: l.T("campaign.loose." + r.Name), Sum: l.Sum(r.Sum)})
	}
	v.SettlingHeading = l.T("campaign.settle.title")
	if len(loose) == 0 {
		v.Even = l.T("campaign.settle.even")
		v.Settle = page.Press{Action: campaignPath(d.Slug) + "/settle", Text: l.T("campaign.settle.button"), Hidden: version(d)}
	}
	return nil
}

func reopenAsk(l i18n.Lang, d campaign.Desk, typed url.Values, form page.Form) page.Ask {
	reason := page.Field{ID: "reason", Name: "reason", Label: l.T("campaign.reopen.reason"), Hint: l.T("campaign.reason_hint"), Error: form.Error("reason"), Value: typed.Get("reason"), Rows: 3}
	closes := page.Field{ID: "closes_on", Name: "closes_on", Label: l.T("campaign.field.closes_on"), Hint: l.T("campaign.field.closes_on_hint"), Error: form.Error("closes_on"), Value: typed.Get("closes_on"), Type: "date", Optional: true}
	return page.Ask{Action: campaignPath(d.Slug) + "/reopen", Hidden: version(d), Questions: page.Fields(reason, closes), Button: l.T("campaign.reopen.button")}
}

// openCampaign serves POST /office/campaigns/:slug/open.
func (o *Office) openCampaign(c echo.Context) error {
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	payable, err := o.payable(c, d)
	if err != nil {
		return err
	}
	return o.take(c, "opened", func(s campaign.Step) error {
		s.Payable = payable
		return campaign.Publish(c.Request().Context(), o.db, o.now, s)
	})
}

// closeCampaign serves POST /office/campaigns/:slug/close.
func (o *Office) closeCampaign(c echo.Context) error {
	return o.take(c, "closed", func(s campaign.Step) error { return campaign.Close(c.Request().Context(), o.db, o.now, s) })
}

// settleCampaign serves POST /office/campaigns/:slug/settle.
func (o *Office) settleCampaign(c echo.Context) error {
	return o.take(c, "settled", func(s campaign.Step) error { return campaign.Settle(c.Request().Context(), o.db, o.now, s) })
}

// reopenCampaign serves POST /office/campaigns/:slug/reopen.
func (o *Office) reopenCampaign(c echo.Context) error {
	return o.take(c, "reopened", func(s campaign.Step) error { return campaign.Reopen(c.Request().Context(), o.db, o.now, s) })
}

// take does one step of a campaign as a whole; what is in its way is said on its page.
func (o *Office) take(c echo.Context, notice string, step func(campaign.Step) error) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	s := campaign.Step{Slug: c.Param("slug"), PersonID: visitor(c).ID, Version: seen(form), Reason: page.Text(form, "reason")}
	var wrong fault.Form
	if s.ClosesOn, err = typedDay("closes_on", form.Get("closes_on")); err != nil {
		if err := wrong.Add("closes_on", err); err != nil {
			return err
		}
		err = wrong.Err()
	} else {
		err = step(s)
	}
	if err == nil {
		return o.campaignDone(c, s.Slug, notice)
	}
	if f, ok := fault.As(err); ok && f.Kind == fault.Forbidden {
		return err
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showCampaign(c, form, faults)
}

// typedDay reads a day as date fields send it; nothing is the zero day.
func typedDay(field, typed string) (time.Time, error) {
	if typed == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, typed)
	if err != nil || day.Year() < 1991 || day.Year() > 2200 {
		return time.Time{}, fault.In(field, "campaign.day_form")
	}
	return day, nil
}

// goalForm serves GET /office/campaigns/:slug/goal. A draft's goal is changed without a word.
func (o *Office) goalForm(c echo.Context) error {
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	if d.State == campaign.Draft {
		return c.Redirect(http.StatusSeeOther, campaignPath(d.Slug)+"/terms")
	}
	return o.showGoal(c, d, url.Values{"goal": {d.Goal.Plain()}}, page.Form{})
}

func (o *Office) showGoal(c echo.Context, d campaign.Desk, typed url.Values, form page.Form) error {
	if err := mayChange(d); err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = campaignPath(d.Slug) + "/goal"
	l := b.Lang
	goal := page.Field{ID: "goal", Name: "goal", Label: l.T("campaign.field.goal"), Hint: l.T("campaign.field.goal_hint"), Error: form.Error("goal"), Value: typed.Get("goal"), Sum: true, Unit: string(d.Goal.Currency)}
	reason := page.Field{ID: "reason", Name: "reason", Label: l.T("campaign.goal_reason"), Hint: l.T("campaign.reason_hint"), Error: form.Error("reason"), Value: typed.Get("reason"), Rows: 3}
	v := askPage{
		Base: b, Kicker: []page.Link{{Href: campaignPath(d.Slug), Text: titleOf(l, d)}}, Title: l.T("campaign.to_goal"), Lead: l.T("campaign.goal_lead", d.Goal),
		Ask: page.Ask{Action: b.Path, Hidden: version(d), Questions: page.Fields(goal, reason), Button: l.T("campaign.goal_button"), Cancel: backTo(l, d)},
	}
	v.Errors = form.Summary(v.Ask.Labels())
	return c.Render(form.Status(), "office/ask", v)
}

// setGoal serves POST /office/campaigns/:slug/goal.
func (o *Office) setGoal(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	d, err := o.onDesk(c)
	if err != nil {
		return err
	}
	w := campaign.GoalWish{Slug: d.Slug, PersonID: visitor(c).ID, Version: seen(form), Reason: page.Text(form, "reason")}
	var wrong fault.Form
	if w.Goal, err = money.Parse(form.Get("goal"), d.Goal.Currency); err != nil {
		if err := wrong.Add("goal", err); err != nil {
			return err
		}
		err = wrong.Err()
	} else {
		err = campaign.ChangeGoal(c.Request().Context(), o.db, o.now, w)
	}
	return o.campaignDoneOr(c, d, err, "goal", o.showGoal, form)
}

// mayChange refuses who only looks.
func mayChange(d campaign.Desk) error {
	if !d.May {
		return fault.New(fault.Forbidden, "campaign.coordinators_only")
	}
	return nil
}

func backTo(l i18n.Lang, d campaign.Desk) page.Link {
	return page.Link{Href: campaignPath(d.Slug), Text: l.T("campaign.back")}
}
