package stripesim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// journal is the sandbox's memory on disk: a file to which each step adds one
// line. Reading it from the top, the last word on a row is the true one. A line is
// handed to the system in one write, so a killed process loses at most the step it
// was writing, whole; that step was not answered yet.
type journal struct {
	file *os.File // nil keeps nothing
	size int64    // up to here the file is whole lines
}

const journalHead = "kopiyka sandbox journal 1"

type journalLine struct {
	Head string          `json:"journal,omitempty"`
	Rows []journalRecord `json:"rows,omitempty"`
}

type journalRecord struct {
	Kind  kind            `json:"kind"`
	ID    string          `json:"id"`
	Value json.RawMessage `json:"value"` // null: the row is gone
}

// openJournal reads path into db and writes it anew without what is outdated.
// An empty path keeps nothing.
func openJournal(path string, db *store, now time.Time) (*journal, error) {
	if path == "" {
		return &journal{}, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	old, err := os.Open(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		err = readJournal(old, db)
		old.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return compact(path, db, now)
}

func readJournal(r io.Reader, db *store) error {
	in := bufio.NewReaderSize(r, 1<<16)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return nil // what follows the last newline is the torn end of a killed process
		}
		if err != nil {
			return err
		}
		var l journalLine
		if err := json.Unmarshal(line, &l); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if n == 1 && l.Head != journalHead {
			return fmt.Errorf("not a %s", journalHead)
		}
		for _, rec := range l.Rows {
			if err := db.replay(rec); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
		}
	}
}

func (db *store) replay(rec journalRecord) error {
	t, ok := db.byKind[rec.Kind]
	if !ok {
		return fmt.Errorf("unknown kind %q", rec.Kind)
	}
	if len(rec.Value) == 0 || bytes.Equal(rec.Value, []byte("null")) {
		t.remove(rec.ID)
		return nil
	}
	return t.load(rec.Value)
}

// compact writes the state to a new file beside path and puts it in its place.
// A crash on the way leaves the old file as it was.
func compact(path string, db *store, now time.Time) (*journal, error) {
	now = now.Add(db.offset())
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	j := &journal{file: tmp}
	err = j.line(journalLine{Head: journalHead})
	for _, sh := range db.shelves {
		for _, c := range sh.dump(func(_ kind, v any) bool { return !outdated(v, now) }) {
			if err == nil {
				err = j.append([]change{c})
			}
		}
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		tmp.Close()
		return nil, err
	}
	return j, nil
}

// outdated says which rows are not worth keeping: Stripe forgets them too.
func outdated(v any, now time.Time) bool {
	a, ok := v.(answer)
	return ok && a.stale(now)
}

func (j *journal) append(all []change) error {
	if j.file == nil {
		return nil
	}
	l := journalLine{Rows: make([]journalRecord, 0, len(all))}
	for _, c := range all {
		raw, err := json.Marshal(c.value)
		if err != nil {
			return fmt.Errorf("write %s %s: %w", c.kind, c.id, err)
		}
		l.Rows = append(l.Rows, journalRecord{c.kind, c.id, raw})
	}
	return j.line(l)
}

func (j *journal) line(l journalLine) error {
	raw, err := json.Marshal(l)
	if err != nil {
		return err
	}
	n, err := j.file.WriteAt(append(raw, '\n'), j.size)
	if err != nil {
		// A full disk leaves half a line; the next one must not be glued to it.
		return errors.Join(err, j.file.Truncate(j.size))
	}
	j.size += int64(n)
	return nil
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}
