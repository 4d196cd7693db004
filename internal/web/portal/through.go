package portal

import (
	"context"
	"slices"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// throughField asks through which cluster a company gives, when one of the visitor's may
// choose. What there is only one of is not asked for.
func (p *Portal) throughField(ctx context.Context, l i18n.Lang, camp campaign.Campaign, person member.Person, chosen string) (page.Field, error) {
	f := page.Field{ID: "through", Name: "through", Label: l.T("portal.new.through"), Hint: l.T("portal.new.through_hint")}
	f.Options = []page.Option{{Text: l.T("portal.new.choose_through"), Chosen: chosen == ""}}
	choice := chosen != ""
	for _, post := range payingPosts(person) {
		ways, err := campaign.Ways(ctx, p.db, camp.ID, post.CompanyID, p.now())
		if err != nil {
			return f, err
		}
		choice = choice || len(ways) > 1
		for _, k := range ways {
			if !slices.ContainsFunc(f.Options, func(o page.Option) bool { return o.Value == k.ID }) {
				f.Options = append(f.Options, page.Option{Value: k.ID, Text: in(l, k.UK, k.EN), Chosen: k.ID == chosen})
			}
		}
	}
	if !choice {
		return page.Field{}, nil
	}
	return f, nil
}

// readThrough reads through which cluster a company gives. Nobody is asked where there is
// one, or none: giving knows what that means.
func (p *Portal) readThrough(ctx context.Context, t typed, camp campaign.Campaign) (string, error) {
	if t.company == "" {
		return "", nil
	}
	ways, err := campaign.Ways(ctx, p.db, camp.ID, t.company, p.now())
	switch {
	case err != nil || len(ways) == 0:
		return "", err
	case t.through == "" && len(ways) > 1:
		return "", fault.In("through", "pledge.through_missing")
	case t.through != "" && !slices.ContainsFunc(ways, func(k campaign.Cluster) bool { return k.ID == t.through }):
		return "", fault.In("through", "pledge.through_unknown")
	}
	return t.through, nil
}

// through tells through which cluster a pledge is given; nothing of a campaign that one
// cluster collects for alone.
func (p *Portal) through(ctx context.Context, l i18n.Lang, pledge giving.Pledge) ([]fact, error) {
	clusters, err := campaign.Clusters(ctx, p.db, pledge.CampaignID)
	if err != nil || len(clusters) < 2 {
		return nil, err
	}
	return []fact{{l.T("portal.pledge.through"), in(l, pledge.Through.UK, pledge.Through.EN)}}, nil
}
