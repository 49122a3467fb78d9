package ledger

import (
	"sync"
	"sync/atomic"

	"custody"
)

// Index answers questions from memory. It is rebuilt from the frames when a ledger
// is opened and holds only what is durable.
//
// Events are numbered from 1, in the order of their times. A post is one (event,
// subject) pair; the posts of an event lie side by side, and each points at the
// post before it of the same subject. So a post is eight bytes, an event twenty,
// and what events share (who, where, why) is kept once.
//
// One writer adds; any number of readers look at the same time without a lock:
// arrays grow by whole chunks and never move, and a reader first takes the counts
// that the writer published last.
type Index struct {
	counts atomic.Uint64 // events<<32 | posts, published after their content
	dirs   atomic.Pointer[dirs]

	subjects heads // last post of each subject
	lastOf   heads // last event of each actor
	mu       sync.RWMutex
	actors   map[actor]uint32

	// For the writer alone.
	live   bool // readers may look
	own    dirs
	events uint32
	posts  uint32
	intern interner
}

const (
	postBits  = 13
	eventBits = 12
	headBits  = 12
)

type post struct {
	subject custody.SubjectID
	prev    uint32 // 1 + the post before of this subject; 0 is none
}

// postChunk is a whole number of pages: a word more would cost another one.
type postChunk [1 << postBits]post

// eventChunk is a struct of arrays, so that nothing is lost to padding.
type eventChunk struct {
	time    [1 << eventBits]int64  // microseconds since 1970
	context [1 << eventBits]uint32 // what it shares with others
	first   [1 << eventBits]uint32 // its first post
	prev    [1 << eventBits]uint32 // 1 + the event before of this actor; 0 is none
}

// dirs are the lists of chunks. The lists only grow, so an old copy stays true.
type dirs struct {
	posts    []*postChunk
	starts   []uint32 // for each chunk of posts the event of its first one
	events   []*eventChunk
	contexts []*contextChunk
	namings  []namingAt
	places   []place
}

type namingAt struct {
	event  uint32
	naming custody.Naming
}

// heads is a table of the newest entry for each number, 0 for none.
type heads struct {
	chunks atomic.Pointer[[]atomic.Pointer[headChunk]]
}

type headChunk [1 << headBits]uint32

func (h *heads) load(i uint32) uint32 {
	list := h.chunks.Load()
	if list == nil || int(i>>headBits) >= len(*list) {
		return 0
	}
	c := (*list)[i>>headBits].Load()
	if c == nil {
		return 0
	}
	return atomic.LoadUint32(&c[i&(1<<headBits-1)])
}

// slot gives the place of number i, making it if need be. For the writer alone.
func (h *heads) slot(i uint32) *uint32 {
	list := h.chunks.Load()
	if list == nil || int(i>>headBits) >= len(*list) {
		list = h.grow(list, int(i>>headBits)+1)
	}
	c := (*list)[i>>headBits].Load()
	if c == nil {
		c = new(headChunk)
		(*list)[i>>headBits].Store(c)
	}
	return &c[i&(1<<headBits-1)]
}

func (h *heads) grow(old *[]atomic.Pointer[headChunk], need int) *[]atomic.Pointer[headChunk] {
	size := need
	if old != nil {
		size = max(need, 2*len(*old))
	}
	list := make([]atomic.Pointer[headChunk], size)
	if old != nil {
		for i := range *old {
			list[i].Store((*old)[i].Load())
		}
	}
	h.chunks.Store(&list)
	return &list
}

func newIndex() *Index {
	x := &Index{actors: map[actor]uint32{}}
	x.dirs.Store(&dirs{})
	return x
}

// add appends an event and gives its context and its actor. Readers see it after
// publish.
func (x *Index) add(e *custody.Event) (context, actor uint32) {
	context, actor = x.context(e)
	x.append(e.Time.UnixMicro(), context, actor, e.Subjects)
	if e.Naming != nil {
		x.own.namings = append(x.own.namings, namingAt{x.events - 1, *e.Naming})
		x.share()
	}
	return context, actor
}

// append appends an event of a known context.
func (x *Index) append(micros int64, context, actor uint32, subjects []custody.SubjectID) {
	i := x.events
	if i&(1<<eventBits-1) == 0 {
		x.own.events = append(x.own.events, new(eventChunk))
		x.share()
	}
	c, k := x.own.events[i>>eventBits], i&(1<<eventBits-1)
	c.time[k] = micros
	c.context[k] = context
	c.first[k] = x.posts
	last := x.lastOf.slot(actor)
	c.prev[k] = *last
	for _, s := range subjects {
		x.post(i, s)
	}
	x.events++
	// A reader that comes in by this head finds an event past its counts and skips it.
	x.set(last, x.events)
}

func (x *Index) post(event uint32, s custody.SubjectID) {
	i := x.posts
	if i&(1<<postBits-1) == 0 {
		x.own.posts = append(x.own.posts, new(postChunk))
		x.own.starts = append(x.own.starts, event)
		x.share()
	}
	head := x.subjects.slot(uint32(s))
	x.own.posts[i>>postBits][i&(1<<postBits-1)] = post{s, *head}
	x.posts++
	x.set(head, x.posts)
}

// set changes a head. An atomic store is a fence that the replay, which nobody
// watches, does without.
func (x *Index) set(head *uint32, to uint32) {
	if x.live {
		atomic.StoreUint32(head, to)
	} else {
		*head = to
	}
}

// share lets readers find new chunks. Their content counts only after publish.
func (x *Index) share() {
	d := x.own
	x.dirs.Store(&d)
}

// publish lets readers see everything added so far.
func (x *Index) publish() {
	x.live = true
	x.counts.Store(uint64(x.events)<<32 | uint64(x.posts))
}
