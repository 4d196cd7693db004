package report

import (
	"time"

	"kopiyka/internal/money"
)

// Totals are a campaign's figures, in minor units. They are never mixed: a promise counts
// in no total of money. What the books say always holds together:
//
//	Received − Refunded = Fees + Disputed + Lost + Drift + Allocated + Earmarked + Free − Shortfall
type Totals struct {
	Currency  money.Currency `db:"currency"`
	Goal      int64          `db:"goal"`
	Pledged   int64          `db:"pledged"`    // the whole promise as it stands after its acts, paid or not
	Unpaid    int64          `db:"unpaid"`     // the rests of the pledges, each for itself: neither here nor on its way; what went back is not here
	OnItsWay  int64          `db:"on_its_way"` // paid, and not yet with us; known for now alone
	Received  int64          `db:"received"`   // before fees and refunds
	Refunded  int64          `db:"refunded"`
	Fees      int64          `db:"fees"`
	Disputed  int64          `db:"disputed"` // taken back by payers' banks until they have decided
	Lost      int64          `db:"lost"`     // to disputes
	Drift     int64          `db:"drift"`    // to exchange rates; below zero: they have gained
	Allocated int64          `db:"allocated"`
	Earmarked int64          `db:"earmarked"` // with us, given for one purpose or need, and not set aside yet
	Free      int64          `db:"free"`
	Shortfall int64          `db:"shortfall"` // what refunds and disputes took of money that was set aside already

	CompaniesPledged int `db:"companies_pledged"` // anonymous ones count
	CompaniesPaid    int `db:"companies_paid"`    // whose money came, refunded later or not

	UpdatedAt time.Time `db:"updated_at"` // when the last of what counts here happened; never after AsOf
	AsOf      time.Time `db:"-"`          // the moment of the question; zero means now
}

// Missing is the part of the goal that nobody has brought or promised.
func (t Totals) Missing() int64 { return max(0, t.Goal-t.Kept()-t.OnItsWay-t.Unpaid) }

// Kept is what came and did not go back, neither by us nor by a payer's bank.
func (t Totals) Kept() int64 { return t.Received - t.Refunded - t.Disputed - t.Lost }
