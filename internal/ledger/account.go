// Package ledger is the books: accounts, entries that sum to zero, lots that remember
// which payment brought the money, and the check that recomputes all of it.
//
// It knows nothing of campaigns, pledges or Stripe: an account's code carries an id that
// means something to its owner alone. Nothing here is updated or deleted; a mistake is
// mended by another entry that names the first. PostgreSQL keeps these promises
// (migrations/00004_ledger.sql), this package speaks to it.
package ledger

import "kopiyka/internal/money"

// Account is one account of the books. Two amounts of different currencies never share one.
type Account struct {
	Code     string
	Currency money.Currency
}

// Where money is.

// Stripe is a cluster's balance at Stripe.
func Stripe(cluster string, c money.Currency) Account { return Account{"stripe:" + cluster, c} }

// Bank is one bank account.
func Bank(account string, c money.Currency) Account { return Account{"bank:" + account, c} }

// Transit is a cluster's payouts on their way from Stripe to the bank.
func Transit(cluster string, c money.Currency) Account { return Account{"transit:" + cluster, c} }

// What money is for. These never fall below zero and keep their money in lots.

// Fund is a campaign's free money.
func Fund(campaign string, c money.Currency) Account { return Account{"fund:" + campaign, c} }

// Purpose is money earmarked for one purpose of a campaign.
func Purpose(purpose string, c money.Currency) Account { return Account{"purpose:" + purpose, c} }

// Need is money earmarked for one need.
func Need(need string, c money.Currency) Account { return Account{"need:" + need, c} }

// Allocation is money set aside.
func Allocation(allocation string, c money.Currency) Account {
	return Account{"allocation:" + allocation, c}
}

// Where money went.

// Fee is what Stripe and banks kept of a campaign's money.
func Fee(campaign string, c money.Currency) Account { return Account{"fee:" + campaign, c} }

// Loss is what disputes have cost a campaign.
func Loss(campaign string, c money.Currency) Account { return Account{"loss:" + campaign, c} }

// Drift is what exchange rates have cost a campaign; below zero they have brought it more.
func Drift(campaign string, c money.Currency) Account { return Account{"drift:" + campaign, c} }

// Released is the counterpart of everything that a campaign's money was paid away for:
// "net assets released from restriction" in the books of a charity. Its balance equals
// spent + fee + loss + drift + disputed.
func Released(campaign string, c money.Currency) Account { return Account{"released:" + campaign, c} }

// Held and unknown.

// Shortfall is what a campaign's fund owes after a refund of money that it no longer had.
func Shortfall(campaign string, c money.Currency) Account { return Account{"shortfall:" + campaign, c} }

// Disputed is what payers' banks have taken back of a campaign's money until they have decided.
func Disputed(campaign string, c money.Currency) Account { return Account{"disputed:" + campaign, c} }

// Owed is what a cluster owes its campaigns: fees that belong to none of them.
func Owed(cluster string, c money.Currency) Account { return Account{"owed:" + cluster, c} }

// Unmatched is money on a cluster's bank accounts of which nobody has said what it is.
func Unmatched(cluster string, c money.Currency) Account { return Account{"unmatched:" + cluster, c} }

// Exchange joins the two currencies of a conversion.
func Exchange(cluster string, c money.Currency) Account { return Account{"exchange:" + cluster, c} }

// Suspense is money of a cluster that nobody has explained yet.
func Suspense(cluster string, c money.Currency) Account { return Account{"suspense:" + cluster, c} }
