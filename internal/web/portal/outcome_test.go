package portal_test

import (
	"net/http"
	"testing"
	"time"

	"kopiyka/internal/stripesim"
)

// What a bank does to a payment afterwards is said to its company in words.
func TestWhatTheBankDidAfterwardsIsSaid(t *testing.T) {
	t.Parallel()
	r := open(t)
	p := r.Paid(10_000)
	id := r.Dispute(p, stripesim.Dispute{Amount: 4_000})
	r.payer.Get(back(p)).Wants(http.StatusOK).Says("h1", "Your bank disputes this payment").Says(".status", "disputed by your bank")
	r.payer.Get("/portal/pledges/"+p.PledgeID).Wants(http.StatusOK).Says(".table tbody", "$40.00 held by your bank’s dispute")
	if err := r.Sim.PartWinDispute(id, 1_000); err != nil {
		t.Fatal(err)
	}
	r.payer.Get(back(p)).Wants(http.StatusOK).Says("h1", "Your bank took this payment back")
	pledge := r.payer.Get("/portal/pledges/" + p.PledgeID).Wants(http.StatusOK)
	pledge.Says(".table tbody", "$30.00 taken back by your bank").Says("#pay .due-sum", "$30.00")

	debit := r.Checkout(r.Pledge(5_000), 5_000)
	r.Pay(debit, stripesim.AccountPays)
	if err := r.Sim.Advance(5 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	debit = r.Sync(debit)
	if err := r.Sim.FailLate(debit.IntentID, "insufficient_funds"); err != nil {
		t.Fatal(err)
	}
	r.payer.Get(back(debit)).Wants(http.StatusOK).Says("h1", "The bank took the payment back").Says(".status", "taken back by the bank")
	r.payer.Get("/portal/pledges/"+debit.PledgeID).Wants(http.StatusOK).Says("#pay .due-sum", "$50.00")
	r.SameBooks()
}
