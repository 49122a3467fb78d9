package notice

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
)

// Folder keeps each checkpoint as a file of its own, on another machine's disk if it is
// wise: a share, or a folder that something copies. A file that is there is never
// written again.
type Folder struct{ Path string }

// Send implements Channel: the file is durable when it returns nil. Another checkpoint
// under the same name is a permanent failure: the ledger was rewritten, or another one
// uses the folder.
func (c *Folder) Send(_ context.Context, m *Message, _ string) error {
	name := filepath.Join(c.Path, m.Key+".txt")
	if old, err := os.ReadFile(name); err == nil {
		if !bytes.Equal(old, []byte(m.Text)) {
			return &Permanent{errors.New("another checkpoint has this name already")}
		}
		return nil
	}
	if info, err := os.Stat(c.Path); err != nil || !info.IsDir() {
		return errors.New("the folder is not there") // it is not made: a share may be gone
	}
	f, err := os.CreateTemp(c.Path, ".checkpoint-")
	if err != nil {
		return errors.New("the folder cannot be written to")
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(m.Text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncFolder(c.Path)
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
