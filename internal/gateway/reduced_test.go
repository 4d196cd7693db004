package gateway_test

import (
	"regexp"
	"testing"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/stripesim"
)

// Of an event that was handled long ago the schema keeps what handling it again needs, and
// nothing of who paid. Handled by that alone, events lead to the same books.
func TestAReducedEventLeadsToTheSameBooks(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.CardPays)
	handled := map[string]bool{}
	hear := func() {
		t.Helper()
		for _, e := range b.Events() {
			if handled[e.ID] {
				continue
			}
			handled[e.ID] = true
			event, err := b.Gateway.Verify(e.Body, gatewaytest.Sign(e.Body, gatewaytest.Secret, b.Now()))
			if err != nil {
				t.Fatal(err)
			}
			whole := len(event.Body)
			if err := b.Owner.Get(&event.Body, `SELECT reduced_event($1)`, event.Body); err != nil {
				t.Fatal(err)
			}
			if left := regexp.MustCompile(`"[a-z_]+":`).FindAllString(string(event.Body), -1); len(event.Body) > 300 || len(event.Body) >= whole || len(left) > 6 {
				t.Errorf("%s is left with %s", e.Type, event.Body)
			}
			if err := b.Gateway.Handle(t.Context(), event); err != nil {
				t.Errorf("%s: %v", e.Type, err)
			}
		}
	}
	hear()
	if got := b.Payment(p.ID); got.State != giving.Paid || b.AtStripe() == 0 {
		t.Fatalf("the payment is %+v", got)
	}
	b.Refund(b.Payment(p.ID), 2_500)
	hear()
	if got := b.Payment(p.ID); got.RefundedMinor != 2_500 {
		t.Errorf("refunded are %d", got.RefundedMinor)
	}
	if len(handled) < 4 {
		t.Errorf("only %d events were handled", len(handled))
	}
	b.VerifyBooks()
	for _, broken := range []string{"", "no JSON", "\xff\xfe", `[]`, `{"data":{"object":[1]}}`} {
		var left []byte
		if err := b.Owner.Get(&left, `SELECT reduced_event($1)`, []byte(broken)); err != nil || len(left) > 60 {
			t.Errorf("of %q is left %s, %v", broken, left, err)
		}
	}
}
