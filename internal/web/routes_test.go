package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"kopiyka/internal/clock"
	"kopiyka/internal/document"

	"kopiyka/internal/audit"
	"kopiyka/internal/bank"
	"kopiyka/internal/giving"
	"kopiyka/internal/inbox"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/spending"
)

// The actors of the matrix, in the order of its columns.
var actors = []struct{ name, email string }{
	{"nobody", ""},
	{"payer", "payer@example.org"},
	{"viewer", "viewer@example.org"},
	{"another company's owner, who runs another cluster", "stranger@example.org"},
	{"coordinator", "coordinator@example.org"},
	{"approver", "approver@example.org"},
}

// matrix says who gets what at each address: own, as the payer or the cluster's people
// have it. An address without a row fails the test, so that a new one is thought about.
//
// 303 for nobody is the way to the sign-in page. 422 and 409 mean that the person may come
// here and that this empty form is refused; 403 and 404 that the person may not.
var matrix = map[string][]int{
	"GET /":                                         {302, 302, 302, 302, 302, 302},
	"GET /:lang":                                    {302, 302, 302, 302, 302, 302},
	"GET /:lang/":                                   {200, 200, 200, 200, 200, 200},
	"GET /:lang/campaigns/:slug":                    {200, 200, 200, 200, 200, 200},
	"GET /:lang/campaigns/:slug/donors":             {200, 200, 200, 200, 200, 200},
	"GET /:lang/companies":                          {200, 200, 200, 200, 200, 200},
	"GET /:lang/companies/:slug":                    {200, 200, 200, 200, 200, 200},
	"GET /:lang/clusters/:slug":                     {200, 200, 200, 200, 200, 200},
	"GET /assets/*":                                 {404, 404, 404, 404, 404, 404},
	"GET /healthz":                                  {200, 200, 200, 200, 200, 200},
	"GET /readyz":                                   {503, 503, 503, 503, 503, 503}, // no worker runs in this test
	"GET /api/openapi.json":                         {200, 200, 200, 200, 200, 200},
	"GET /api/v1/campaigns":                         {200, 200, 200, 200, 200, 200},
	"GET /api/v1/campaigns/:slug":                   {200, 200, 200, 200, 200, 200},
	"POST /hooks/stripe":                            {400, 400, 400, 400, 400, 400},
	"GET /sign-in":                                  {200, 303, 303, 303, 303, 303},
	"POST /sign-in":                                 {422, 422, 422, 422, 422, 422},
	"POST /sign-out":                                {303, 303, 303, 303, 303, 303},
	"GET /language/:lang":                           {303, 303, 303, 303, 303, 303},
	"GET /portal":                                   {303, 200, 200, 200, 404, 404},
	"GET /portal/pledges":                           {303, 303, 303, 303, 404, 404},
	"POST /portal/pledges":                          {303, 303, 403, 404, 404, 404},
	"GET /portal/pledges/new":                       {303, 200, 403, 200, 404, 404},
	"GET /portal/pledges/:id":                       {303, 200, 200, 404, 404, 404},
	"GET /portal/pledges/:id/history":               {303, 200, 200, 404, 404, 404},
	"GET /portal/pledges/:id/amend":                 {303, 200, 403, 404, 404, 404},
	"POST /portal/pledges/:id/amend":                {303, 422, 403, 404, 404, 404},
	"GET /portal/pledges/:id/cancel":                {303, 200, 403, 404, 404, 404},
	"POST /portal/pledges/:id/cancel":               {303, 422, 403, 404, 404, 404},
	"GET /portal/pledges/:id/release":               {303, 409, 403, 404, 404, 404}, // this pledge is not earmarked
	"POST /portal/pledges/:id/release":              {303, 422, 403, 404, 404, 404},
	"GET /portal/pledges/:id/payments":              {303, 303, 303, 303, 404, 404},
	"POST /portal/pledges/:id/payments":             {303, 422, 422, 404, 404, 404},
	"GET /portal/payments/:id/return":               {303, 200, 200, 404, 404, 404},
	"GET /portal/payments/:id/cancel":               {303, 303, 303, 404, 404, 404},
	"GET /office":                                   {303, 404, 404, 200, 200, 200},
	"GET /office/allocations":                       {303, 404, 404, 200, 200, 200},
	"GET /office/allocations/:id":                   {303, 404, 404, 404, 200, 200},
	"GET /office/allocations/:id/:act":              {303, 404, 404, 303, 303, 303},
	"POST /office/allocations/:id/approve":          {303, 404, 404, 404, 403, 303},
	"POST /office/allocations/:id/refuse":           {303, 404, 404, 404, 403, 303},
	"GET /office/pledges":                           {303, 404, 404, 200, 200, 200},
	"GET /office/pledges/:id":                       {303, 404, 404, 404, 200, 200},
	"GET /office/pledges/:id/correct":               {303, 404, 404, 404, 200, 403},
	"POST /office/pledges/:id/correct":              {303, 404, 404, 404, 422, 403},
	"GET /office/pledges/:id/write-off":             {303, 404, 404, 404, 200, 403},
	"POST /office/pledges/:id/write-off":            {303, 404, 404, 404, 422, 403},
	"GET /office/write-offs/:id":                    {303, 404, 404, 404, 200, 200},
	"GET /office/write-offs/:id/:act":               {303, 404, 404, 303, 303, 303},
	"POST /office/write-offs/:id/approve":           {303, 404, 404, 404, 403, 303},
	"POST /office/write-offs/:id/refuse":            {303, 404, 404, 404, 403, 303},
	"GET /office/campaigns/:slug/allocations":       {303, 404, 404, 303, 303, 303},
	"POST /office/campaigns/:slug/allocations":      {303, 404, 404, 404, 303, 403},
	"GET /office/campaigns/:slug/allocations/new":   {303, 404, 404, 404, 200, 403},
	"GET /portal/pledges/:id/documents":             {303, 303, 303, 303, 404, 404},
	"POST /portal/pledges/:id/documents":            {303, 303, 403, 404, 404, 404},
	"GET /portal/documents/:id/:lang":               {303, 200, 200, 404, 404, 404},
	"GET /portal/companies/:slug/statements/:year":  {303, 200, 200, 404, 404, 404},
	"POST /portal/companies/:slug/statements/:year": {303, 409, 403, 404, 404, 404},
	"GET /portal/reminders/:token":                  {303, 303, 303, 404, 404, 404},
	"GET /reminders/:token":                         {200, 200, 200, 200, 200, 200}, // whoever holds the letter
	"POST /reminders/:token":                        {200, 200, 200, 200, 200, 200},
	"GET /office/payments":                          {303, 404, 404, 200, 200, 200},
	"GET /office/payments.csv":                      {303, 404, 404, 200, 200, 200},
	"GET /office/payments/:id":                      {303, 404, 404, 404, 200, 200},
	"GET /office/payments/:id/ask":                  {303, 404, 404, 303, 303, 303},
	"POST /office/payments/:id/ask":                 {303, 404, 404, 404, 303, 303},
	"GET /office/payments/:id/refund":               {303, 404, 404, 404, 200, 403},
	"POST /office/payments/:id/refund":              {303, 404, 404, 404, 303, 403},
	"GET /office/refunds":                           {303, 404, 404, 200, 200, 200},
	"GET /office/refunds.csv":                       {303, 404, 404, 200, 200, 200},
	"GET /office/refunds/:id":                       {303, 404, 404, 404, 200, 200},
	"GET /office/refunds/:id/:act":                  {303, 404, 404, 303, 303, 303},
	"POST /office/refunds/:id/approve":              {303, 404, 404, 404, 403, 303},
	"POST /office/refunds/:id/refuse":               {303, 404, 404, 404, 403, 303},
	"GET /office/rates":                             {303, 404, 404, 200, 200, 200},
	"POST /office/rates":                            {303, 404, 404, 422, 422, 422},
	"GET /office/rates.csv":                         {303, 404, 404, 200, 200, 200},
	"GET /office/campaigns/:slug/currencies":        {303, 404, 404, 404, 200, 200},
	"POST /office/campaigns/:slug/currencies":       {303, 404, 404, 404, 303, 403},
	"GET /office/due":                               {303, 404, 404, 200, 200, 200},
	"GET /office/due.csv":                           {303, 404, 404, 200, 200, 200},
	"GET /office/alarms":                            {303, 404, 404, 200, 200, 200},
	"GET /office/alarms.csv":                        {303, 404, 404, 200, 200, 200},
	"GET /office/alarms/:id":                        {303, 404, 404, 404, 200, 200},
	"POST /office/alarms/:id":                       {303, 404, 404, 404, 303, 409}, // the second answer
	"GET /office/suspense":                          {303, 404, 404, 200, 200, 200},
	"GET /office/suspense.csv":                      {303, 404, 404, 200, 200, 200},
	// One account at Stripe and one queue serve the whole house, and so all who run clusters.
	"GET /office/statements":            {303, 404, 404, 200, 200, 200},
	"GET /office/statements/new":        {303, 404, 404, 200, 200, 200},
	"POST /office/statements":           {303, 404, 404, 422, 422, 422},
	"GET /office/statements/:id":        {303, 404, 404, 404, 200, 200},
	"GET /office/imports/:id":           {303, 404, 404, 404, 200, 200},
	"GET /office/unmatched":             {303, 404, 404, 200, 200, 200},
	"GET /office/unmatched.csv":         {303, 404, 404, 200, 200, 200},
	"GET /office/lines/:id":             {303, 404, 404, 404, 200, 200},
	"GET /office/lines/:id/:act":        {303, 404, 404, 303, 303, 303},
	"POST /office/lines/:id/pledge":     {303, 404, 404, 404, 422, 422},
	"POST /office/lines/:id/fee":        {303, 404, 404, 404, 409, 403}, // all of it is a gift
	"POST /office/lines/:id/payout":     {303, 404, 404, 404, 409, 403},
	"POST /office/lines/:id/refund":     {303, 404, 404, 404, 409, 403},
	"POST /office/lines/:id/reversal":   {303, 404, 404, 404, 409, 403},
	"GET /office/matches/:id/undo":      {303, 404, 404, 303, 303, 303},
	"POST /office/matches/:id/undo":     {303, 404, 404, 404, 409, 403}, // it waits for its second person already
	"GET /office/undoings/:id/:act":     {303, 404, 404, 303, 303, 303},
	"POST /office/undoings/:id/approve": {303, 404, 404, 404, 403, 303},
	"POST /office/undoings/:id/refuse":  {303, 404, 404, 404, 303, 409}, // decided by then
	"GET /office/reconciliation":        {303, 404, 404, 200, 200, 200},
	"POST /office/reconciliation":       {303, 404, 404, 303, 303, 303},
	"GET /office/inbox":                 {303, 404, 404, 200, 200, 200},
	"GET /office/inbox.csv":             {303, 404, 404, 200, 200, 200},
	"GET /office/inbox/:id":             {303, 404, 404, 200, 200, 200},
	"POST /office/inbox/:id":            {303, 404, 404, 303, 409, 409}, // it waits once the first has asked
	"GET /office/jobs":                  {303, 404, 404, 200, 200, 200},
	"GET /office/jobs.csv":              {303, 404, 404, 200, 200, 200},
	"GET /office/jobs/:id":              {303, 404, 404, 303, 303, 303},
	"POST /office/jobs/:id":             {303, 404, 404, 303, 303, 303},
	"GET /:lang/campaigns":              {302, 302, 302, 302, 302, 302},

	// Companies and people.
	"GET /:lang/apply":                                   {200, 200, 200, 200, 200, 200},
	"POST /:lang/apply":                                  {422, 422, 422, 422, 422, 422},
	"GET /:lang/apply/sent":                              {200, 200, 200, 200, 200, 200},
	"GET /applications/:token":                           {200, 200, 200, 200, 200, 200}, // whoever holds the letter
	"POST /applications/:token":                          {303, 303, 303, 303, 303, 303},
	"GET /invitations/:token":                            {200, 200, 200, 200, 200, 200},
	"POST /invitations/:token":                           {422, 403, 403, 403, 403, 403}, // it went to somebody else
	"GET /:lang/companies/:slug/logo.png":                {404, 404, 404, 404, 404, 404},
	"GET /:lang/clusters/:slug/logo.png":                 {404, 404, 404, 404, 404, 404},
	"GET /portal/companies/:slug":                        {303, 200, 200, 404, 404, 404},
	"POST /portal/companies/:slug":                       {303, 403, 403, 404, 404, 404},
	"GET /portal/companies/:slug/logo":                   {303, 404, 404, 404, 404, 404}, // there is none
	"POST /portal/companies/:slug/logo":                  {303, 403, 403, 404, 404, 404},
	"GET /portal/companies/:slug/logo/drop":              {303, 303, 303, 404, 404, 404},
	"POST /portal/companies/:slug/logo/drop":             {303, 403, 403, 404, 404, 404},
	"GET /portal/companies/:slug/addresses":              {303, 303, 303, 404, 404, 404},
	"POST /portal/companies/:slug/addresses":             {303, 403, 403, 404, 404, 404},
	"GET /portal/companies/:slug/team":                   {303, 200, 200, 404, 404, 404},
	"POST /portal/companies/:slug/team":                  {303, 403, 403, 404, 404, 404},
	"GET /portal/companies/:slug/team/:id":               {303, 303, 303, 404, 404, 404},
	"POST /portal/companies/:slug/team/:id":              {303, 403, 403, 404, 404, 404},
	"GET /portal/companies/:slug/invitations/:id":        {303, 303, 303, 404, 404, 404},
	"POST /portal/companies/:slug/invitations/:id":       {303, 403, 403, 404, 404, 404},
	"GET /office/companies":                              {303, 404, 404, 200, 200, 200},
	"GET /office/companies.csv":                          {303, 404, 404, 200, 200, 200},
	"GET /office/companies/:id":                          {303, 404, 404, 404, 200, 200},
	"GET /office/companies/:id/facts":                    {303, 404, 404, 404, 200, 403},
	"POST /office/companies/:id/facts":                   {303, 404, 404, 404, 303, 403},
	"GET /office/companies/:id/:part":                    {303, 404, 404, 404, 303, 303},
	"POST /office/companies/:id/memberships":             {303, 404, 404, 404, 303, 403},
	"POST /office/companies/:id/addresses":               {303, 404, 404, 404, 303, 403},
	"POST /office/companies/:id/owner":                   {303, 404, 404, 404, 403, 403}, // it has one
	"GET /office/companies/:id/invitations/:invitation":  {303, 404, 404, 404, 303, 303},
	"POST /office/companies/:id/invitations/:invitation": {303, 404, 404, 404, 303, 403},
	"GET /office/members":                                {303, 404, 404, 200, 200, 200},
	"GET /office/applications":                           {303, 404, 404, 200, 200, 200},
	"GET /office/applications/:id":                       {303, 404, 404, 404, 200, 200},
	"GET /office/applications/:id/:act":                  {303, 404, 404, 303, 303, 303},
	"POST /office/applications/:id/accept":               {303, 404, 404, 404, 303, 403},
	"POST /office/applications/:id/refuse":               {303, 404, 404, 404, 303, 403},
	"GET /office/company-files":                          {303, 404, 404, 303, 303, 303},
	"GET /office/company-files/new":                      {303, 404, 404, 200, 200, 403},
	"GET /office/company-files/template.csv":             {303, 404, 404, 200, 200, 200},
	"POST /office/company-files":                         {303, 404, 404, 415, 415, 403}, // no file is sent
	"GET /office/company-files/:id":                      {303, 404, 404, 404, 200, 404},
	"POST /office/company-files/:id":                     {303, 404, 404, 404, 303, 404},
	"GET /office/people":                                 {303, 404, 404, 200, 200, 200},
	"GET /office/clusters/:slug/people":                  {303, 404, 404, 404, 303, 303},
	"POST /office/clusters/:slug/people":                 {303, 404, 404, 404, 403, 403}, // admins alone
	"GET /office/clusters/:slug/people/:id":              {303, 404, 404, 404, 303, 303},
	"POST /office/clusters/:slug/people/:id":             {303, 404, 404, 404, 403, 403},
	"GET /office/clusters/:slug/invitations/:id":         {303, 404, 404, 404, 303, 303},
	"POST /office/clusters/:slug/invitations/:id":        {303, 404, 404, 404, 403, 403},
	"GET /office/clusters/:slug":                         {303, 404, 404, 404, 200, 200},
	"POST /office/clusters/:slug":                        {303, 404, 404, 404, 403, 403},
	"GET /office/clusters/:slug/logo":                    {303, 404, 404, 404, 303, 303},
	"POST /office/clusters/:slug/logo":                   {303, 404, 404, 404, 403, 403},
	"GET /office/clusters/:slug/logo/drop":               {303, 404, 404, 404, 303, 303},
	"POST /office/clusters/:slug/logo/drop":              {303, 404, 404, 404, 403, 403},
	// Lists as files, and lists of their own.
	"GET /office/undoings":                      {303, 404, 404, 200, 200, 200},
	"GET /office/undoings.csv":                  {303, 404, 404, 200, 200, 200},
	"GET /office/documents":                     {303, 404, 404, 200, 200, 200},
	"GET /office/documents.csv":                 {303, 404, 404, 200, 200, 200},
	"GET /office/documents/:id/:lang":           {303, 404, 404, 404, 200, 200},
	"GET /office/letters":                       {303, 404, 404, 200, 200, 200},
	"GET /office/letters.csv":                   {303, 404, 404, 200, 200, 200},
	"GET /office/letters/:id":                   {303, 404, 404, 303, 303, 303},
	"POST /office/letters/:id":                  {303, 404, 404, 404, 303, 409}, // it waits by then
	"GET /portal/companies/:slug/pledges":       {303, 200, 200, 404, 404, 404},
	"GET /portal/companies/:slug/pledges.csv":   {303, 200, 200, 404, 404, 404},
	"GET /portal/companies/:slug/payments":      {303, 200, 200, 404, 404, 404},
	"GET /portal/companies/:slug/payments.csv":  {303, 200, 200, 404, 404, 404},
	"GET /portal/companies/:slug/documents":     {303, 200, 200, 404, 404, 404},
	"GET /portal/companies/:slug/documents.csv": {303, 200, 200, 404, 404, 404},
	"GET /office/pledges.csv":                   {303, 404, 404, 200, 200, 200},
	"GET /office/allocations.csv":               {303, 404, 404, 200, 200, 200},
	"GET /office/write-offs":                    {303, 404, 404, 200, 200, 200},
	"GET /office/write-offs.csv":                {303, 404, 404, 200, 200, 200},
	"GET /office/statements.csv":                {303, 404, 404, 200, 200, 200},
	"GET /office/statements/:id/lines.csv":      {303, 404, 404, 404, 200, 200},
	// The audit. Nobody here is an auditor or an admin: each is led to their own acts.
	"GET /office/audit":      {303, 404, 404, 303, 303, 303},
	"GET /office/audit.csv":  {303, 404, 404, 303, 303, 303},
	"GET /account/trail":     {303, 200, 200, 200, 200, 200},
	"GET /account/trail.csv": {303, 200, 200, 200, 200, 200},
	"GET /account/data":      {303, 200, 200, 200, 200, 200},
	"GET /account/data.json": {303, 200, 200, 200, 200, 200},
	// One's own sign-in. Forms are empty, and the codes wrong.
	"GET /sign-in/factor":                  {303, 200, 200, 200, 200, 200},
	"POST /sign-in/factor":                 {303, 422, 422, 422, 422, 422},
	"GET /account":                         {303, 200, 200, 200, 200, 200},
	"GET /account/authenticator":           {303, 200, 200, 200, 200, 200},
	"POST /account/authenticator":          {303, 422, 422, 422, 422, 422},
	"GET /account/authenticator/remove":    {303, 303, 303, 303, 303, 303},
	"GET /account/recovery-codes":          {303, 303, 303, 303, 303, 303},
	"POST /account/recovery-codes":         {303, 303, 303, 200, 200, 200},
	"POST /account/authenticator/remove":   {303, 303, 303, 303, 303, 303},
	"POST /sign-in/passkey/options":        {200, 200, 200, 200, 200, 200},
	"POST /sign-in/passkey":                {415, 415, 415, 415, 415, 415}, // forms have ways of their own
	"POST /sign-in/passkey/again/options":  {422, 409, 409, 409, 409, 409}, // nobody here has a passkey
	"POST /sign-in/passkey/again":          {415, 415, 415, 415, 415, 415},
	"GET /account/passkeys/new":            {303, 200, 200, 200, 200, 200},
	"POST /account/passkeys/options":       {303, 200, 200, 200, 200, 200},
	"GET /account/passkeys":                {303, 303, 303, 303, 303, 303},
	"POST /account/passkeys":               {303, 303, 303, 303, 303, 303},
	"GET /account/passkeys/:id/remove":     {303, 303, 303, 303, 303, 303},
	"POST /account/passkeys/:id/remove":    {303, 404, 404, 404, 404, 404}, // it is nobody's
	"GET /account/password":                {303, 200, 200, 200, 200, 200},
	"POST /account/password":               {303, 422, 422, 422, 422, 422},
	"GET /account/sessions/:id/end":        {303, 303, 303, 303, 303, 303},
	"POST /account/sessions/:id/end":       {303, 404, 404, 404, 404, 404},
	"GET /account/sessions/end":            {303, 303, 303, 303, 303, 303},
	"POST /account/sessions/end":           {303, 303, 303, 303, 303, 303},
	"GET /sign-in/with/:issuer":            {404, 404, 404, 404, 404, 404}, // this house knows no others
	"GET /sign-in/with/:issuer/back":       {404, 404, 404, 404, 404, 404},
	"GET /account/issuers":                 {303, 303, 303, 303, 303, 303},
	"POST /account/issuers":                {303, 422, 422, 422, 422, 422},
	"GET /account/issuers/:issuer/remove":  {303, 303, 303, 303, 303, 303},
	"POST /account/issuers/:issuer/remove": {303, 404, 404, 404, 404, 404},
	"GET /sign-in/reset":                   {200, 200, 200, 200, 200, 200},
	"POST /sign-in/reset":                  {422, 422, 422, 422, 422, 422},
	"GET /sign-in/reset/:token":            {404, 404, 404, 404, 404, 404}, // it is a reminder's
	"POST /sign-in/reset/:token":           {404, 404, 404, 404, 404, 404},
}

