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

func (l *Loader) enterCluster(ctx context.Context) error {
	id, err := l.ensure(ctx,
		func() (string, error) { c, err := member.ClusterBySlug(ctx, l.DB, cluster.Slug); return c.ID, err },
		func(tx *sqlx.Tx) (string, error) { return member.AddCluster(ctx, tx, l.Now(), cluster) })
	if err != nil {
		return err
	}
	l.ids.clusters[clusterSlug] = id
	if err := l.enterBankAccount(ctx, id, bankAccount); err != nil {
		return err
	}
	var s staff
	for _, p := range []struct {
		id          *string
		email, name string
		role        member.ClusterRole
	}{
		{&s.coordinator, CoordinatorEmail, "Олена Гнатюк", member.Coordinator},
		{&s.approver, ApproverEmail, "Андрій Савчук", member.Approver},
		{&s.admin, AdminEmail, "Марта Гончар", member.Admin},
	} {
		if *p.id, err = l.person(ctx, p.email, p.name, Password, l.clusterPerson(ctx, p.email, id, p.role)); err != nil {
			return err
		}
	}
	l.ids.staff[clusterSlug] = s
	return nil
}

// clusterPerson gives somebody roles in a cluster, and the authenticator that such roles
// take, with a secret that the demo's own page of codes knows.
func (l *Loader) clusterPerson(ctx context.Context, email, cluster string, roles ...member.ClusterRole) func(*sqlx.Tx, string) error {
	return func(tx *sqlx.Tx, id string) error {
		if err := member.GiveAuthenticator(ctx, tx, l.Vault, l.Now(), id, Secret(email)); err != nil {
			return err
		}
		for _, role := range roles {
			if err := member.GiveClusterRole(ctx, tx, id, cluster, role); err != nil {
				return err
			}
		}
		return nil
	}
}

// enterBankAccount enters the account that a cluster's invoices name, unless it is there.
func (l *Loader) enterBankAccount(ctx context.Context, cluster string, account member.BankAccount) error {
	account.ClusterID = cluster
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

// enterCompany enters a donor of the record with the one who pays for it.
func (l *Loader) enterCompany(ctx context.Context, d donor) error {
	number := slices.IndexFunc(donors, func(o donor) bool { return o.slug == d.slug })
	memberships := append([]belongs{{clusterSlug, "member", memberSince(number).Format(time.DateOnly), ""}}, more[d.slug]...)
	company, err := l.company(ctx, member.Company{Slug: d.slug, Name: member.Text{UK: d.uk, EN: d.en}}, memberships...)
	if err != nil {
		return err
	}
	return l.owner(ctx, d.slug, company, number)
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
	programme, err := campaign.AddProgramme(ctx, tx, l.Now(), l.ids.clusters[clusterSlug], campaignSlug, programmeTitle)
	if err != nil {
		return "", err
	}
	id, err := campaign.Add(ctx, tx, l.Now(), theCampaign(l.ids.clusters[clusterSlug], programme, l.today().AddDate(0, 0, -open)))
	if err != nil {
		return "", err
	}
	return id, addPurposes(ctx, tx, id, purposes)
}

func addPurposes(ctx context.Context, tx *sqlx.Tx, campaignID string, all []purpose) error {
	for _, p := range all {
		p.CampaignID = campaignID
		id, err := campaign.AddPurpose(ctx, tx, p.Purpose)
		if err != nil {
			return err
		}
		for _, n := range p.needs {
			n.PurposeID = id
			if err := campaign.AddNeed(ctx, tx, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// open is for how many days the demo's campaigns have taken promises when it is loaded.
const open = 14

func (l *Loader) today() time.Time { return l.Now().Truncate(24 * time.Hour) }
