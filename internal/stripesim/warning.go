package stripesim

import "fmt"

// fraudWarning is what a card network says before anybody disputes. No money moves.
type fraudWarning struct {
	ID            string `json:"id"`
	Object        string `json:"object"`
	Actionable    bool   `json:"actionable"`
	Charge        string `json:"charge"`
	Created       int64  `json:"created"`
	FraudType     string `json:"fraud_type"`
	Livemode      bool   `json:"livemode"`
	PaymentIntent string `json:"payment_intent"`
}

func (f fraudWarning) key() string      { return f.ID }
func (f fraudWarning) createdAt() int64 { return f.Created }

// asOf says whether a refund could still keep a dispute away.
func (f fraudWarning) asOf(t *tx) fraudWarning {
	ch, _ := t.charges.find(f.Charge)
	f.Actionable = ch.Status == chargeSucceeded && !ch.Refunded && !ch.Disputed
	return f
}

// WarnOfFraud lets a card network warn that a payment by card may be disputed. It is
// named by its intent or its charge.
func (s *Sim) WarnOfFraud(payment string) (id string, err error) {
	err = s.update(eventCause{}, func(t *tx) error {
		ch, err := t.chargeOf(payment)
		if err != nil {
			return err
		}
		if ch.method() != methodCard || ch.Status != chargeSucceeded {
			return fmt.Errorf("charge %s is %s and was paid by %s: networks warn of card payments that succeeded", ch.ID, ch.Status, ch.method())
		}
		f := fraudWarning{
			ID: newID("issfr_1", 23), Object: "radar.early_fraud_warning", Charge: ch.ID, Created: t.now.Unix(),
			FraudType: "unauthorized_use_of_card", PaymentIntent: string(ch.PaymentIntent),
		}
		save(t, &t.warnings, f)
		t.emit("radar.early_fraud_warning.created", f.asOf(t), nil)
		id = f.ID
		return nil
	})
	return id, err
}

func getWarning(c *call) (any, error) {
	return getOne(c, &c.warnings, "early_fraud_warning", "early_fraud_warning")
}

func listWarnings(c *call) (any, error) {
	charge, intent := c.params.text("charge", 5000), c.params.text("payment_intent", 5000)
	return list(c, &c.warnings, func(f fraudWarning) bool {
		return (charge == "" || f.Charge == charge) && (intent == "" || f.PaymentIntent == intent)
	})
}
