package web_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The actors of the matrix, in the order of its columns. A bar in a row stands where a new
// group begins.
var actors = [][]actor{
	{{"nobody", ""}},
	{{"viewer", "viewer@example.org"}, {"payer", "payer@example.org"}, {"owner", "owner@example.org"}},
	{{"another company's owner", "neighbour@example.org"}},
	{{"coordinator", "coordinator@example.org"}, {"approver", "approver@example.org"}, {"treasurer", "treasurer@example.org"}, {"auditor", "auditor@example.org"}, {"admin", "admin@example.org"}},
	{{"another cluster's all in one", "elsewhere@example.org"}},
}

type actor struct{ name, email string }

// The groups.
const (
	strangers = iota
	company
	otherCompany
	cluster
	otherCluster
)

// matrix says who gets what at each address: own, as the company's and the cluster's people
// have it. Groups stand in the order of actors; one status is for all of a group. An address
// without a row fails the test, so that a new one is thought about.
//
// The people of the other company and the other cluster see what is foreign; what is not
// there at all has to look the same (see absent).
//
// 303 for nobody is the way to the sign-in page. 422 and 409 mean that the person may come
// here and that this form is refused; 403 and 404 that the person may not.
var matrix = map[string]string{
	// Everyone's pages, and machines.
	"GET /":                               "302 | 302 | 302 | 302 | 302",
	"GET /:lang":                          "302 | 302 | 302 | 302 | 302",
	"GET /:lang/":                         "200 | 200 | 200 | 200 | 200",
	"GET /:lang/campaigns/:slug":          "200 | 200 | 200 | 200 | 200",
	"GET /:lang/campaigns/:slug/donors":   "200 | 200 | 200 | 200 | 200",
	"GET /:lang/companies":                "200 | 200 | 200 | 200 | 200",
	"GET /:lang/companies/:slug":          "200 | 200 | 200 | 200 | 200",
	"GET /:lang/clusters/:slug":           "200 | 200 | 200 | 200 | 200",
	"GET /assets/*":                       "404 | 404 | 404 | 404 | 404",
	"GET /healthz":                        "200 | 200 | 200 | 200 | 200",
	"GET /readyz":                         "503 | 503 | 503 | 503 | 503", // no worker runs in this test
	"GET /api/openapi.json":               "200 | 200 | 200 | 200 | 200",
	"GET /api/v1/campaigns":               "200 | 200 | 200 | 200 | 200",
	"GET /api/v1/campaigns/:slug":         "200 | 200 | 200 | 200 | 200",
	"POST /hooks/stripe":                  "400 | 400 | 400 | 400 | 400",
	"GET /language/:lang":                 "303 | 303 | 303 | 303 | 303",
	"GET /:lang/campaigns":                "302 | 302 | 302 | 302 | 302",
	"GET /:lang/apply":                    "200 | 200 | 200 | 200 | 200",
	"POST /:lang/apply":                   "422 | 422 | 422 | 422 | 422",
	"GET /:lang/apply/sent":               "200 | 200 | 200 | 200 | 200",
	"GET /:lang/companies/:slug/logo.png": "404 | 404 | 404 | 404 | 404",
	"GET /:lang/clusters/:slug/logo.png":  "404 | 404 | 404 | 404 | 404",
	// The audit: auditors and admins read their cluster's, all others are led to their own acts.
	"GET /office/audit":             "303 | 404 | 404 | 303 303 303 200 200 | 200",
	"GET /office/audit.csv":         "303 | 404 | 404 | 303 303 303 200 200 | 200",
	"GET /account/trail":            "303 | 200 | 200 | 200 | 200",
	"GET /account/trail.csv":        "303 | 200 | 200 | 200 | 200",
	"GET /account/data":             "303 | 200 | 200 | 200 | 200",
	"GET /account/letters":          "303 | 200 | 200 | 200 | 200",
	"POST /account/letters":         "303 | 404 | 404 | 404 | 404", // no kind is named
	"GET /account/letters/address":  "303 | 303 | 303 | 303 | 303",
	"POST /account/letters/address": "303 | 303 | 303 | 303 | 303",
	"GET /account/erase":            "303 | 200 | 200 | 200 | 200",
	"POST /account/erase":           "303 | 422 | 422 | 422 | 422", // nobody's address is typed
	"GET /account/data.json":        "303 | 200 | 200 | 200 | 200",
	// One's own sign-in. Forms are empty but where it is said, and the codes wrong.
	"GET /sign-in":                         "200 | 303 | 303 | 303 | 303",
	"POST /sign-in":                        "303 | 303 | 303 | 303 | 303", // with the right password
	"POST /sign-out":                       "303 | 303 | 303 | 303 | 303",
	"GET /sign-in/factor":                  "303 | 200 | 200 | 200 | 200",
	"POST /sign-in/factor":                 "303 | 422 | 422 | 422 | 422",
	"GET /account":                         "303 | 200 | 200 | 200 | 200",
	"GET /account/authenticator":           "303 | 200 | 200 | 200 | 200",
	"POST /account/authenticator":          "303 | 422 | 422 | 422 | 422",
	"GET /account/authenticator/remove":    "303 | 303 | 303 | 303 | 303",
	"GET /account/recovery-codes":          "303 | 303 | 303 | 303 | 303",
	"POST /account/recovery-codes":         "303 | 303 | 303 | 200 | 200",
	"POST /account/authenticator/remove":   "303 | 303 | 303 | 303 | 303",
	"POST /sign-in/passkey/options":        "200 | 200 | 200 | 200 | 200",
	"POST /sign-in/passkey":                "415 | 415 | 415 | 415 | 415", // forms have ways of their own
	"POST /sign-in/passkey/again/options":  "422 | 409 | 409 | 409 | 409", // nobody here has a passkey
	"POST /sign-in/passkey/again":          "415 | 415 | 415 | 415 | 415",
	"GET /account/passkeys/new":            "303 | 200 | 200 | 200 | 200",
	"POST /account/passkeys/options":       "303 | 200 | 200 | 200 | 200",
	"GET /account/passkeys":                "303 | 303 | 303 | 303 | 303",
	"POST /account/passkeys":               "303 | 303 | 303 | 303 | 303",
	"GET /account/passkeys/:id/remove":     "303 | 303 | 303 | 303 | 303",
	"POST /account/passkeys/:id/remove":    "303 | 404 | 404 | 404 | 404", // it is nobody's
	"GET /account/password":                "303 | 200 | 200 | 200 | 200",
	"POST /account/password":               "303 | 422 | 422 | 422 | 422",
	"GET /account/sessions/:id/end":        "303 | 303 | 303 | 303 | 303",
	"POST /account/sessions/:id/end":       "303 | 404 | 404 | 404 | 404",
	"GET /account/sessions/end":            "303 | 303 | 303 | 303 | 303",
	"POST /account/sessions/end":           "303 | 303 | 303 | 303 | 303",
	"GET /sign-in/with/:issuer":            "404 | 404 | 404 | 404 | 404", // this house knows no others
	"GET /sign-in/with/:issuer/back":       "404 | 404 | 404 | 404 | 404",
	"GET /account/issuers":                 "303 | 303 | 303 | 303 | 303",
	"POST /account/issuers":                "303 | 422 | 422 | 422 | 422",
	"GET /account/issuers/:issuer/remove":  "303 | 303 | 303 | 303 | 303",
	"POST /account/issuers/:issuer/remove": "303 | 404 | 404 | 404 | 404",
	"GET /sign-in/reset":                   "200 | 200 | 200 | 200 | 200",
	"POST /sign-in/reset":                  "422 | 422 | 422 | 422 | 422",
	"GET /sign-in/reset/:token":            "200 | 200 | 200 | 200 | 200",
	"POST /sign-in/reset/:token":           "422 | 422 | 422 | 422 | 422",
	// Whoever holds a letter.
	"GET /letters/:token":       "200 | 200 | 200 | 200 | 200", // whoever holds the letter
	"POST /letters/:token":      "200 | 200 | 200 | 200 | 200",
	"GET /addresses/:token":     "200 | 200 | 200 | 200 | 200", // whoever holds the letter
	"POST /addresses/:token":    "200 | 200 | 200 | 200 | 200",
	"GET /reminders/:token":     "200 | 200 | 200 | 200 | 200", // whoever holds the letter
	"POST /reminders/:token":    "200 | 200 | 200 | 200 | 200",
	"GET /applications/:token":  "200 | 200 | 200 | 200 | 200", // whoever holds the letter
	"POST /applications/:token": "303 | 303 | 303 | 303 | 303",
	"GET /invitations/:token":   "200 | 200 | 200 | 200 | 200",
	"POST /invitations/:token":  "422 | 403 | 403 | 403 | 403", // it went to somebody else
	// What a company sees.
	"GET /portal":                                   "303 | 200 | 200 | 404 | 404",
	"GET /portal/pledges":                           "303 | 303 | 303 | 404 | 404",
	"POST /portal/pledges":                          "303 | 403 303 303 | 404 | 404 | 404",
	"GET /portal/pledges/new":                       "303 | 403 200 200 | 200 | 404 | 404",
	"GET /portal/pledges/:id":                       "303 | 200 | 404 | 404 | 404",
	"GET /portal/pledges/:id/history":               "303 | 200 | 404 | 404 | 404",
	"GET /portal/pledges/:id/amend":                 "303 | 403 200 200 | 404 | 404 | 404",
	"POST /portal/pledges/:id/amend":                "303 | 403 422 422 | 404 | 404 | 404",
	"GET /portal/pledges/:id/cancel":                "303 | 403 200 200 | 404 | 404 | 404",
	"POST /portal/pledges/:id/cancel":               "303 | 403 422 422 | 404 | 404 | 404",
	"GET /portal/pledges/:id/release":               "303 | 403 409 409 | 404 | 404 | 404", // this pledge is not earmarked
	"POST /portal/pledges/:id/release":              "303 | 403 422 422 | 404 | 404 | 404",
	"GET /portal/pledges/:id/payments":              "303 | 303 | 303 | 404 | 404",
	"POST /portal/pledges/:id/payments":             "303 | 422 | 404 | 404 | 404",
	"GET /portal/payments/:id/return":               "303 | 200 | 404 | 404 | 404",
	"GET /portal/payments/:id/cancel":               "303 | 303 | 404 | 404 | 404",
	"GET /portal/pledges/:id/documents":             "303 | 303 | 303 | 404 | 404",
	"POST /portal/pledges/:id/documents":            "303 | 403 303 303 | 404 | 404 | 404",
	"GET /portal/documents/:id/:lang":               "303 | 200 | 404 | 404 | 404",
	"GET /portal/companies/:slug/statements/:year":  "303 | 200 | 404 | 404 | 404",
	"POST /portal/companies/:slug/statements/:year": "303 | 403 409 409 | 404 | 404 | 404",
	"GET /portal/reminders/:token":                  "303 | 303 | 404 | 404 | 404",
	"GET /portal/companies/:slug":                   "303 | 200 | 404 | 404 | 404",
	"POST /portal/companies/:slug":                  "303 | 403 403 303 | 404 | 404 | 404",
	"GET /portal/companies/:slug/logo":              "303 | 404 | 404 | 404 | 404",         // there is none
	"POST /portal/companies/:slug/logo":             "303 | 403 403 415 | 404 | 404 | 404", // no file is sent
	"GET /portal/companies/:slug/logo/drop":         "303 | 303 | 404 | 404 | 404",
	"POST /portal/companies/:slug/logo/drop":        "303 | 403 403 303 | 404 | 404 | 404",
	"GET /portal/companies/:slug/addresses":         "303 | 303 | 404 | 404 | 404",
	"POST /portal/companies/:slug/addresses":        "303 | 403 403 303 | 404 | 404 | 404",
	"GET /portal/companies/:slug/team":              "303 | 200 | 404 | 404 | 404",
	"POST /portal/companies/:slug/team":             "303 | 403 403 303 | 404 | 404 | 404",
	"GET /portal/companies/:slug/team/:id":          "303 | 303 | 404 | 404 | 404",
	"POST /portal/companies/:slug/team/:id":         "303 | 403 403 303 | 404 | 404 | 404",
	"GET /portal/companies/:slug/invitations/:id":   "303 | 303 | 404 | 404 | 404",
	"POST /portal/companies/:slug/invitations/:id":  "303 | 403 403 303 | 404 | 404 | 404",
	"GET /portal/companies/:slug/pledges":           "303 | 200 | 404 | 404 | 404",
	"GET /portal/companies/:slug/pledges.csv":       "303 | 200 | 404 | 404 | 404",
	"GET /portal/companies/:slug/payments":          "303 | 200 | 404 | 404 | 404",
	"GET /portal/companies/:slug/payments.csv":      "303 | 200 | 404 | 404 | 404",
	"GET /portal/companies/:slug/documents":         "303 | 200 | 404 | 404 | 404",
	"GET /portal/companies/:slug/documents.csv":     "303 | 200 | 404 | 404 | 404",
	"GET /portal/companies/:slug/second-factor":     "303 | 303 | 404 | 404 | 404",
	"POST /portal/companies/:slug/second-factor":    "303 | 403 403 422 | 404 | 404 | 404", // the owner has none
	"GET /portal/companies/:slug/leave":             "303 | 200 | 404 | 404 | 404",
	"POST /portal/companies/:slug/leave":            "303 | 303 303 409 | 404 | 404 | 404", // the last owner cannot
	// What a cluster's people see. One account at Stripe and one queue serve the whole house, and
	// so all who run clusters.
	"GET /office":                                        "303 | 404 | 404 | 200 | 200",
	"GET /office/allocations":                            "303 | 404 | 404 | 200 | 200",
	"GET /office/allocations/:id":                        "303 | 404 | 404 | 200 | 404",
	"GET /office/allocations/:id/:act":                   "303 | 404 | 404 | 303 | 303",
	"POST /office/allocations/:id/approve":               "303 | 404 | 404 | 403 303 403 403 403 | 404",
	"POST /office/allocations/:id/refuse":                "303 | 404 | 404 | 403 303 403 403 403 | 404",
	"GET /office/pledges":                                "303 | 404 | 404 | 200 | 200",
	"GET /office/pledges/:id":                            "303 | 404 | 404 | 200 | 404",
	"GET /office/pledges/:id/correct":                    "303 | 404 | 404 | 200 403 403 404 403 | 404",
	"POST /office/pledges/:id/correct":                   "303 | 404 | 404 | 422 403 403 403 403 | 404",
	"GET /office/pledges/:id/write-off":                  "303 | 404 | 404 | 200 403 403 404 403 | 404",
	"POST /office/pledges/:id/write-off":                 "303 | 404 | 404 | 422 403 403 403 403 | 404",
	"GET /office/write-offs/:id":                         "303 | 404 | 404 | 200 | 404",
	"GET /office/write-offs/:id/:act":                    "303 | 404 | 404 | 303 | 303",
	"POST /office/write-offs/:id/approve":                "303 | 404 | 404 | 403 303 403 403 403 | 404",
	"POST /office/write-offs/:id/refuse":                 "303 | 404 | 404 | 403 303 403 403 403 | 404",
	"GET /office/campaigns/:slug/allocations":            "303 | 404 | 404 | 303 | 303",
	"POST /office/campaigns/:slug/allocations":           "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/:slug/allocations/new":        "303 | 404 | 404 | 200 403 403 404 403 | 404",
	"GET /office/payments":                               "303 | 404 | 404 | 200 | 200",
	"GET /office/payments.csv":                           "303 | 404 | 404 | 200 | 200",
	"GET /office/payments/:id":                           "303 | 404 | 404 | 200 | 404",
	"GET /office/payments/:id/ask":                       "303 | 404 | 404 | 303 | 303",
	"POST /office/payments/:id/ask":                      "303 | 404 | 404 | 303 303 303 403 303 | 404",
	"GET /office/payments/:id/refund":                    "303 | 404 | 404 | 200 403 200 404 403 | 404",
	"POST /office/payments/:id/refund":                   "303 | 404 | 404 | 303 403 303 403 403 | 404",
	"GET /office/refunds":                                "303 | 404 | 404 | 200 | 200",
	"GET /office/refunds.csv":                            "303 | 404 | 404 | 200 | 200",
	"GET /office/refunds/:id":                            "303 | 404 | 404 | 200 | 404",
	"GET /office/refunds/:id/:act":                       "303 | 404 | 404 | 303 | 303",
	"POST /office/refunds/:id/approve":                   "303 | 404 | 404 | 403 303 303 403 403 | 404",
	"POST /office/refunds/:id/refuse":                    "303 | 404 | 404 | 403 303 303 403 403 | 404",
	"GET /office/rates":                                  "303 | 404 | 404 | 200 | 200",
	"POST /office/rates":                                 "303 | 404 | 404 | 422 | 422",
	"GET /office/rates.csv":                              "303 | 404 | 404 | 200 | 200",
	"GET /office/campaigns/:slug/currencies":             "303 | 404 | 404 | 200 | 404",
	"POST /office/campaigns/:slug/currencies":            "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/due":                                    "303 | 404 | 404 | 200 | 200",
	"GET /office/due.csv":                                "303 | 404 | 404 | 200 | 200",
	"GET /office/alarms":                                 "303 | 404 | 404 | 200 | 200",
	"GET /office/alarms.csv":                             "303 | 404 | 404 | 200 | 200",
	"GET /office/alarms/:id":                             "303 | 404 | 404 | 200 | 404",
	"POST /office/alarms/:id":                            "303 | 404 | 404 | 303 303 303 403 303 | 404",
	"GET /office/suspense":                               "303 | 404 | 404 | 200 | 200",
	"GET /office/suspense.csv":                           "303 | 404 | 404 | 200 | 200",
	"GET /office/statements":                             "303 | 404 | 404 | 200 | 200",
	"GET /office/statements/new":                         "303 | 404 | 404 | 200 200 200 404 200 | 200",
	"POST /office/statements":                            "303 | 404 | 404 | 422 | 422",
	"GET /office/statements/:id":                         "303 | 404 | 404 | 200 | 404",
	"GET /office/imports/:id":                            "303 | 404 | 404 | 200 | 404",
	"GET /office/unmatched":                              "303 | 404 | 404 | 200 | 200",
	"GET /office/unmatched.csv":                          "303 | 404 | 404 | 200 | 200",
	"GET /office/lines/:id":                              "303 | 404 | 404 | 200 | 404",
	"GET /office/lines/:id/:act":                         "303 | 404 | 404 | 303 | 303",
	"POST /office/lines/:id/pledge":                      "303 | 404 | 404 | 422 | 404",
	"POST /office/lines/:id/fee":                         "303 | 404 | 404 | 409 403 409 403 409 | 404", // all of it is a gift
	"POST /office/lines/:id/payout":                      "303 | 404 | 404 | 409 403 409 403 409 | 404",
	"POST /office/lines/:id/refund":                      "303 | 404 | 404 | 409 403 409 403 409 | 404",
	"POST /office/lines/:id/reversal":                    "303 | 404 | 404 | 409 403 409 403 409 | 404",
	"GET /office/matches/:id/undo":                       "303 | 404 | 404 | 303 | 404",
	"POST /office/matches/:id/undo":                      "303 | 404 | 404 | 409 403 409 403 403 | 404", // it waits for its second person already
	"GET /office/undoings/:id/:act":                      "303 | 404 | 404 | 303 | 404",
	"POST /office/undoings/:id/approve":                  "303 | 404 | 404 | 403 303 403 403 403 | 404",
	"POST /office/undoings/:id/refuse":                   "303 | 404 | 404 | 303 303 403 403 403 | 404",
	"GET /office/reconciliation":                         "303 | 404 | 404 | 200 | 200",
	"POST /office/reconciliation":                        "303 | 404 | 404 | 303 303 303 403 303 | 303",
	"GET /office/inbox":                                  "303 | 404 | 404 | 200 | 200",
	"GET /office/inbox.csv":                              "303 | 404 | 404 | 200 | 200",
	"GET /office/inbox/:id":                              "303 | 404 | 404 | 200 | 200",
	"POST /office/inbox/:id":                             "303 | 404 | 404 | 303 303 303 403 303 | 303",
	"GET /office/jobs":                                   "303 | 404 | 404 | 200 | 200",
	"GET /office/jobs.csv":                               "303 | 404 | 404 | 200 | 200",
	"GET /office/jobs/:id":                               "303 | 404 | 404 | 303 | 303",
	"POST /office/jobs/:id":                              "303 | 404 | 404 | 303 303 303 403 303 | 303",
	"GET /office/companies":                              "303 | 404 | 404 | 200 | 200",
	"GET /office/companies.csv":                          "303 | 404 | 404 | 200 | 200",
	"GET /office/companies/:id":                          "303 | 404 | 404 | 200 | 404",
	"GET /office/companies/:id/facts":                    "303 | 404 | 404 | 200 403 403 404 403 | 404",
	"POST /office/companies/:id/facts":                   "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/companies/:id/:part":                    "303 | 404 | 404 | 303 | 404",
	"POST /office/companies/:id/memberships":             "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"POST /office/companies/:id/addresses":               "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"POST /office/companies/:id/owner":                   "303 | 404 | 404 | 403 | 404", // it has one
	"GET /office/companies/:id/invitations/:invitation":  "303 | 404 | 404 | 303 | 404",
	"POST /office/companies/:id/invitations/:invitation": "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/members":                                "303 | 404 | 404 | 200 | 200",
	"GET /office/applications":                           "303 | 404 | 404 | 200 | 200",
	"GET /office/applications/:id":                       "303 | 404 | 404 | 200 | 404",
	"GET /office/applications/:id/:act":                  "303 | 404 | 404 | 303 | 303",
	"POST /office/applications/:id/accept":               "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"POST /office/applications/:id/refuse":               "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/company-files":                          "303 | 404 | 404 | 303 | 303",
	"GET /office/company-files/new":                      "303 | 404 | 404 | 200 403 403 404 403 | 200",
	"GET /office/company-files/template.csv":             "303 | 404 | 404 | 200 | 200",
	"POST /office/company-files":                         "303 | 404 | 404 | 415 403 403 403 403 | 415", // no file is sent
	"GET /office/company-files/:id":                      "303 | 404 | 404 | 200 404 404 404 404 | 404",
	"POST /office/company-files/:id":                     "303 | 404 | 404 | 303 404 404 404 404 | 404",
	"GET /office/people":                                 "303 | 404 | 404 | 200 | 200",
	"GET /office/clusters/:slug/people":                  "303 | 404 | 404 | 303 | 404",
	"POST /office/clusters/:slug/people":                 "303 | 404 | 404 | 403 403 403 403 303 | 404", // admins alone
	"GET /office/clusters/:slug/people/:id":              "303 | 404 | 404 | 303 | 404",
	"POST /office/clusters/:slug/people/:id":             "303 | 404 | 404 | 403 403 403 403 303 | 404",
	"GET /office/clusters/:slug/invitations/:id":         "303 | 404 | 404 | 303 | 404",
	"POST /office/clusters/:slug/invitations/:id":        "303 | 404 | 404 | 403 403 403 403 303 | 404",
	"GET /office/clusters/:slug":                         "303 | 404 | 404 | 200 | 404",
	"POST /office/clusters/:slug":                        "303 | 404 | 404 | 403 403 403 403 422 | 404",
	"GET /office/clusters/:slug/logo":                    "303 | 404 | 404 | 303 | 404",
	"POST /office/clusters/:slug/logo":                   "303 | 404 | 404 | 403 403 403 403 415 | 404", // no file is sent
	"GET /office/clusters/:slug/logo/drop":               "303 | 404 | 404 | 303 | 404",
	"POST /office/clusters/:slug/logo/drop":              "303 | 404 | 404 | 403 403 403 403 303 | 404",
	"GET /office/undoings":                               "303 | 404 | 404 | 200 | 200",
	"GET /office/undoings.csv":                           "303 | 404 | 404 | 200 | 200",
	"GET /office/documents":                              "303 | 404 | 404 | 200 | 200",
	"GET /office/documents.csv":                          "303 | 404 | 404 | 200 | 200",
	"GET /office/documents/:id/:lang":                    "303 | 404 | 404 | 200 | 404",
	"GET /office/letters":                                "303 | 404 | 404 | 200 | 200",
	"GET /office/letters.csv":                            "303 | 404 | 404 | 200 | 200",
	"GET /office/letters/:id":                            "303 | 404 | 404 | 200 | 404",
	"GET /office/letters/:id/bounced":                    "303 | 404 | 404 | 303 | 303",
	"POST /office/letters/:id/bounced":                   "303 | 404 | 404 | 409 403 409 403 409 | 404", // it was never sent
	"GET /office/letters/templates":                      "303 | 404 | 404 | 200 403 403 403 200 | 200",
	"GET /office/letters/templates/:name":                "303 | 404 | 404 | 200 403 403 403 200 | 200",
	"GET /office/letters/templates/:name/:lang":          "303 | 404 | 404 | 200 403 403 403 200 | 200",
	"POST /office/letters/:id":                           "303 | 404 | 404 | 303 303 303 403 303 | 404",
	"GET /office/pledges.csv":                            "303 | 404 | 404 | 200 | 200",
	"GET /office/allocations.csv":                        "303 | 404 | 404 | 200 | 200",
	"GET /office/write-offs":                             "303 | 404 | 404 | 200 | 200",
	"GET /office/write-offs.csv":                         "303 | 404 | 404 | 200 | 200",
	"GET /office/statements.csv":                         "303 | 404 | 404 | 200 | 200",
	"GET /office/statements/:id/lines.csv":               "303 | 404 | 404 | 200 | 404",
	"GET /office/applications.csv":                       "303 | 404 | 404 | 200 | 200",
	// Campaigns are written and opened by coordinators.
	"GET /office/campaigns":                              "303 | 404 | 404 | 303 | 303",
	"POST /office/campaigns":                             "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/new":                          "303 | 404 | 404 | 200 403 403 403 403 | 200",
	"GET /office/campaigns/:slug":                        "303 | 404 | 404 | 200 | 404",
	"GET /office/campaigns/:slug/preview":                "303 | 404 | 404 | 200 | 404",
	"GET /office/campaigns/:slug/texts":                  "303 | 404 | 404 | 200 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/texts":                 "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/:slug/terms":                  "303 | 404 | 404 | 200 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/terms":                 "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/:slug/goal":                   "303 | 404 | 404 | 200 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/goal":                  "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/:slug/join":                   "303 | 404 | 404 | 200 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/join":                  "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/:slug/leave":                  "303 | 404 | 404 | 200 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/leave":                 "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/:slug/discard":                "303 | 404 | 404 | 200 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/discard":               "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/open":                  "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/close":                 "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/reopen":                "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/settle":                "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/:slug/:act":                   "303 | 404 | 404 | 303 | 404",
	"GET /office/campaigns/:slug/purposes/new":           "303 | 404 | 404 | 200 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/purposes":              "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/:slug/purposes/:id":           "303 | 404 | 404 | 200 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/purposes/:id":          "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/:slug/purposes/:id/:act":      "303 | 404 | 404 | 303 | 404",
	"POST /office/campaigns/:slug/purposes/:id/move":     "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/purposes/:id/withdraw": "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/:slug/needs/:id":              "303 | 404 | 404 | 200 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/needs/:id":             "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/:slug/needs/:id/:act":         "303 | 404 | 404 | 303 | 404",
	"POST /office/campaigns/:slug/needs/:id/move":        "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/needs/:id/withdraw":    "303 | 404 | 404 | 303 403 403 403 403 | 404",
	"GET /office/campaigns/:slug/purposes/:id/needs/new": "303 | 404 | 404 | 200 403 403 403 403 | 404",
	"POST /office/campaigns/:slug/purposes/:id/needs":    "303 | 404 | 404 | 303 403 403 403 403 | 404",
}

