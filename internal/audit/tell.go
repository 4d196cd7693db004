package audit

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// told is where acts are told beside the database; nil: nowhere.
var told atomic.Pointer[slog.Logger]

// TellTo has what people do, and every alarm, told in the process's log as well, once it is
// committed: who, what, to what and under which number. Whoever keeps that log elsewhere can
// then show that an act was taken out of the database, also by somebody whom nothing in the
// database binds. Facts and addresses stay where their readers are known. The program's own
// acts are many, and the books show what they did.
func TellTo(log *slog.Logger) { told.Store(log) }

func say(level slog.Level, id int64, a Act) {
	log := told.Load()
	if log == nil {
		return
	}
	facts := []any{"act", a.Act, "subject", a.Subject, "at", a.At}
	if a.Person != "" {
		facts = append(facts, "person", a.Person)
	}
	if id != 0 { // several that were written at once do not know theirs
		facts = append(facts, "number", id)
	}
	what := "done"
	if level > slog.LevelInfo {
		what = "an alarm"
	}
	log.Log(context.Background(), level, what, facts...)
}
