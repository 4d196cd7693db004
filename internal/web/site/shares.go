package site

import (
	"strings"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
)

// shares shows what was given through each cluster of a joint campaign, and who joined it. A
// campaign of one cluster has neither.
func shares(b page.Base, c report.Summary) (t page.Table, under string, joined []page.Link) {
	if !c.Joint {
		return t, "", nil
	}
	l, refunded := b.Lang, c.Totals.Refunded != 0
	for _, s := range c.Shares {
		refunded = refunded || s.Refunded != 0
	}
	sums := func(pledged, received, back int64) []page.Sum {
		all := []page.Sum{sum(l, pledged, c.Totals.Currency), sum(l, received, c.Totals.Currency)}
		if refunded {
			all = append(all, sum(l, back, c.Totals.Currency))
		}
		return all
	}
	columns := []page.Column{{Text: l.T("site.shares.cluster")}, {Text: l.T("site.shares.pledged"), Sum: true}, {Text: l.T("site.shares.received"), Sum: true}}
	if refunded {
		columns = append(columns, page.Column{Text: l.T("site.shares.refunded"), Sum: true})
	}
	var rows [][]page.Cell
	for _, s := range c.Shares {
		head := page.Cell{Text: l.T("site.shares.withheld"), Note: l.T("site.shares.withheld_note")}
		switch {
		case s.Leads:
			head = page.Cell{Text: in(b, s.Cluster.Name), Href: b.In(clusterAddress(s.Cluster.Slug)), Note: l.T("site.shares.leads")}
		case s.Cluster != nil:
			head = page.Cell{Text: in(b, s.Cluster.Name), Href: b.In(clusterAddress(s.Cluster.Slug))}
			joined = append(joined, page.Link{Href: head.Href, Text: head.Text})
		}
		row := []page.Cell{head}
		for _, one := range sums(s.Pledged, s.Received, s.Refunded) {
			row = append(row, page.Cell{Sum: &one})
		}
		rows = append(rows, row)
	}
	t = page.NewTable("", columns, rows).Total(l.T("site.shares.total"), sums(c.Totals.Pledged, c.Totals.Received, c.Totals.Refunded)...)
	return t, l.T("site.shares.under", in(b, c.Cluster.Name)), joined
}

// collecting says which clusters collect for a joint campaign together.
func collecting(b page.Base, c report.Summary) string {
	if !c.Joint {
		return ""
	}
	var names []string
	for _, s := range c.Shares {
		if s.Cluster != nil {
			names = append(names, in(b, s.Cluster.Name))
		}
	}
	return b.Lang.T("site.shares.together", strings.Join(names, ", "))
}

// ownStats are what was given through a cluster, all its campaigns together, and what is not
// in that.
func ownStats(b page.Base, r report.ClusterPage) (all []page.Stat, under string) {
	for _, s := range r.Sums {
		if s.Pledged == 0 && s.Received == 0 {
			continue
		}
		received := figure(b.Lang, s.Received, s.Currency, "site.cluster.received")
		if s.Refunded != 0 {
			received.Note = b.Lang.T("site.home.refunded", money.Of(s.Refunded, s.Currency))
		}
		all = append(all, received, figure(b.Lang, s.Pledged, s.Currency, "site.cluster.pledged"))
	}
	for _, c := range append(r.Campaigns, r.Joined...) {
		if c.Joint && len(all) > 0 {
			under = b.Lang.T("site.cluster.figures_under")
		}
	}
	return all, under
}

// ownCards are the campaigns that a cluster leads. Of a joint one they say its own share,
// beside what the whole of it has come to.
func ownCards(b page.Base, r report.ClusterPage) page.Cards {
	all := cards(b, r.Campaigns)
	for i, c := range r.Campaigns {
		if c.Joint {
			all.Items[i].Note += " " + ownShare(b.Lang, c, r.Slug)
		}
	}
	return all
}

func ownShare(l i18n.Lang, c report.Summary, cluster string) string {
	s := c.ShareOf(cluster)
	return l.T("site.shares.own", money.Of(s.Received, c.Totals.Currency), money.Of(s.Pledged, c.Totals.Currency))
}

// joinedTable are a cluster's own shares in the campaigns that others lead.
func joinedTable(b page.Base, r report.ClusterPage) page.Table {
	l := b.Lang
	columns := []page.Column{
		{Text: l.T("site.shares.campaign")}, {Text: l.T("site.shares.state")},
		{Text: l.T("site.shares.pledged"), Sum: true}, {Text: l.T("site.shares.received"), Sum: true},
	}
	var rows [][]page.Cell
	for _, c := range r.Joined {
		s := c.ShareOf(r.Slug)
		if s == nil {
			continue // it joins on a day to come
		}
		pledged, received := sum(l, s.Pledged, c.Totals.Currency), sum(l, s.Received, c.Totals.Currency)
		rows = append(rows, []page.Cell{
			{Text: in(b, c.Title), Href: b.In(campaignAddress(c.Slug)), Note: l.T("site.shares.led_by", in(b, c.Cluster.Name))},
			{Status: cardStatus(l, c)}, {Sum: &pledged}, {Sum: &received},
		})
	}
	return page.NewTable("", columns, rows)
}
