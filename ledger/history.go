package ledger

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"time"

	"custody/internal/durable"
)

// The history keeps a checkpoint a minute, and the one of every orderly stop, one
// signed note after the other, each followed by an empty line: whoever has kept one
// of them can be shown that the ledger only grew since.

// history appends the newest checkpoint to the history if it is time to.
func (k *keeper) history(keep bool) error {
	now := time.Now()
	if !keep && now.Sub(k.keptAt) < keepEvery {
		return nil
	}
	if err := appendHistory(k.l.fs, filepath.Join(k.l.dir, historyName), k.signed); err != nil {
		return failed("keep a checkpoint", err)
	}
	k.keptAt = now
	return nil
}

// appendHistory writes a note at the end of the last whole one, unless it is that
// one. What a crash left of a note that was cut short is taken away first.
func appendHistory(fs durable.FS, name string, signed []byte) (err error) {
	f, err := fs.OpenSync(name)
	if isNotExist(err) {
		f, err = createFile(fs, name)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	end, last, err := lastNote(f)
	if err != nil || bytes.Equal(last, signed) {
		return err
	}
	if err := f.Truncate(end); err != nil {
		return err
	}
	_, err = f.WriteAt(append(bytes.Clone(signed), '\n'), end)
	return err
}

// signatureLine starts every signature of a note; noteEnd ends the last one.
const (
	signatureLine = "\n\u2014 "
	noteEnd       = "\n\n"
)

// lastNote gives the end of the last whole note in a history and the note.
func lastNote(f durable.File) (end int64, last []byte, err error) {
	size, err := f.Size()
	if err != nil {
		return 0, nil, err
	}
	from := max(0, size-2*maxCheckpoint)
	b := make([]byte, size-from)
	if _, err := f.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
		return 0, nil, err
	}
	for len(b) > 0 {
		n, whole := nextNote(b)
		if !whole {
			break
		}
		last, b, end = b[:n-1], b[n:], from+int64(n)
		from = end
	}
	if !tornNote(b) {
		return 0, nil, damaged(&Damage{File: historyName, Offset: end, What: "no checkpoint starts here"})
	}
	return end, last, nil
}

// nextNote gives the length of the first note in b with its empty line. Read from
// the middle of a file it may be the end of a note only.
func nextNote(b []byte) (n int, whole bool) {
	at := bytes.Index(b, []byte(signatureLine))
	if at < 0 {
		return 0, false
	}
	end := bytes.Index(b[at+1:], []byte(noteEnd))
	if end < 0 {
		return 0, false
	}
	return at + 1 + end + len(noteEnd), true
}

// tornForm is what a crash can leave of a note: a beginning of one.
var tornForm = regexp.MustCompile(`^[!-~]*(\n[0-9]*(\n[A-Za-z0-9+/]{0,43}=?(\n(\n(\x{FFFD}{1,2}|\x{2014}( ([!-~]*( [A-Za-z0-9+/]*=*\n?)?)?)?)?)?)?)?)?$`)

// tornNote says whether b, the end of a history, is a note that was cut short. Bytes
// that were changed later do not look like that.
func tornNote(b []byte) bool { return len(b) <= maxCheckpoint && tornForm.Match(b) }

// createFile makes an empty file whose name is durable.
func createFile(fs durable.FS, name string) (durable.File, error) {
	f, err := fs.Create(name)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	if err := fs.SyncDir(filepath.Dir(name)); err != nil {
		return nil, err
	}
	return fs.OpenSync(name)
}