// forms are filled in so that only who sends them can be wrong.
func (h *house) forms() map[string]string {
	today := clock.Day(h.Now()).Format(time.DateOnly)
	place := url.Values{"kind": {"relocated"}, "country": {"UA"}, "place": {"Львів"}, "since": {today}}.Encode()
	return map[string]string{
		"POST /portal/companies/:slug/addresses":       place,
		"POST /office/companies/:id/addresses":         place,
		"POST /portal/companies/:slug/team":            url.Values{"email": {"new@example.org"}, "role": {"payer"}}.Encode(),
		"POST /portal/companies/:slug/team/:id":        url.Values{"role": {"payer"}}.Encode(),
		"POST /portal/companies/:slug/invitations/:id": url.Values{"act": {"revoke"}}.Encode(),
		"POST /office/companies/:id/facts":             url.Values{"name_uk": {"Ганок"}}.Encode(),
		"POST /office/companies/:id/owner":             url.Values{"email": {"new@example.org"}}.Encode(),
		"POST /office/companies/:id/memberships":       url.Values{"cluster": {h.Cluster}, "becomes": {"business-partner"}, "on": {today}}.Encode(),
		"POST /office/applications/:id/refuse":         url.Values{"reason": {"Because not"}}.Encode(),
		"POST /office/clusters/:slug/people":           url.Values{"email": {"new@example.org"}, "role": {"auditor"}}.Encode(),
		"POST /office/clusters/:slug/people/:id":       url.Values{"act": {"give"}, "role": {"auditor"}}.Encode(),
		"POST /portal/pledges": url.Values{"campaign": {h.Slug}, "company": {h.Company}, "amount": {"12.50"}, "currency": {"USD"},
			"visibility": {"named"}, "when": {"now"}}.Encode(),
		"POST /office/campaigns/:slug/allocations": url.Values{"purpose": {h.Purpose}, "amount": {"1.00"}, "currency": {"USD"}, "reason": {"Because"}}.Encode(),
		"POST /office/write-offs/:id/refuse":       url.Values{"reason": {"Because not"}}.Encode(),
		"POST /portal/pledges/:id/documents":       url.Values{"kind": {"invoice"}}.Encode(),
		"POST /office/allocations/:id/refuse":      url.Values{"reason": {"Because not"}}.Encode(),
		"POST /office/matches/:id/undo":            url.Values{"reason": {"A test of the house"}}.Encode(),
		"POST /office/refunds/:id/refuse":          url.Values{"reason": {"Because not"}}.Encode(),
		"POST /office/payments/:id/refund":         url.Values{"amount": {"1.00"}, "currency": {"USD"}, "reason": {"Because"}}.Encode(),
		"POST /office/alarms/:id":                  url.Values{"note": {"A test of the house"}}.Encode(),
	}
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

// proposal is an allocation that waits for its second person.
func (h *house) proposal() string {
	h.t.Helper()
	id, err := spending.Propose(h.t.Context(), h.DB, h.Now, spending.Proposal{
		CampaignID: h.Campaign, PurposeID: h.Purpose, Amount: h.Amount(100), Reason: "Because", PersonID: h.Coordinator,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// reminder is the token of a reminder's link.
func (h *house) reminder() string {
	h.t.Helper()
	h.Pledge(700)
	if n, err := giving.Remind(h.t.Context(), h.DB, clock.At(h.Now().AddDate(0, 0, 7)), "http://127.0.0.1"); err != nil || n == 0 {
		h.t.Fatalf("%d reminders, %v", n, err)
	}
	var stop string
	if err := h.Owner.Get(&stop, `SELECT unsubscribe FROM letters LIMIT 1`); err != nil {
		h.t.Fatal(err)
	}
	return strings.TrimPrefix(stop, "http://127.0.0.1/reminders/")
}

// alarm is one of the payment's that nobody has answered.
func (h *house) alarm(payment string) string {
	h.t.Helper()
	h.Tx(func(tx *sqlx.Tx) error {
		return audit.Raise(h.t.Context(), tx, h.Cluster, audit.Act{At: h.Now(), Act: "payment.amount-differs", Subject: "payment:" + payment})
	})
	all, err := audit.Alarms(h.t.Context(), h.DB, h.Coordinator, true, "", 0, 1)
	if err != nil || len(all) != 1 {
		h.t.Fatal(all, err)
	}
	return strconv.FormatInt(all[0].ID, 10)
}

// refund is one that waits for its second person.
func (h *house) refund(payment string) string {
	h.t.Helper()
	r, err := giving.AskRefund(h.t.Context(), h.DB, h.Now, giving.RefundWish{PaymentID: payment, PersonID: h.Coordinator, Amount: h.Amount(100), Reason: "Because"})
	if err != nil {
		h.t.Fatal(err)
	}
	return r.ID
}

// event is one that a worker is done with.
func (h *house) event(id string) string {
	h.t.Helper()
	if _, err := inbox.Keep(h.t.Context(), h.DB, inbox.Event{ID: id, Type: "charge.updated", ObjectKind: "charge", ObjectID: "ch_1", HappenedAt: h.Now(), Body: []byte("{}")}, inbox.Webhook, h.Now()); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.Owner.Exec(`UPDATE inbox_events SET state = 'done', done_at = now() WHERE event_id = $1`, id); err != nil {
		h.t.Fatal(err)
	}
	return id
}

// job is one that was given up.
func (h *house) job() string {
	h.t.Helper()
	var id string
	err := h.Owner.Get(&id, `INSERT INTO jobs.river_job (state, kind, args, attempt, max_attempts, queue, priority, finalized_at) VALUES ('discarded', 'heal_payments', '{}', 3, 3, 'default', 1, now()) RETURNING id::text`)
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// letter is a reminder that the mail server has refused.
func (h *house) letter() string {
	h.t.Helper()
	var id string
	if err := h.Owner.Get(&id, `UPDATE letter_states SET state = 'refused' WHERE letter_id = (SELECT id FROM letters WHERE name = 'reminder' LIMIT 1) RETURNING letter_id`); err != nil {
		h.t.Fatal(err)
	}
	return id
}

// banked is a statement with one line that is a gift, which the coordinator asks to undo.
func (h *house) banked() map[string]string {
	h.t.Helper()
	ctx, account := h.t.Context(), bank.Account{ID: pg.NewID(), ClusterID: h.Cluster, IBAN: fmt.Sprintf("UA%027d", h.Count("bank_accounts")), Currency: h.Currency}
	_, err := h.Owner.Exec(`INSERT INTO bank_accounts (id, cluster_id, iban, currency, holder_uk, holder_en, bank_uk, bank_en, created_at) VALUES ($1, $2, $3, $4, 'К', 'C', 'Б', 'B', now())`,
		account.ID, h.Cluster, account.IBAN, string(h.Currency))
	if err != nil {
		h.t.Fatal(err)
	}
	var reference string
	if err := h.Owner.Get(&reference, `SELECT reference FROM pledges WHERE id = $1`, h.Pledge(10_000)); err != nil {
		h.t.Fatal(err)
	}
	running, err := bank.Begin(ctx, h.DB, h.Now, bank.File{
		Name: "statement.csv", Account: account, Person: h.Coordinator, From: strings.NewReader("Date,Amount,Details\n2026-03-02,12.50," + reference + "\n"),
	}, 40, func() {})
	if err != nil {
		h.t.Fatal(err)
	}
	<-running.Done
	ids := map[string]string{"imports": running.ID}
	for name, query := range map[string]string{
		"statements": `SELECT id FROM bank_statements WHERE account_id = $1`, "lines": `SELECT id FROM statement_lines WHERE account_id = $1`,
		"matches": `SELECT m.id FROM line_matches m JOIN statement_lines l ON l.id = m.line_id WHERE l.account_id = $1`,
	} {
		var id string
		if err := h.Owner.Get(&id, query, account.ID); err != nil {
			h.t.Fatalf("%s: %v", name, errors.Join(err, running.Err()))
		}
		ids[name] = id
	}
	if ids["undoings"], err = bank.AskUndo(ctx, h.DB, h.Now, ids["matches"], h.Coordinator, "Because"); err != nil {
		h.t.Fatal(err)
	}
	return ids
}

// writeOff is a write-off that waits for its second person.
func (h *house) writeOff() string {
	h.t.Helper()
	p, err := giving.PledgeFor(h.t.Context(), h.DB, h.Pledge(1_000), h.Coordinator)
	if err != nil {
		h.t.Fatal(err)
	}
	s, err := giving.ScheduleOf(h.t.Context(), h.DB, p, h.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	id, err := giving.ProposeWriteOff(h.t.Context(), h.DB, h.Now, giving.WriteOffProposal{
		PledgeID: p.ID, PersonID: h.Coordinator, Seen: giving.Seen(p, s), Code: "other", Reason: "Because", Parts: map[string]int64{s.Instalments[0].ID: 1_000},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// invoice is a document of a pledge.
func (h *house) invoice(pledge string) string {
	h.t.Helper()
	doc, err := document.IssueInvoice(h.t.Context(), h.DB, h.Now, document.Wish{PledgeID: pledge, PersonID: h.Payer})
	if err != nil {
		h.t.Fatal(err)
	}
	return doc.ID
}

// invitation is one to the company, or to the cluster, and the token of its link.
func (h *house) invitation(cluster bool) (id, token string) {
	h.t.Helper()
	i := member.Invite{Place: member.Place{CompanyID: h.Company}, Role: "viewer", Email: "invited@example.org"}
	if cluster {
		i.Place, i.Role = member.Place{ClusterID: h.Cluster}, "auditor"
	}
	link, err := i.Appoint(h.t.Context(), h.DB, h.Now, "")
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.Owner.Get(&id, `SELECT id FROM invitations ORDER BY id DESC LIMIT 1`); err != nil {
		h.t.Fatal(err)
	}
	token, _, _ = strings.Cut(strings.TrimPrefix(link, "/invitations/"), "?")
	return id, token
}

// application is one that waits for a coordinator, and the token of its link.
func (h *house) application() (id, token string) {
	h.t.Helper()
	email := fmt.Sprintf("applicant%d@example.org", h.Count("company_applications"))
	err := member.Apply(h.t.Context(), h.DB, h.Now, "", member.Application{
		ClusterID: h.Cluster, Kind: "member", Company: member.Company{Name: member.Text{UK: "Нова"}}, PersonName: "Нова Людина", Email: email, Lang: "uk", Host: email,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	var body string
	if err := h.Owner.Get(&body, `SELECT text_body FROM letters WHERE recipient = $1`, email); err != nil {
		h.t.Fatal(err)
	}
	_, token, _ = strings.Cut(body, "/applications/")
	token, _, _ = strings.Cut(token, "?")
	if err := member.ConfirmApplication(h.t.Context(), h.DB, h.Now, "", token); err != nil {
		h.t.Fatal(err)
	}
	if err := h.Owner.Get(&id, `SELECT id FROM company_applications WHERE email = $1`, email); err != nil {
		h.t.Fatal(err)
	}
	return id, token
}

// companyFile is a file of companies that nobody has entered.
func (h *house) companyFile() string {
	h.t.Helper()
	id, err := member.BringCompanies(h.t.Context(), h.DB, h.Now, member.ImportFile{
		ClusterID: h.Cluster, PersonID: h.Coordinator, Name: "companies.csv", Body: []byte("name_uk;since\nНова;2020-01-01\n"),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func TestEveryAddressHasItsGuard(t *testing.T) {
	h := open(t)
	h.letIn()
	paid := h.Paid(100_000)
	pledge := h.Pledge(10_000)
	payment := h.Checkout(pledge, 5_000)
	forms, reminder := h.forms(), h.reminder()
	alarm, job := h.alarm(payment.ID), h.job()

	var seen []string
	for _, r := range h.web.Routes() {
		path := r.Path
		for _, lang := range []string{"/uk", "/en"} {
			if rest, found := strings.CutPrefix(path, lang); found && (rest == "" || rest[0] == '/') {
				path = "/:lang" + rest
			}
		}
		name := r.Method + " " + path
		if r.Method == "echo_route_not_found" || r.Method == http.MethodHead || slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		want, found := matrix[name]
		if !found {
			t.Errorf("%s has no row in the matrix", name)
			continue
		}
		slug, id, token := h.Slug, pledge, reminder
		switch {
		case strings.Contains(path, "/companies/:id/invitations/:invitation"):
			waits, _ := h.invitation(false)
			id, path = h.Company, strings.Replace(path, ":invitation", waits, 1)
		case strings.Contains(path, "/office/companies/:id"):
			id = h.Company
		case strings.Contains(path, "/team/:id"), strings.Contains(path, "/people/:id"):
			id = h.Viewer
		case strings.Contains(path, "/invitations/:"):
			id, token = h.invitation(strings.HasPrefix(path, "/office/"))
		case strings.Contains(path, "/applications/:"):
			id, token = h.application()
		case strings.Contains(path, "/company-files/:id"):
			id = h.companyFile()
		case strings.HasSuffix(path, "/payments/:id/refund"):
			id = paid.ID
		case strings.Contains(path, "/refunds/:id"):
			id = h.refund(paid.ID)
		case strings.Contains(path, "/payments/:id/"):
			id = payment.ID
		case strings.Contains(path, "/documents/:id"):
			id = h.invoice(pledge)
		case strings.Contains(path, "/statements/:id"), strings.Contains(path, "/imports/:id"), strings.Contains(path, "/lines/:id"), strings.Contains(path, "/matches/:id"), strings.Contains(path, "/undoings/:id"):
			id = h.banked()[strings.Split(path, "/")[2]]
		case strings.Contains(path, "/office/payments/:id"):
			id = payment.ID
		case strings.Contains(path, "/alarms/:id"):
			id = alarm
		case strings.Contains(path, "/inbox/:id"):
			id = h.event("evt_" + r.Method)
		case strings.Contains(path, "/letters/:id"):
			id = h.letter()
		case strings.Contains(path, "/jobs/:id"):
			id = job
		case strings.Contains(path, "/allocations/:id"):
			id = h.proposal()
		case strings.Contains(path, "/write-offs/:id"):
			id = h.writeOff()
		}
		switch {
		case strings.Contains(path, "/companies/:slug"):
			slug = "ganok"
		case strings.Contains(path, "/clusters/:slug"):
			slug = "kharkiv-it"
		}
		address := strings.NewReplacer(":token", token, ":lang", "uk", ":slug", slug, ":id", id, ":act", "approve", ":year", "2026").Replace(path)
		if name == "GET /portal/pledges/new" {
			address += "?campaign=" + slug
		}
		for i, a := range actors {
			res, body := h.ask(h.visitor(a.email), r.Method, address, forms[name])
			if res.StatusCode != want[i] {
				t.Errorf("%s as %s: %d, want %d\n%.200s", name, a.name, res.StatusCode, want[i], body)
			}
		}
	}
	h.everyActHasItsCluster()
	for name := range matrix {
		if !slices.Contains(seen, name) {
			t.Errorf("the matrix has %s, and the house has not", name)
		}
	}
}
