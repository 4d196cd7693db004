package office

import (
	"context"

	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
)

// joint are the campaigns that the person's clusters joined and others lead: what came
// through each of theirs, as everyone reads it. Nothing else of such a campaign is theirs to
// see.
func (o *Office) joint(ctx context.Context, b page.Base, person member.Person) (page.Table, error) {
	var ids []string
	for _, post := range person.Clusters {
		ids = append(ids, post.ClusterID)
	}
	campaigns, err := report.New(o.db).JoinedBy(ctx, ids)
	if err != nil {
		return page.Table{}, err
	}
	l := b.Lang
	columns := []page.Column{
		{Text: l.T("office.column.campaign")}, {Text: l.T("office.column.state")}, {Text: l.T("office.joint.through")},
		{Text: l.T("office.joint.pledged"), Sum: true}, {Text: l.T("office.joint.received"), Sum: true},
	}
	var rows [][]page.Cell
	for _, c := range campaigns {
		for _, share := range c.Shares {
			pledged, received := l.Sum(money.Of(share.Pledged, c.Currency)), l.Sum(money.Of(share.Received, c.Currency))
			rows = append(rows, []page.Cell{
				{Text: c.Title.In(string(l)), Href: b.In("/campaigns/" + c.Slug), Note: l.T("office.joint.led_by", c.Led.Name.In(string(l)))},
				{Status: page.NewStatus(l, campaignStates[string(c.State)])}, {Text: share.Cluster.Name.In(string(l))}, {Sum: &pledged}, {Sum: &received},
			})
		}
	}
	return page.NewTable("", columns, rows), nil
}
