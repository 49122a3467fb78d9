package ledger

// replayer adds frames to an index: one goroutine, the caller's, reads and decodes,
// another one adds. A small ledger never starts the other.
type replayer struct {
	index *Index
	open  *parsed
	last  int64 // time of the last event, microseconds
	what  string
	full  chan *parsed // to the goroutine that adds, nil until it is needed
	empty chan *parsed
	done  chan struct{}
}

// parsed is a run of decoded events on its way into the index.
type parsed struct {
	events [256]decoded
	n      int
	frames []frameStart
}

// frameStart says which of a run's events is the first of a frame.
type frameStart struct {
	event   int
	segment uint32
	offset  int64
}

func newReplayer(x *Index) *replayer { return &replayer{index: x, open: new(parsed)} }

// frame takes a frame and gives the fault, or nothing.
func (r *replayer) frame(f *frame) string {
	r.what = ""
	r.open.frames = append(r.open.frames, frameStart{r.open.n, f.segment, f.offset})
	what := f.eachEvent(&r.open.events[r.open.n], f.body, r.event)
	if what == "" {
		what = r.what
	}
	return what
}

// event takes the event that was just decoded and gives room for the next.
func (r *replayer) event(d *decoded, _ []byte) *decoded {
	at := d.Time.UnixMicro()
	if at < r.last {
		r.what = "event time goes backwards"
	}
	r.last = at
	r.open.n++
	if r.open.n == len(r.open.events) {
		r.pass()
	}
	return &r.open.events[r.open.n]
}

// pass hands a full run to the goroutine that adds and takes an empty one.
func (r *replayer) pass() {
	if r.full == nil {
		r.full, r.empty, r.done = make(chan *parsed, 2), make(chan *parsed, 3), make(chan struct{})
		r.empty <- new(parsed)
		r.empty <- new(parsed)
		go r.adder()
	}
	r.full <- r.open
	r.open = <-r.empty
}

func (r *replayer) adder() {
	defer close(r.done)
	for p := range r.full {
		p.addTo(r.index)
		r.empty <- p
	}
}

func (p *parsed) addTo(x *Index) {
	frames := p.frames
	for i := range p.n {
		if len(frames) > 0 && frames[0].event == i {
			x.place(frames[0].segment, frames[0].offset)
			frames = frames[1:]
		}
		x.add(&p.events[i].Event)
	}
	p.n, p.frames = 0, p.frames[:0]
}

// finish waits until everything is in the index and lets readers see it.
func (r *replayer) finish() {
	if r.full != nil {
		close(r.full)
		<-r.done
	}
	r.open.addTo(r.index)
	r.index.publish()
	r.open = nil
}
