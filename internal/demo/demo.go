// Package demo is the demonstration: the public record of IT4Life in 2020 with invented
// donors, entered the way real people would. A pledge is made, a checkout page is opened
// at the sandbox and paid there, the sandbox signs a webhook, a worker syncs, the ledger
// posts. No row is put in behind the house's back.
//
// It is loaded by `kopiyka demo` alone, and only into the sandbox: its people's passwords
// are printed on every start.
package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

// Password is everybody's in the demo.
const Password = "relief-demo-2020"

// MailFrom is who the demo's letters are from.
const MailFrom = Payee + " <letters@demo.test>"

// SignIn is somebody whom a newcomer can sign in as.
type SignIn struct{ Email, Role string }

// The demo's people.
const (
	CompanyEmail     = "company@demo.test"
	CoordinatorEmail = "coordinator@demo.test"
	ApproverEmail    = "approver@demo.test"
	AdminEmail       = "admin@demo.test"
)

// SignIns are the demo's people, for the table that `kopiyka demo` prints.
var SignIns = []SignIn{
	{CompanyEmail, "company (owner of Ganok Soft)"},
	{CoordinatorEmail, "coordinator"},
	{ApproverEmail, "approver"},
	{AdminEmail, "admin of the cluster"},
	{"coordinator.mariupol@demo.test", "coordinator in Mariupol"},
	{"approver.mariupol@demo.test", "approver and admin in Mariupol"},
	{"coordinator.kramatorsk@demo.test", "coordinator in Kramatorsk, which leads the joint campaign"},
	{"approver.kramatorsk@demo.test", "approver and admin in Kramatorsk"},
	{"coordinator.luhansk@demo.test", "coordinator in Luhansk"},
	{"approver.luhansk@demo.test", "approver and admin in Luhansk"},
}

// Loader enters the demo. The server must be serving and its workers working.
type Loader struct {
	DB      *sqlx.DB
	Now     clock.Clock
	Vault   *member.Vault
	Gateway *gateway.Gateway
	URL     string // the house's own, for the links in letters
	Sandbox Sandbox
	// Step is told after each step how far the load is.
	Step func(done, total int, what string)

	ids ids
}

// Sandbox is how the demo reaches its Stripe: as a payer's browser, and as somebody at
// Stripe's dashboard.
type Sandbox struct {
	URL    string
	Key    string
	Settle func(paymentIntent string) error // lets a bank debit's four days pass
	HTTP   *http.Client
}

// ids are what later steps need of earlier ones.
type ids struct {
	campaign            string // the record's
	purposes            map[string]string
	clusters, campaigns map[string]string
	companies, payers   map[string]string
	staff               map[string]staff // by cluster
}

type step struct {
	what string
	do   func(context.Context) error
}

// Load enters what is missing of the demo, and nothing twice: it may be called again after
// it was interrupted anywhere, and at each start. It returns when every payment that the
// demo settles is in the books.
func (l *Loader) Load(ctx context.Context) error {
	l.ids = ids{
		purposes: map[string]string{}, clusters: map[string]string{}, campaigns: map[string]string{},
		companies: map[string]string{}, payers: map[string]string{}, staff: map[string]staff{},
	}
	steps := []step{
		{"the cluster and its people", l.enterCluster}, {"the campaign", l.enterCampaign}, {"exchange rates", l.enterRates},
		{"other clusters", l.enterAssociations}, {"their companies", l.enterFirms}, {"their campaigns", l.enterCollections},
	}
	for _, d := range donors {
		steps = append(steps, step{d.en, func(ctx context.Context) error { return l.enterGift(ctx, d) }})
	}
	steps = append(steps,
		step{"gifts through four clusters", l.enterGifts},
		step{"a debit on its way", l.enterDebitOnItsWay},
		step{"promises for later", l.enterPromises},
		step{"a refund", l.enterRefund},
		step{"allocations", l.enterAllocations},
		step{"who they are", l.enterProfiles},
		step{"what is set aside of them", l.enterAsides},
		step{"reminders", l.remind},
	)
	for i, s := range steps {
		if l.Step != nil {
			l.Step(i, len(steps), s.what)
		}
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("load the demo, %s: %w", s.what, err)
		}
	}
	if l.Step != nil {
		l.Step(len(steps), len(steps), "")
	}
	return pg.Announce(ctx, l.DB, pg.PublicChanged)
}

// ensure returns what find finds, or what add makes when find finds nothing.
func (l *Loader) ensure(ctx context.Context, find func() (string, error), add func(*sqlx.Tx) (string, error)) (string, error) {
	id, err := find()
	if f, ok := fault.As(err); !ok || f.Kind != fault.NotFound {
		return id, err
	}
	err = pg.InTx(ctx, l.DB, func(tx *sqlx.Tx) error {
		id, err = add(tx)
		return err
	})
	return id, err
}

// patience is how long the demo waits for the house to take notice of a payment.
const patience = 30 * time.Second

// until asks again until done says so.
func until(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s did not happen within %s", what, patience), ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}
