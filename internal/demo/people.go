package demo

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

func (l *Loader) enterCluster(ctx context.Context) (err error) {
	l.ids.cluster, err = l.ensure(ctx,
		func() (string, error) { c, err := member.ClusterBySlug(ctx, l.DB, cluster.Slug); return c.ID, err },
		func(tx *sqlx.Tx) (string, error) { return member.AddCluster(ctx, tx, l.Now(), cluster) })
	if err != nil {
		return err
	}
	if err := l.enterBankAccount(ctx); err != nil {
		return err
	}
	l.ids.coordinator, err = l.person(ctx, CoordinatorEmail, "Олена Гнатюк", Password, l.clusterPerson(ctx, CoordinatorEmail, member.Coordinator))
	if err != nil {
		return err
	}
	l.ids.approverID, err = l.person(ctx, ApproverEmail, "Андрій Савчук", Password, l.clusterPerson(ctx, ApproverEmail, member.Approver))
	if err != nil {
		return err
	}
	_, err = l.person(ctx, AdminEmail, "Марта Гончар", Password, l.clusterPerson(ctx, AdminEmail, member.Admin))
	return err
}

// clusterPerson gives somebody a role in the cluster, and the authenticator that such a role
// takes, with a secret that the demo's own page of codes knows.
func (l *Loader) clusterPerson(ctx context.Context, email string, role member.ClusterRole) func(*sqlx.Tx, string) error {
	return func(tx *sqlx.Tx, id string) error {
		if err := member.GiveAuthenticator(ctx, tx, l.Vault, l.Now(), id, Secret(email)); err != nil {
			return err
		}
		return member.GiveClusterRole(ctx, tx, id, l.ids.cluster, role)
	}
}

// enterBankAccount enters the account that invoices name, unless it is there.
func (l *Loader) enterBankAccount(ctx context.Context) error {
	account := bankAccount
	account.ClusterID = l.ids.cluster
	err := pg.InTx(ctx, l.DB, func(tx *sqlx.Tx) error {
		_, err := member.AddBankAccount(ctx, tx, l.Now(), account)
		return err
	})
	if f, ok := fault.As(err); ok && f.Key == "bank_account.taken" {
		return nil
	}
	return err
}

// person finds or enters somebody together with a role.
func (l *Loader) person(ctx context.Context, email, name, password string, give func(*sqlx.Tx, string) error) (string, error) {
	return l.ensure(ctx,
		func() (string, error) { return member.PersonByEmail(ctx, l.DB, email) },
		func(tx *sqlx.Tx) (string, error) {
			id, err := member.AddPerson(ctx, tx, l.Now(), email, name, password)
			if err != nil {
				return "", err
			}
			return id, give(tx, id)
		})
}

// Invented people. No surname of these tells a man from a woman, so that any goes with any.
var (
	givenNames = []string{"Оксана", "Тарас", "Ганна", "Максим", "Соломія", "Богдан", "Марта", "Остап", "Леся", "Юрій"}
	surnames   = []string{"Бондаренко", "Ковальчук", "Мельник", "Ткаченко", "Гончар", "Кравець", "Олійник", "Пасічник", "Ярема", "Чумак", "Шинкаренко"}
)

// payerName is who pays for the donor with this number. The two lists come round together
// after 110 donors only.
func payerName(number int) string {
	return givenNames[number%len(givenNames)] + " " + surnames[number%len(surnames)]
}

// enterCompany enters a donor with the one who pays for it. Ganok Soft's is the demo's
// company sign-in; the others cannot sign in.
func (l *Loader) enterCompany(ctx context.Context, d donor) error {
	company, err := l.ensure(ctx,
		func() (string, error) { c, err := member.CompanyBySlug(ctx, l.DB, d.slug); return c.ID, err },
		func(tx *sqlx.Tx) (string, error) {
			id, err := member.AddCompany(ctx, tx, l.Now(), member.Company{Slug: d.slug, Name: member.Text{UK: d.uk, EN: d.en}})
			if err != nil {
				return "", err
			}
			return id, member.Join(ctx, tx, id, l.ids.cluster, l.Now().AddDate(-1, 0, 0))
		})
	if err != nil {
		return err
	}
	email, name, password := "payer@"+d.slug+".test", payerName(slices.IndexFunc(donors, func(o donor) bool { return o.slug == d.slug })), ""
	if d.slug == donors[0].slug {
		email, name, password = CompanyEmail, "Ірина Шульга", Password
	}
	payer, err := l.person(ctx, email, name, password, func(tx *sqlx.Tx, id string) error {
		return member.GiveCompanyRole(ctx, tx, id, company, member.Owner)
	})
	l.ids.companies[d.slug], l.ids.payers[d.slug] = company, payer
	return err
}

func (l *Loader) enterCampaign(ctx context.Context) error {
	id, err := l.ensure(ctx,
		func() (string, error) { c, err := campaign.BySlug(ctx, l.DB, campaignSlug); return c.ID, err },
		func(tx *sqlx.Tx) (string, error) { return l.addCampaign(ctx, tx) })
	if err != nil {
		return err
	}
	l.ids.campaign = id
	all, err := campaign.Purposes(ctx, l.DB, id)
	for _, p := range all {
		l.ids.purposes[p.Slug] = p.ID
	}
	return err
}

func (l *Loader) addCampaign(ctx context.Context, tx *sqlx.Tx) (string, error) {
	programme, err := campaign.AddProgramme(ctx, tx, l.Now(), l.ids.cluster, campaignSlug, programmeTitle)
	if err != nil {
		return "", err
	}
	id, err := campaign.Add(ctx, tx, l.Now(), theCampaign(l.ids.cluster, programme, l.Now().Truncate(24*time.Hour)))
	if err != nil {
		return "", err
	}
	for _, p := range purposes {
		p.CampaignID = id
		purposeID, err := campaign.AddPurpose(ctx, tx, p.Purpose)
		if err != nil {
			return "", err
		}
		for _, n := range p.needs {
			n.PurposeID = purposeID
			if err := campaign.AddNeed(ctx, tx, n); err != nil {
				return "", err
			}
		}
	}
	return id, nil
}
