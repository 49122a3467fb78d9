package durable

import "errors"

// The operations that Fault can break.
const (
	OpCreate   = "create"
	OpOpen     = "open"
	OpWrite    = "write"
	OpSync     = "sync"
	OpRename   = "rename"
	OpRemove   = "remove"
	OpSyncDir  = "syncdir"
	OpTruncate = "truncate"
)

// Op is one operation that is about to happen.
type Op struct {
	Kind string
	Name string // of the file or folder
	Off  int64  // OpWrite
	Len  int    // OpWrite
}

// Verdict says what becomes of an operation. The zero value lets it happen.
type Verdict struct {
	Err error // returned to the caller
	// Done makes an operation that returns Err happen nevertheless: the disk did it
	// and only the answer was lost.
	Done bool
	// Keep is how many bytes of a failing write reach the file when Done is false.
	Keep int
}

// Fault is a file system that fails when Decide says so: full disks, failing
// syncs, short writes, answers that were lost. Decide may be called from several
// goroutines at once.
type Fault struct {
	FS
	Decide func(Op) Verdict
}

type faultFile struct {
	File
	fs   Fault
	name string
}

// run asks for a verdict and does what it says.
func (f Fault) run(op Op, do func() error) error {
	v := f.Decide(op)
	if v.Err == nil {
		return do()
	}
	if v.Done {
		return errors.Join(v.Err, do())
	}
	return v.Err
}

func (f Fault) open(op Op, do func(string) (File, error)) (File, error) {
	var file File
	err := f.run(op, func() (err error) {
		file, err = do(op.Name)
		return err
	})
	if err != nil {
		if file != nil {
			file.Close()
		}
		return nil, err
	}
	return faultFile{file, f, op.Name}, nil
}

// Create implements FS.
func (f Fault) Create(name string) (File, error) {
	return f.open(Op{Kind: OpCreate, Name: name}, f.FS.Create)
}

// Open implements FS.
func (f Fault) Open(name string) (File, error) {
	return f.open(Op{Kind: OpOpen, Name: name}, f.FS.Open)
}

// OpenSync implements FS.
func (f Fault) OpenSync(name string) (File, error) {
	return f.open(Op{Kind: OpOpen, Name: name}, f.FS.OpenSync)
}

// Rename implements FS; the operation is named by the new name.
func (f Fault) Rename(from, to string) error {
	return f.run(Op{Kind: OpRename, Name: to}, func() error { return f.FS.Rename(from, to) })
}

// Remove implements FS.
func (f Fault) Remove(name string) error {
	return f.run(Op{Kind: OpRemove, Name: name}, func() error { return f.FS.Remove(name) })
}

// SyncDir implements FS.
func (f Fault) SyncDir(dir string) error {
	return f.run(Op{Kind: OpSyncDir, Name: dir}, func() error { return f.FS.SyncDir(dir) })
}

func (f faultFile) WriteAt(b []byte, off int64) (int, error) {
	v := f.fs.Decide(Op{Kind: OpWrite, Name: f.name, Off: off, Len: len(b)})
	if v.Err == nil {
		return f.File.WriteAt(b, off)
	}
	keep := min(v.Keep, len(b))
	if v.Done {
		keep = len(b)
	}
	n, err := f.File.WriteAt(b[:keep], off)
	return n, errors.Join(v.Err, err)
}

func (f faultFile) Truncate(size int64) error {
	return f.fs.run(Op{Kind: OpTruncate, Name: f.name, Off: size}, func() error { return f.File.Truncate(size) })
}

func (f faultFile) Sync() error {
	return f.fs.run(Op{Kind: OpSync, Name: f.name}, f.File.Sync)
}
