package api

import (
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/money"
	"kopiyka/internal/report"
)

// campaign is a campaign as programs read it. Every amount is in minor units of the
// currency and stands for itself: pledged is the whole promise, paid or not, and counts in
// no other figure.
type campaign struct {
	Slug             string         `json:"slug"`
	Title            report.Text    `json:"title"`
	Currency         money.Currency `json:"currency"`
	GoalMinor        int64          `json:"goal_minor"`
	GoalChanges      []goalChange   `json:"goal_changes"`
	PledgedMinor     int64          `json:"pledged_minor"`
	UnpaidMinor      int64          `json:"unpaid_minor"`
	OnItsWayMinor    *int64         `json:"on_its_way_minor"` // null for the past
	ReceivedMinor    int64          `json:"received_minor"`
	RefundedMinor    int64          `json:"refunded_minor"`
	FeesMinor        int64          `json:"fees_minor"`
	DisputedMinor    int64          `json:"disputed_minor"`
	LostMinor        int64          `json:"lost_minor"`
	DriftMinor       int64          `json:"drift_minor"`
	AllocatedMinor   int64          `json:"allocated_minor"`
	EarmarkedMinor   int64          `json:"earmarked_minor"`
	FreeMinor        int64          `json:"free_minor"`
	ShortfallMinor   int64          `json:"shortfall_minor"`
	CompaniesPledged int            `json:"companies_pledged"`
	CompaniesPaid    int            `json:"companies_paid"`
	Originals        []original     `json:"originals"`
	Shares           []share        `json:"shares"`
	UpdatedAt        time.Time      `json:"updated_at"`
}

// goalChange is one of a campaign's goal, the last first. Everybody reads why.
type goalChange struct {
	FromMinor int64  `json:"from_minor"`
	ToMinor   int64  `json:"to_minor"`
	ChangedOn string `json:"changed_on"` // in Kyiv
	Reason    string `json:"reason"`
}

// original is what came in another currency, of gifts with a name and an amount, and what
// it counts as in the campaign's. It is a part of what was received.
type original struct {
	Currency      money.Currency `json:"currency"`
	ReceivedMinor int64          `json:"received_minor"`
	CountedMinor  int64          `json:"counted_minor"`
}

// share is what was given through one of the campaign's clusters. All shares together are
// the campaign: pledged, received and refunded.
type share struct {
	Cluster       *cluster `json:"cluster"` // null: gifts whose name or amount is withheld
	Leads         bool     `json:"leads"`
	PledgedMinor  int64    `json:"pledged_minor"`
	ReceivedMinor int64    `json:"received_minor"`
	RefundedMinor int64    `json:"refunded_minor"`
}

type cluster struct {
	Slug string      `json:"slug"`
	Name report.Text `json:"name"`
}

func toShare(s report.Share) share {
	one := share{nil, s.Leads, s.Pledged, s.Received, s.Refunded}
	if s.Cluster != nil {
		one.Cluster = &cluster{s.Cluster.Slug, s.Cluster.Name}
	}
	return one
}

func toCampaign(s report.Summary) campaign {
	t := s.Totals
	c := campaign{
		Slug: s.Slug, Title: s.Title, Currency: t.Currency, GoalMinor: t.Goal,
		PledgedMinor: t.Pledged, UnpaidMinor: t.Unpaid, ReceivedMinor: t.Received, RefundedMinor: t.Refunded,
		FeesMinor: t.Fees, DisputedMinor: t.Disputed, LostMinor: t.Lost, DriftMinor: t.Drift, GoalChanges: []goalChange{}, Originals: []original{}, Shares: []share{},
		AllocatedMinor: t.Allocated, EarmarkedMinor: t.Earmarked, FreeMinor: t.Free, ShortfallMinor: t.Shortfall,
		CompaniesPledged: t.CompaniesPledged, CompaniesPaid: t.CompaniesPaid,
		UpdatedAt: t.UpdatedAt.UTC(),
	}
	for _, g := range s.Goals {
		c.GoalChanges = append(c.GoalChanges, goalChange{g.Was, g.Became, clock.Day(g.ChangedAt).Format(time.DateOnly), g.Reason})
	}
	for _, o := range s.Originals {
		c.Originals = append(c.Originals, original{o.Currency, o.Received, o.Counted})
	}
	for _, one := range s.Shares {
		c.Shares = append(c.Shares, toShare(one))
	}
	if t.AsOf.IsZero() {
		c.OnItsWayMinor = &t.OnItsWay
	} else {
		c.UpdatedAt = clock.Day(t.UpdatedAt) // an hour of the past would be a gift's
	}
	return c
}

// campaigns serves GET /api/v1/campaigns: every campaign, open ones first.
func (a *API) campaigns(c echo.Context) error {
	all, err := a.report.Campaigns(c.Request().Context())
	if err != nil {
		return err
	}
	out := make([]campaign, len(all))
	for i, s := range all {
		out[i] = toCampaign(s)
	}
	return answer(c, out)
}

// campaign serves GET /api/v1/campaigns/:slug, for now or as of the end of the day ?as_of=.
func (a *API) campaign(c echo.Context) error {
	asOf, err := a.asOf(c)
	if err != nil {
		return err
	}
	s, err := a.report.Summary(c.Request().Context(), c.Param("slug"), asOf)
	if err != nil {
		return err
	}
	return answer(c, toCampaign(s))
}

// asOf reads ?as_of=: the end of a day in Kyiv; the zero time when none is asked for. Days
// alone, and only those that are over: with moments one could ask on both sides of each
// gift, and read from two totals what a company keeps to itself.
func (a *API) asOf(c echo.Context) (time.Time, error) {
	if !c.QueryParams().Has("as_of") {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, c.QueryParam("as_of"))
	if err != nil || day.Year() < 1 || !day.Before(clock.Day(a.clock())) {
		return time.Time{}, fault.In("as_of", "as_of.not_a_day")
	}
	return clock.EndOf(day), nil
}
