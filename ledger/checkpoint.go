package ledger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"custody"
	"custody/internal/durable"

	"golang.org/x/mod/sumdb/note"
)

const (
	checkpointName = "checkpoint"  // the newest checkpoint
	historyName    = "checkpoints" // kept checkpoints, oldest first
	// maxCheckpoint bounds a signed checkpoint in bytes.
	maxCheckpoint = 16 << 10
)

// Checkpoint is the state of the Merkle log at one moment (C2SP tlog-checkpoint).
type Checkpoint struct {
	Origin string
	Size   uint64 // frames
	Root   Hash
}

// text is what is signed: origin, size and root, one a line.
func (c *Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// parseCheckpoint reads the text of a checkpoint in the one form text writes.
func parseCheckpoint(text string) (*Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(text) > maxCheckpoint || len(lines) != 4 {
		return nil, errors.New("checkpoint is not three lines")
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil {
		return nil, errors.New("checkpoint has no size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(Hash{}) {
		return nil, errors.New("checkpoint has no root hash")
	}
	c := &Checkpoint{Origin: lines[0], Size: size, Root: Hash(root)}
	if c.Origin == "" || c.text() != text {
		return nil, errors.New("checkpoint is not in its one form")
	}
	return c, nil
}

// openCheckpoint checks a signed checkpoint's signature and reads it.
func openCheckpoint(signed []byte, v note.Verifier) (*Checkpoint, error) {
	if len(signed) > maxCheckpoint {
		return nil, errors.New("checkpoint is too long")
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	// One signature has one form: base64 leaves bits over that say nothing.
	for _, s := range append(n.Sigs, n.UnverifiedSigs...) {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return nil, errors.New("checkpoint: signature is not in its one form")
		}
	}
	return parseCheckpoint(n.Text)
}

// unsigned reads a checkpoint of our own folder without checking who signed it.
func unsigned(signed []byte) (*Checkpoint, error) {
	text, _, ok := strings.Cut(string(signed), "\n\n")
	if !ok {
		return nil, errors.New("checkpoint has no signature")
	}
	return parseCheckpoint(text + "\n")
}

// ReadCheckpoint reads a signed checkpoint of our own without checking who signed it.
func ReadCheckpoint(signed string) (*Checkpoint, error) {
	if len(signed) > maxCheckpoint {
		return nil, errors.New("checkpoint is too long")
	}
	return unsigned([]byte(signed))
}

// readCheckpoint reads the newest checkpoint, nil if there is none.
func readCheckpoint(fs durable.FS, dir string) ([]byte, error) {
	b, err := readFile(fs, filepath.Join(dir, checkpointName), maxCheckpoint)
	if errors.Is(err, errNotExist) {
		return nil, nil
	}
	return b, err
}

// readFile reads a whole file of at most max bytes.
func readFile(fs durable.FS, name string, max int64) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > max {
		return nil, custody.E(custody.CodeTooLarge, filepath.Base(name)+" is larger than it can be", "restore the file from a copy")
	}
	b := make([]byte, size)
	n, err := f.ReadAt(b, 0)
	if int64(n) == size {
		err = nil
	}
	return b[:n], err
}
