package demo

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"kopiyka/internal/campaign"
	"kopiyka/internal/giving"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
)

// staff are who runs a cluster.
type staff struct{ coordinator, approver, admin string }

// enterAssociations enters the other clusters, each with its account and its people.
func (l *Loader) enterAssociations(ctx context.Context) error {
	for _, a := range associations {
		cluster, err := l.ensure(ctx,
			func() (string, error) { c, err := member.ClusterBySlug(ctx, l.DB, a.Slug); return c.ID, err },
			func(tx *sqlx.Tx) (string, error) { return member.AddCluster(ctx, tx, l.Now(), a.Cluster) })
		if err != nil {
			return err
		}
		l.ids.clusters[a.Slug] = cluster
		if err := l.enterBankAccount(ctx, cluster, a.account()); err != nil {
			return err
		}
		var s staff
		s.coordinator, err = l.person(ctx, a.coordinatorEmail(), a.coordinator, Password, l.clusterPerson(ctx, a.coordinatorEmail(), cluster, member.Coordinator))
		if err != nil {
			return err
		}
		s.approver, err = l.person(ctx, a.approverEmail(), a.approver, Password, l.clusterPerson(ctx, a.approverEmail(), cluster, member.Approver, member.Admin))
		if err != nil {
			return err
		}
		s.admin = s.approver
		l.ids.staff[a.Slug] = s
	}
	return nil
}

// enterFirms enters the companies beside the record's, and whatever companies are to the
// clusters besides.
func (l *Loader) enterFirms(ctx context.Context) error {
	for _, f := range firms {
		company, err := l.company(ctx, member.Company{Slug: f.slug, Name: member.Text{UK: f.uk, EN: f.en}, OfficialID: f.edrpou}, f.memberships...)
		if err != nil {
			return err
		}
		if f.alone {
			continue
		}
		if err := l.owner(ctx, f.slug, company, len(donors)+len(l.ids.payers)); err != nil {
			return err
		}
	}
	return nil
}

// company finds or enters a company with its memberships.
func (l *Loader) company(ctx context.Context, c member.Company, memberships ...belongs) (string, error) {
	id, err := l.ensure(ctx,
		func() (string, error) { k, err := member.CompanyBySlug(ctx, l.DB, c.Slug); return k.ID, err },
		func(tx *sqlx.Tx) (string, error) {
			id, err := member.AddCompany(ctx, tx, l.Now(), c)
			for _, m := range memberships {
				if err != nil {
					break
				}
				err = member.Enrol(ctx, tx, id, l.membership(m))
			}
			return id, err
		})
	l.ids.companies[c.Slug] = id
	return id, err
}

func (l *Loader) membership(m belongs) member.Membership {
	to := member.Membership{ClusterID: l.ids.clusters[m.cluster], Kind: m.kind, Since: on(m.since)}
	if m.until != "" {
		until := on(m.until)
		to.Until = &until
	}
	return to
}

// owner finds or enters who acts for a company. The number picks an invented name.
func (l *Loader) owner(ctx context.Context, slug, company string, number int) error {
	email, name, password := "payer@"+slug+".test", payerName(number), ""
	if slug == donors[0].slug {
		email, name, password = CompanyEmail, "Ірина Шульга", Password // the demo's company sign-in; the others cannot sign in
	}
	person, err := l.person(ctx, email, name, password, func(tx *sqlx.Tx, id string) error {
		return member.GiveCompanyRole(ctx, tx, id, company, member.Owner)
	})
	l.ids.payers[slug] = person
	return err
}

// enterProfiles lets the clusters and some companies say who they are. Whoever has said so is
// left alone: somebody may have changed it since.
func (l *Loader) enterProfiles(ctx context.Context) error {
	if err := l.introduce(ctx, profileOf(cluster, "kharkiv", "+380000000001")); err != nil {
		return err
	}
	for _, a := range associations {
		if err := l.introduce(ctx, profileOf(a.Cluster, a.short(), a.phone)); err != nil {
			return err
		}
	}
	for _, p := range portraits {
		if err := l.portray(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.slug, err)
		}
	}
	return nil
}