func TestEveryAddressHasItsGuard(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.seat()
	h.letIn()
	all := h.things()
	forms, addresses := h.forms(), h.addresses()
	for _, name := range slices.Sorted(maps.Keys(addresses)) {
		row, found := matrix[name]
		if !found {
			t.Errorf("%s has no row in the matrix", name)
			continue
		}
		want, err := parseRow(row)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		all.judge(name, addresses[name], forms[name], want)
	}
	for name := range matrix {
		if _, found := addresses[name]; !found {
			t.Errorf("the matrix has %s, and the house has not", name)
		}
	}
	h.everyActHasItsCluster()
}

// everyActHasItsCluster asks whether somebody audits each act that was written until now. A
// person's own sign-in is the exception.
func (h *house) everyActHasItsCluster() {
	h.t.Helper()
	var lost []string
	err := h.Owner.Select(&lost, `SELECT DISTINCT act || ' ' || subject FROM audit_acts t
		WHERE subject NOT LIKE 'person:%' AND NOT EXISTS (SELECT 1 FROM audit_act_clusters x WHERE x.act_id = t.id) ORDER BY 1`)
	if err != nil || len(lost) > 0 {
		h.t.Errorf("acts of no cluster: %q, %v", lost, err)
	}
	var kinds []string
	if err := h.Owner.Select(&kinds, `SELECT DISTINCT split_part(subject, ':', 1) FROM audit_acts`); err != nil || len(kinds) < 10 {
		h.t.Errorf("only acts on %q were written, %v: the question is empty", kinds, err)
	}
}

