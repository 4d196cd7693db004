package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"kopiyka/internal/gateway"
	"kopiyka/internal/giving"
)

// What a payer of the demo types on the checkout page: Stripe's own test numbers
// (https://docs.stripe.com/testing).
var (
	goodCard    = url.Values{"method": {"card"}, "number": {"4242 4242 4242 4242"}, "expiry": {"12 / 34"}, "cvc": {"123"}, "name": {"Kopiyka Demo"}}
	brokeCard   = url.Values{"method": {"card"}, "number": {"4000 0000 0000 9995"}, "expiry": {"12 / 34"}, "cvc": {"123"}, "name": {"Kopiyka Demo"}}
	goodAccount = url.Values{"method": {"us_bank_account"}, "account": {"000123456789"}, "holder": {"Kopiyka Demo"}}
)

// pay opens a checkout page for all that is left of a pledge and fills it in.
func (l *Loader) pay(ctx context.Context, p giving.Pledge, typed url.Values) error {
	payment, err := l.Gateway.Checkout(ctx, gateway.Order{
		PledgeID: p.ID, PersonID: l.personOf(p), Amount: p.ToPay(), Title: p.Campaign.UK,
	})
	if err != nil {
		return err
	}
	return l.Sandbox.submit(ctx, payment.SessionURL, typed)
}

func (l *Loader) personOf(p giving.Pledge) string {
	for slug, id := range l.ids.companies {
		if id == p.CompanyID {
			return l.ids.payers[slug]
		}
	}
	return ""
}

// submit sends a checkout page's form. The page answers with where it leads next, or with
// itself and a sentence when the payment was declined.
func (s Sandbox) submit(ctx context.Context, page string, typed url.Values) error {
	status, err := s.post(ctx, page, typed)
	if err != nil {
		return err
	}
	if status != http.StatusSeeOther && status != http.StatusPaymentRequired && status != http.StatusUnprocessableEntity && status != http.StatusOK {
		return fmt.Errorf("the checkout page answered %d", status)
	}
	return nil
}

// refund returns a part of a payment through Stripe's API, which is what its dashboard does.
func (s Sandbox) refund(ctx context.Context, intent string, units int64) error {
	status, err := s.post(ctx, s.URL+"/v1/refunds", url.Values{"payment_intent": {intent}, "amount": {strconv.FormatInt(units, 10)}})
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the refund was answered %d", status)
	}
	return err
}

func (s Sandbox) post(ctx context.Context, to string, form url.Values) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(to, s.URL+"/v1/") {
		req.Header.Set("Authorization", "Bearer "+s.Key)
	}
	client := *s.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // a payer's way back is not the demo's
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}
