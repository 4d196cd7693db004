// Package seed enters what an installation starts with from a file: a cluster, its people
// and companies, its campaigns. It only adds. What is there already is an error, so that
// nobody overwrites a cluster by running a file twice.
package seed

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
)

// Text is a text in both languages.
type Text struct{ UK, EN string }

// Plan is the content of a file.
type Plan struct {
	Cluster      Cluster
	BankAccounts []BankAccount `toml:"bank_accounts"`
	People       []Person
	Companies    []Company
	Campaigns    []Campaign
}

// Cluster is the association.
type Cluster struct {
	Slug        string
	Name, About Text
}

// BankAccount is where the cluster takes bank transfers. An IBAN may be written in groups.
type BankAccount struct {
	IBAN, BIC    string
	Currency     money.Currency
	Holder, Bank Text
	HolderID     string `toml:"holder_id"`
}

// Person is somebody of the cluster. The password has to be changed by the person at the
// first sign-in, within two weeks.
type Person struct {
	Email, Name, Password string
	Roles                 []member.ClusterRole
}

// Company is a member company with one person who pledges and pays.
type Company struct {
	Slug        string
	Name, About Text
	MemberSince time.Time `toml:"member_since"`
	Owner       struct{ Email, Name, Password string }
}

// Campaign is a collection with a goal, written as people write money. The clusters that
// join it, by their slugs, are here already.
type Campaign struct {
	Slug                  string
	Title, Summary, Story Text
	Goal                  string
	Currency              money.Currency
	OpensOn               time.Time `toml:"opens_on"`
	ClosesOn              time.Time `toml:"closes_on"`
	Joined                []string
	Purposes              []struct {
		Slug         string
		Title, About Text
	}
}

// Enter adds the whole plan within the caller's transaction.
func (p Plan) Enter(ctx context.Context, tx *sqlx.Tx, at time.Time) error {
	cluster, err := member.AddCluster(ctx, tx, at, member.Cluster{Slug: p.Cluster.Slug, Name: member.Text(p.Cluster.Name), About: member.Text(p.Cluster.About)})
	if err != nil {
		return err
	}
	for _, one := range p.BankAccounts {
		if err := one.enter(ctx, tx, at, cluster); err != nil {
			return fmt.Errorf("bank account %s: %w", one.IBAN, err)
		}
	}
	for _, one := range p.People {
		if err := one.enter(ctx, tx, at, cluster); err != nil {
			return fmt.Errorf("person %s: %w", one.Email, err)
		}
	}
	for _, one := range p.Companies {
		if err := one.enter(ctx, tx, at, cluster); err != nil {
			return fmt.Errorf("company %s: %w", one.Slug, err)
		}
	}
	for _, one := range p.Campaigns {
		if err := one.enter(ctx, tx, at, cluster); err != nil {
			return fmt.Errorf("campaign %s: %w", one.Slug, err)
		}
	}
	return nil
}

func (a BankAccount) enter(ctx context.Context, tx *sqlx.Tx, at time.Time, cluster string) error {
	if !a.Currency.Known() {
		return fault.In("currency", "currency.unknown", string(a.Currency))
	}
	_, err := member.AddBankAccount(ctx, tx, at, member.BankAccount{
		ClusterID: cluster, IBAN: a.IBAN, BIC: a.BIC, Currency: string(a.Currency), Holder: member.Text(a.Holder), Bank: member.Text(a.Bank), HolderID: a.HolderID,
	})
	return err
}

func (p Person) enter(ctx context.Context, tx *sqlx.Tx, at time.Time, cluster string) error {
	id, err := addPerson(ctx, tx, at, p.Email, p.Name, p.Password)
	if err != nil {
		return err
	}
	for _, role := range p.Roles {
		if err := member.GiveClusterRole(ctx, tx, id, cluster, role); err != nil {
			return err
		}
	}
	return nil
}

func (c Company) enter(ctx context.Context, tx *sqlx.Tx, at time.Time, cluster string) error {
	id, err := member.AddCompany(ctx, tx, at, member.Company{Slug: c.Slug, Name: member.Text(c.Name), About: member.Text(c.About)})
	if err != nil {
		return err
	}
	since := c.MemberSince
	if since.IsZero() {
		since = at
	}
	if err := member.Join(ctx, tx, id, cluster, since); err != nil {
		return err
	}
	owner, err := addPerson(ctx, tx, at, c.Owner.Email, c.Owner.Name, c.Owner.Password)
	if err != nil {
		return err
	}
	return member.GiveCompanyRole(ctx, tx, owner, id, member.Owner)
}

func (c Campaign) enter(ctx context.Context, tx *sqlx.Tx, at time.Time, cluster string) error {
	if !c.Currency.Known() {
		return fault.In("currency", "currency.unknown", string(c.Currency))
	}
	goal, err := money.Parse(c.Goal, c.Currency)
	if err != nil {
		return err
	}
	opens := c.OpensOn
	if opens.IsZero() {
		opens = at
	}
	id, err := campaign.Add(ctx, tx, at, campaign.Campaign{
		ClusterID: cluster, Slug: c.Slug, Title: campaign.Text(c.Title), Summary: campaign.Text(c.Summary), Story: campaign.Text(c.Story),
		Goal: goal, State: campaign.Open, OpensOn: opens, ClosesOn: c.ClosesOn,
	})
	if err != nil {
		return err
	}
	for _, slug := range c.Joined {
		if err := join(ctx, tx, at, c.Slug, slug); err != nil {
			return fmt.Errorf("cluster %s: %w", slug, err)
		}
	}
	for _, p := range c.Purposes {
		_, err := campaign.AddPurpose(ctx, tx, campaign.Purpose{CampaignID: id, Slug: p.Slug, Title: campaign.Text(p.Title), About: campaign.Text(p.About)})
		if err != nil {
			return err
		}
	}
	return nil
}

// addPerson enters somebody whose password stands in a file, where others have read it.
func addPerson(ctx context.Context, tx *sqlx.Tx, at time.Time, email, name, password string) (string, error) {
	id, err := member.AddPerson(ctx, tx, at, email, name, password)
	if err != nil {
		return "", err
	}
	return id, member.PasswordWasGiven(ctx, tx, at, id)
}

func join(ctx context.Context, tx *sqlx.Tx, at time.Time, slug, cluster string) error {
	k, err := member.ClusterBySlug(ctx, tx, cluster)
	if err != nil {
		return err
	}
	return campaign.Join(ctx, tx, clock.At(at), campaign.Joining{Slug: slug, ClusterID: k.ID})
}