// judge asks for what is own, foreign and absent as everybody, and compares with the row.
func (h *things) judge(name, path, form string, want [][]int) {
	h.t.Helper()
	method, _, _ := strings.Cut(name, " ")
	gone, own := absent(method, path, want), h.at(path)
	for g, group := range actors {
		for i, a := range group {
			if method == http.MethodPost {
				own = h.at(path) // the last visitor may have used it up
			}
			ask := func(what, address string, want int) {
				h.t.Helper()
				if res, body := h.ask(h.as(path, a), method, address, form); res.StatusCode != want {
					h.t.Errorf("%s as %s, %s: %d, want %d\n%.200s", name, a.name, what, res.StatusCode, want, body)
				}
			}
			ask("own", own, want[g][i])
			if path == "/portal/companies/:slug/leave" {
				h.seat()
			}
			if gone != nil {
				ask("absent", nowhere(path), gone[g][i])
			}
			if g == otherCompany || g == otherCluster {
				if at := elsewhere.Replace(own); at != own && method == http.MethodPost && strings.Contains(path, "/:slug/") && strings.Contains(path, ":id") {
					ask("through one's own place", at, http.StatusNotFound)
				}
			}
		}
	}
}

// elsewhere puts what is another's below the place of the stranger.
var elsewhere = strings.NewReplacer("/companies/ganok/", "/companies/stranger/", "/clusters/kharkiv-it/", "/clusters/lviv-it/")

