package page

import "kopiyka/internal/i18n"

// State is how far one thing has come.
type State string

// States of money, of a decision and of a campaign.
const (
	Pledged   State = "pledged"
	Transit   State = "transit"
	Received  State = "received"
	Aside     State = "aside"
	Spent     State = "spent"
	Delivered State = "delivered"
	Refunded  State = "refunded"
	Overdue   State = "overdue"
	Failed    State = "failed"
	Waits     State = "wait"
	Declined  State = "declined"
	Draft     State = "draft"
	Open      State = "open"
	Closed    State = "closed"
	Settled   State = "settled"
)

// states say how each state looks and which message names it.
var states = map[State]struct{ look, key string }{
	Pledged:   {"pledged", "common.status.pledged"},
	Transit:   {"transit", "common.status.transit"},
	Received:  {"received", "common.status.received"},
	Aside:     {"aside", "common.status.aside"},
	Spent:     {"spent", "common.status.spent"},
	Delivered: {"delivered", "common.status.delivered"},
	Refunded:  {"closed", "common.status.refunded"},
	Overdue:   {"fault", "common.status.overdue"},
	Failed:    {"fault", "common.status.failed"},
	Waits:     {"wait", "common.status.wait"},
	Declined:  {"closed", "common.status.declined"},
	Draft:     {"wait", "common.status.draft"},
	Open:      {"open", "common.status.open"},
	Closed:    {"closed", "common.status.closed"},
	Settled:   {"closed", "common.status.settled"},
}

// Status is a word first, a sign second, a colour last. The zero Status is not shown.
type Status struct{ Look, Text string }

// NewStatus names a state. A state that nobody knows is shown as it is called, in ink.
func NewStatus(l i18n.Lang, s State) Status {
	known, ok := states[s]
	if !ok {
		return Status{"wait", string(s)}
	}
	return Status{known.look, l.T(known.key)}
}

// Saying keeps the look of a status and says something more exact, such as a day.
func (s Status) Saying(text string) Status { return Status{s.Look, text} }
