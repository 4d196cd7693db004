package gatewaytest

import (
	"testing"

	"kopiyka/internal/giving"
	"kopiyka/internal/stripesim"
)

// The bench itself: a gift by webhook, from the promise to the books.
func TestBenchCarriesAGiftByWebhook(t *testing.T) {
	t.Parallel()
	b := New(t)
	b.Serve()
	p := b.Checkout(b.Pledge(500_000), 500_000)
	b.Pay(p, stripesim.CardPays)
	Until(t, "the webhook's settlement", func() bool { return b.Payment(p.ID).State == giving.Paid })
	Until(t, "an empty inbox", func() bool { return b.Count("inbox_events WHERE state <> 'done'") == 0 })
	b.SameBooks()
	if b.Free() != b.AtStripe() || b.Free() <= 0 {
		t.Errorf("free = %d, at Stripe = %d", b.Free(), b.AtStripe())
	}
}