// absent is the row of something that is not there, from that of something that is: who
// belongs to the place is answered as its strangers are. It is nil where an address names
// nothing that could be absent.
func absent(method, path string, row [][]int) [][]int {
	gone := slices.Clone(row)
	switch {
	case !slices.ContainsFunc([]string{":slug", ":id", ":token"}, func(name string) bool { return strings.Contains(path, name) }):
		return nil
	case strings.HasPrefix(path, "/account"): // nothing of it is there as it is
	case strings.HasPrefix(path, "/portal"):
		gone[company] = slices.Repeat(row[otherCompany], len(row[company]))
	case strings.Contains(path, "/inbox/"), strings.Contains(path, "/jobs/") && method == http.MethodPost:
		// The whole house has it: there are no strangers but those who only read.
		for _, g := range []int{cluster, otherCluster} {
			gone[g] = slices.Clone(row[g])
			for i, status := range gone[g] {
				if status != http.StatusForbidden {
					gone[g][i] = http.StatusNotFound
				}
			}
		}
	case strings.HasPrefix(path, "/office"):
		gone[cluster] = slices.Repeat(row[otherCluster], len(row[cluster]))
	default:
		for g := range gone {
			gone[g] = slices.Repeat([]int{http.StatusNotFound}, len(row[g]))
		}
	}
	return gone
}