func (l *Loader) introduce(ctx context.Context, c member.ClusterProfile) error {
	admin := l.ids.staff[c.Slug].admin
	there, err := member.ClusterFor(ctx, l.DB, c.Slug, admin)
	if err != nil || there.Email != "" {
		return err
	}
	c.ID = there.ID
	if err := member.SetCluster(ctx, l.DB, l.Now, admin, c); err != nil {
		return err
	}
	png, err := emblem(c.Slug)
	if err != nil {
		return err
	}
	return member.SetClusterLogo(ctx, l.DB, l.Now, c.ID, admin, png)
}

func (l *Loader) portray(ctx context.Context, p portrait) error {
	owner := l.ids.payers[p.slug]
	there, err := member.CompanyFor(ctx, l.DB, p.slug, owner)
	if err != nil || there.About.UK != "" {
		return err
	}
	for _, a := range p.moved {
		if err := member.Moved(ctx, l.DB, l.Now, there.ID, owner, a); err != nil {
			return err
		}
	}
	if p.logo {
		png, err := pattern(p.slug)
		if err != nil {
			return err
		}
		if err := member.SetCompanyLogo(ctx, l.DB, l.Now, there.ID, owner, png); err != nil {
			return err
		}
	}
	there.About, there.Shows, there.Site = member.Text{UK: p.uk, EN: p.en}, p.shows, "https://"+p.slug+".test"
	return member.SetProfile(ctx, l.DB, l.Now, owner, there) // last, since it says that the rest is done
}

// enterCollections enters the campaigns of the other clusters, the joint one among them.
func (l *Loader) enterCollections(ctx context.Context) error {
	for _, c := range collections {
		id, err := l.ensure(ctx,
			func() (string, error) { c, err := campaign.BySlug(ctx, l.DB, c.Slug); return c.ID, err },
			func(tx *sqlx.Tx) (string, error) { return l.addCollection(ctx, tx, c) })
		if err != nil {
			return err
		}
		l.ids.campaigns[c.Slug] = id
	}
	return nil
}

func (l *Loader) addCollection(ctx context.Context, tx *sqlx.Tx, c collection) (string, error) {
	c.ClusterID, c.Note, c.State, c.OpensOn = l.ids.clusters[c.cluster], demoNote, campaign.Open, l.today().AddDate(0, 0, -open)
	id, err := campaign.Add(ctx, tx, l.Now(), c.Campaign)
	if err != nil {
		return "", err
	}
	for _, slug := range c.joined {
		err := campaign.Join(ctx, tx, l.Now, campaign.Joining{Slug: c.Slug, ClusterID: l.ids.clusters[slug], PersonID: l.ids.staff[c.cluster].coordinator})
		if err != nil {
			return "", err
		}
	}
	return id, addPurposes(ctx, tx, id, c.purposes)
}

// enterGifts lets companies give to these campaigns, a few of them at a time.
func (l *Loader) enterGifts(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, g := range gifts {
		group.Go(func() error {
			if err := l.give(ctx, g); err != nil {
				return fmt.Errorf("%s to %s: %w", g.company, g.campaign, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (l *Loader) give(ctx context.Context, g gift) error {
	amount := money.Of(g.minor, hryvnia)
	pledge, err := l.promised(ctx, giving.Promise{
		CampaignSlug: g.campaign, CompanyID: l.ids.companies[g.company], ThroughID: l.ids.clusters[g.through], PersonID: l.ids.payers[g.company],
		Amount: amount, Visibility: g.visibility, Message: g.message,
	}, amount)
	if err != nil || pledge.Received > 0 || g.promised {
		return err
	}
	if err := l.pay(ctx, pledge, goodCard); err != nil {
		return err
	}
	return l.untilReceived(ctx, pledge)
}

// enterAsides sets something of these campaigns aside, by two people of the cluster that
// leads.
func (l *Loader) enterAsides(ctx context.Context) error {
	for _, c := range collections {
		if c.minor == 0 {
			continue
		}
		all, err := campaign.Purposes(ctx, l.DB, l.ids.campaigns[c.Slug])
		if err != nil {
			return err
		}
		b := budget{l.ids.campaigns[c.Slug], map[string]string{all[0].Slug: all[0].ID}, l.ids.staff[c.cluster], hryvnia}
		if err := l.allocate(ctx, b, []allocation{{all[0].Slug, c.minor, c.aside, c.asideEN, approved, ""}}); err != nil {
			return err
		}
	}
	return nil
}
