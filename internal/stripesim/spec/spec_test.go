package spec_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-mock/embedded"

	"kopiyka/internal/stripesim/spec"
)

func load(t *testing.T) *spec.Spec {
	t.Helper()
	s, err := spec.Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The judge is judged first: Stripe's own fixtures must pass, except for three in
// which Stripe's fixtures and Stripe's document differ.
func TestCase131StripesOwnFixturesPass(t *testing.T) {
	t.Parallel()
	s := load(t)
	if s.Version() != "2023-10-16" {
		t.Errorf("the document describes %s", s.Version())
	}
	var fixtures struct{ Resources map[string]any }
	if err := json.Unmarshal(embedded.OpenAPIFixtures, &fixtures); err != nil {
		t.Fatal(err)
	}
	var failed []string
	for _, name := range slices.Sorted(maps.Keys(fixtures.Resources)) {
		if wrong := s.Object(name, fixtures.Resources[name]); len(wrong) > 0 {
			failed = append(failed, name)
		}
	}
	if len(fixtures.Resources) != 141 {
		t.Errorf("%d fixtures, want 141", len(fixtures.Resources))
	}
	want := []string{"identity.verification_report", "token", "treasury.outbound_payment"}
	if diff := cmp.Diff(want, failed); diff != "" {
		t.Errorf("fixtures that fail (-want +got):\n%s", diff)
	}
}

func TestBadObjectsAreFound(t *testing.T) {
	t.Parallel()
	s := load(t)
	var fixtures struct{ Resources map[string]json.RawMessage }
	if err := json.Unmarshal(embedded.OpenAPIFixtures, &fixtures); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(map[string]any)
		want  string
	}{
		"invented field":   {func(o map[string]any) { o["order"] = nil }, "no field order"},
		"missing field":    {func(o map[string]any) { delete(o, "paid") }, "paid is missing"},
		"wrong type":       {func(o map[string]any) { o["amount"] = "100" }, "instead of an integer"},
		"fraction":         {func(o map[string]any) { o["amount"] = 1.5 }, "instead of an integer"},
		"forbidden null":   {func(o map[string]any) { o["amount"] = nil }, "null is not allowed"},
		"unknown enum":     {func(o map[string]any) { o["status"] = "done" }, "not one of"},
		"too long":         {func(o map[string]any) { o["id"] = strings.Repeat("ї", 5001) }, "longer than 5000"},
		"nested invention": {func(o map[string]any) { o["billing_details"] = map[string]any{"nick": "x"} }, "no field nick"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var charge map[string]any
			if err := json.Unmarshal(fixtures.Resources["charge"], &charge); err != nil {
				t.Fatal(err)
			}
			c.spoil(charge)
			if got := strings.Join(s.Object("charge", charge), "; "); !strings.Contains(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

func TestBadRequestsAreFound(t *testing.T) {
	t.Parallel()
	s := load(t)
	good := "mode=payment&success_url=https%3A%2F%2Fx&client_reference_id=1&metadata[0]=a&expand[0]=payment_intent&payment_method_types[]=card" +
		"&line_items[0][quantity]=1&line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=500&line_items[0][price_data][product_data][name]=x"
	for name, c := range map[string]struct{ query, want string }{
		"good":           {good, ""},
		"unknown":        {good + "&amount_totl=5", "no parameter amount_totl"},
		"nested unknown": {good + "&line_items[0][price_data][unit_amont]=1", "no parameter unit_amont"},
		"enum":           {strings.Replace(good, "mode=payment", "mode=paymnt", 1), "not one of"},
		"enum in a list": {strings.Replace(good, "=card", "=carrd", 1), "not one of"},
		"type":           {good + "&expires_at=tomorrow", "not an integer"},
		"missing":        {strings.Replace(good, "&line_items[0][price_data][currency]=usd", "", 1), "currency is missing"},
		"too long":       {strings.Replace(good, "client_reference_id=1", "client_reference_id="+strings.Repeat("a", 201), 1), "longer than 200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form, err := url.ParseQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(s.Request("POST", "/v1/checkout/sessions", form), "; ")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
	if got := s.Request("GET", "/v1/charges", url.Values{"status": {"paid"}}); len(got) != 1 {
		t.Errorf("an unknown query parameter: found %q", got)
	}
	if got := s.Request("GET", "/v1/pledges", nil); len(got) != 1 {
		t.Errorf("an unknown path: found %q", got)
	}
}
