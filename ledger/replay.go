package ledger

// replayer adds frames to an index: one goroutine, the caller's, reads and decodes,
// another one adds. A small ledger never starts the other.
type replayer struct {
	index *Index
	open  *parsed
	last  int64        // time of the last event, microseconds
	full  chan *parsed // to the goroutine that adds, nil until it is needed
	empty chan *parsed
	done  chan struct{}
	// What was seen before is not decoded again; both nil in a small ledger.
	heads    *[knownHeads]knownHead    // for the one who decodes
	contexts *[knownHeads]knownContext // for the one who adds
}

// parsed is a run of decoded events on its way into the index.
type parsed struct {
	events [256]replayed
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
	r.open.frames = append(r.open.frames, frameStart{r.open.n, f.segment, f.offset})
	rest := f.body[saltSize : len(f.body)-1]
	for range f.count {
		d := &r.open.events[r.open.n]
		what := r.decode(d, rest)
		if what == "" && d.micros < r.last {
			what = "event time goes backwards"
		}
		if what != "" {
			return what
		}
		rest = rest[d.size:]
		r.last = d.micros
		if r.open.n++; r.open.n == len(r.open.events) {
			r.pass()
		}
	}
	if len(rest) != 0 {
		return "frame holds more than its events"
	}
	return ""
}

// pass hands a full run to the goroutine that adds and takes an empty one.
func (r *replayer) pass() {
	if r.full == nil {
		r.full, r.empty, r.done = make(chan *parsed, 2), make(chan *parsed, 3), make(chan struct{})
		r.empty <- new(parsed)
		r.empty <- new(parsed)
		r.heads, r.contexts = new([knownHeads]knownHead), new([knownHeads]knownContext)
		go r.adder()
	}
	r.full <- r.open
	r.open = <-r.empty
}

func (r *replayer) adder() {
	defer close(r.done)
	for p := range r.full {
		p.addTo(r.index, r.contexts)
		r.empty <- p
	}
}

// addTo adds a run. Contexts are those of known heads, by their place.
func (p *parsed) addTo(x *Index, contexts *[knownHeads]knownContext) {
	frames := p.frames
	for i := range p.n {
		if len(frames) > 0 && frames[0].event == i {
			x.place(frames[0].segment, frames[0].offset)
			frames = frames[1:]
		}
		d := &p.events[i]
		if d.known >= 0 && !d.first {
			k := &contexts[d.known]
			x.append(d.micros, k.id, k.actor, d.Subjects)
			continue
		}
		id, actor := x.add(&d.Event)
		if d.known >= 0 {
			contexts[d.known] = knownContext{id, actor}
		}
	}
	p.n, p.frames = 0, p.frames[:0]
}

// finish waits until everything is in the index and lets readers see it.
func (r *replayer) finish() {
	if r.full != nil {
		close(r.full)
		<-r.done
	}
	r.open.addTo(r.index, r.contexts)
	r.index.publish()
	r.open = nil
}