// parseRow reads a row of the matrix: for each group one status, or one for each actor.
func parseRow(row string) ([][]int, error) {
	groups := strings.Split(row, "|")
	if len(groups) != len(actors) {
		return nil, fmt.Errorf("%q has %d groups, want %d", row, len(groups), len(actors))
	}
	all := make([][]int, len(groups))
	for g, text := range groups {
		for _, one := range strings.Fields(text) {
			status, err := strconv.Atoi(one)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", row, err)
			}
			all[g] = append(all[g], status)
		}
		if len(all[g]) == 1 {
			all[g] = slices.Repeat(all[g], len(actors[g]))
		}
		if len(all[g]) != len(actors[g]) {
			return nil, fmt.Errorf("%q has %d statuses in group %d, want %d", row, len(all[g]), g, len(actors[g]))
		}
	}
	return all, nil
}

// addresses are all of the house, by method and path, with the languages as one.
func (h *house) addresses() map[string]string {
	all := map[string]string{}
	for _, r := range h.web.Routes() {
		path := r.Path
		for _, lang := range []string{"/uk", "/en"} {
			if rest, found := strings.CutPrefix(path, lang); found && (rest == "" || rest[0] == '/') {
				path = "/:lang" + rest
			}
		}
		if r.Method != "echo_route_not_found" && r.Method != http.MethodHead {
			all[r.Method+" "+path] = path
		}
	}
	return all
}
