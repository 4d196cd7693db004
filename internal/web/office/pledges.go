package office

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/document"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/web/life"
	"kopiyka/internal/web/page"
)

// promises adds the addresses about what companies have promised: the list, one pledge with
// its history, and the two acts that are the cluster's.
func (o *Office) promises(g *echo.Group, fresh ...echo.MiddlewareFunc) {
	g.GET("/pledges", o.pledges)
	g.GET("/pledges.csv", o.pledgesFile)
	g.GET("/pledges/:id", o.pledge)
	g.GET("/pledges/:id/correct", o.correctForm, formsForWhoSends)
	g.POST("/pledges/:id/correct", o.correct)
	g.GET("/pledges/:id/write-off", o.writeOffForm, formsForWhoSends)
	g.POST("/pledges/:id/write-off", o.proposeWriteOff)
	g.GET("/write-offs", o.writeOffs)
	g.GET("/write-offs.csv", o.writeOffsFile)
	g.GET("/write-offs/:id", o.writeOff)
	g.GET("/write-offs/:id/:act", o.toWriteOff)
	g.POST("/write-offs/:id/approve", o.approveWriteOff, fresh...)
	g.POST("/write-offs/:id/refuse", o.refuseWriteOff)
}

func pledgePath(id string) string   { return "/office/pledges/" + id }
func writeOffPath(id string) string { return "/office/write-offs/" + id }

type pledgePage struct {
	page.Base
	Notice    page.Notice
	Company   string
	Campaign  string
	Status    page.Status
	Facts     []fact
	Acts      []page.Link
	WriteOffs page.Table
	Schedule  page.Stand
	Papers    page.Papers
	Story     page.Story
}

// fact is one thing to know of a pledge: a name, and a sum or a text.
type fact struct {
	Name, Text string
	Sum        *page.Sum
}

// pledge serves GET /office/pledges/:id: how it stands, what was promised and every act.
func (o *Office) pledge(c echo.Context) error {
	ctx := c.Request().Context()
	p, s, err := o.seen(c)
	if err != nil {
		return err
	}
	acts, err := giving.HistoryOf(ctx, o.db, p)
	if err != nil {
		return err
	}
	parts, err := giving.PromisedParts(ctx, o.db, p.ID)
	if err != nil {
		return err
	}
	proposed, err := giving.WriteOffsOf(ctx, o.db, p.ID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = pledgePath(p.ID)
	l := b.Lang
	columns, rows := writeOffRows(l, proposed)
	v := pledgePage{
		Base: b, Notice: pledgeNotice(l, c.QueryParam("notice")), Company: life.In(l, p.Company), Campaign: life.In(l, p.Campaign),
		Status: life.Status(l, p, s), Facts: facts(l, p, s), WriteOffs: page.NewTable("", columns, rows),
		Schedule: life.NewStand(l, s), Story: life.NewStory(l, p, parts, acts),
	}
	if v.Papers, err = o.papersOf(c, l, document.Of{Pledge: p.ID}); err != nil {
		return err
	}
	if holds(visitor(c), p.ClusterID, member.Coordinator) && !p.Cancelled {
		v.Acts = append(v.Acts, page.Link{Href: pledgePath(p.ID) + "/correct", Text: l.T("office.correct")})
		if !s.Left().IsZero() {
			v.Acts = append(v.Acts, page.Link{Href: pledgePath(p.ID) + "/write-off", Text: l.T("office.write_off")})
		}
	}
	return c.Render(http.StatusOK, "office/pledge", v)
}

// seen is the pledge of the address with its schedule, as the visitor may see it.
func (o *Office) seen(c echo.Context) (giving.Pledge, giving.Schedule, error) {
	p, err := giving.PledgeFor(c.Request().Context(), o.db, c.Param("id"), visitor(c).ID)
	if err != nil {
		return p, giving.Schedule{}, err
	}
	s, err := giving.ScheduleOf(c.Request().Context(), o.db, p, o.now())
	return p, s, err
}

func facts(l i18n.Lang, p giving.Pledge, s giving.Schedule) []fact {
	sum := func(a money.Amount) *page.Sum {
		v := l.Sum(a)
		return &v
	}
	all := []fact{
		{Name: l.T("office.column.pledged"), Sum: sum(p.Amount)},
		{Name: l.T("office.column.received"), Sum: sum(money.Of(p.Received-p.Refunded, p.Amount.Currency))},
		{Name: l.T("office.column.left"), Sum: sum(s.Left())},
	}
	if late := s.Overdue(); !late.IsZero() {
		all = append(all, fact{Name: l.T("office.pledge.overdue"), Sum: sum(late)})
	}
	all = append(all, fact{Name: l.T("office.pledge.for"), Text: life.For(l, p)}, fact{Name: l.T("office.pledge.reference"), Text: p.Reference.String()})
	if p.ThroughID != p.ClusterID {
		all = append(all, fact{Name: l.T("office.pledge.through"), Text: in(l, p.Through.UK, p.Through.EN)})
	}
	if p.PurchaseOrder != "" {
		all = append(all, fact{Name: l.T("office.pledge.order"), Text: p.PurchaseOrder})
	}
	return all
}

func pledgeNotice(l i18n.Lang, name string) page.Notice {
	switch name {
	case "corrected":
		return page.Notice{Title: l.T("office.notice.corrected"), Text: l.T("office.notice.corrected_text"), Live: true}
	}
	return page.Notice{}
}

func writeOffStatus(l i18n.Lang, w giving.WriteOff) page.Status {
	switch w.Decision {
	case "approved":
		return page.NewStatus(l, page.Closed).Saying(l.T("life.state.written-off"))
	case "refused":
		return page.NewStatus(l, page.Closed).Saying(l.T("office.refused"))
	}
	return page.NewStatus(l, page.Waits)
}
