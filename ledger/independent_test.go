package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// A verifier written from docs/formats.md alone, with the standard library only. It
// shares nothing with the product: if the two agree, the page is enough.

type auditor struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newAuditor(vkey string) (*auditor, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("public key has no three parts")
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 1 {
		return nil, errors.New("not an Ed25519 key")
	}
	sum := sha256.Sum256([]byte(parts[0] + "\n" + string(key)))
	if hex.EncodeToString(sum[:4]) != parts[1] {
		return nil, errors.New("key hash does not fit")
	}
	return &auditor{parts[0], uint32(hash), key[1:]}, nil
}

type signedTree struct {
	origin string
	size   uint64
	root   []byte
}

func (a *auditor) checkpoint(note string) (*signedTree, error) {
	text, signatures, ok := strings.Cut(note, "\n\n")
	text += "\n"
	lines := strings.Split(text, "\n")
	if !ok || len(lines) != 4 {
		return nil, errors.New("not a checkpoint")
	}
	for line := range strings.Lines(signatures) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(fields) != 3 || fields[0] != "\u2014" || fields[1] != a.name {
			continue
		}
		sig, err := base64.StdEncoding.Strict().DecodeString(fields[2])
		if err != nil || len(sig) != 68 || binary.BigEndian.Uint32(sig) != a.hash || !ed25519.Verify(a.key, []byte(text), sig[4:]) {
			return nil, errors.New("signature does not hold")
		}
		size, err1 := strconv.ParseUint(lines[1], 10, 64)
		root, err2 := base64.StdEncoding.Strict().DecodeString(lines[2])
		return &signedTree{lines[0], size, root}, errors.Join(err1, err2)
	}
	return nil, errors.New("no signature by this key")
}

func sum(parts ...[]byte) []byte {
	h := sha256.Sum256(bytes.Join(parts, nil))
	return h[:]
}

// root follows RFC 6962, section 2.1, to the letter.
func root(leaves [][]byte) []byte {
	switch len(leaves) {
	case 0:
		return sum()
	case 1:
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	return sum([]byte{1}, root(leaves[:k]), root(leaves[k:]))
}

// climb follows a proof from leaf m of n up to the root (section 2.1.1).
func climb(m, n uint64, leaf []byte, proof [][]byte) ([]byte, error) {
	if m >= n {
		return nil, errors.New("leaf is outside its tree")
	}
	if n == 1 {
		if len(proof) != 0 {
			return nil, errors.New("proof is too long")
		}
		return leaf, nil
	}
	if len(proof) == 0 {
		return nil, errors.New("proof is too short")
	}
	k := uint64(1)
	for k*2 < n {
		k *= 2
	}
	last, rest := proof[len(proof)-1], proof[:len(proof)-1]
	if m < k {
		left, err := climb(m, k, leaf, rest)
		return sum([]byte{1}, left, last), err
	}
	right, err := climb(m-k, n-k, leaf, rest)
	return sum([]byte{1}, last, right), err
}

func proves(m, n uint64, leaf []byte, proof [][]byte, want []byte) error {
	got, err := climb(m, n, leaf, proof)
	if err == nil && !bytes.Equal(got, want) {
		err = errors.New("proof leads elsewhere")
	}
	return err
}

type frameHead struct {
	body, count, crc uint32
	event, frame     uint64
	prev, events     []byte
}

var crcTable = crc32.MakeTable(crc32.Castagnoli)

func parseFrame(b []byte) (*frameHead, error) {
	be := binary.BigEndian
	if len(b) < 100 || string(b[:4]) != "CFR1" || be.Uint32(b[96:]) != crc32.Checksum(b[:96], crcTable) {
		return nil, errors.New("no frame header")
	}
	return &frameHead{
		body: be.Uint32(b[4:]), event: be.Uint64(b[8:]), frame: be.Uint64(b[16:]), count: be.Uint32(b[24:]),
		prev: b[28:60], events: b[60:92], crc: be.Uint32(b[92:]),
	}, nil
}

func varint(b *[]byte) (uint64, error) {
	v, n := binary.Uvarint(*b)
	if n <= 0 || v == 0 || n > 1 && (*b)[n-1] == 0 {
		return 0, errors.New("bad varint")
	}
	*b = (*b)[n:]
	return v, nil
}

type seenEvent struct {
	kind                       byte
	time                       uint64
	person, count, first, span uint64
	root                       []byte
	length                     int // of the head
}

func parseHead(b []byte) (*seenEvent, error) {
	if len(b) < 12 || b[0] == 0 || b[0] > 6 || b[1] > 4 {
		return nil, errors.New("bad event")
	}
	has, rest := binary.BigEndian.Uint16(b[2:]), b[12:]
	e := &seenEvent{kind: b[0], time: binary.BigEndian.Uint64(b[4:])}
	if has>>14 != 0 || (e.kind == 6) != (has>>13&1 == 1) {
		return nil, errors.New("bad presence bits")
	}
	widths := [14]uint64{0xff, 1 << 62, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 1<<64 - 1, 0xffffffff, 0xffffffff, 1<<10 - 1, 1<<10 - 1, 0, 1 << 20, 0}
	for bit := range 14 {
		switch {
		case has>>bit&1 == 0:
		case bit == 11:
			if len(rest) < 8 || binary.BigEndian.Uint64(rest) == 0 {
				return nil, errors.New("bad statement")
			}
			rest = rest[8:]
		case bit == 13:
			var err1, err2 error
			e.first, err1 = varint(&rest)
			e.span, err2 = varint(&rest)
			if err1 != nil || err2 != nil || len(rest) < 32 {
				return nil, errors.New("bad naming")
			}
			e.root, rest = rest[:32], rest[32:]
		default:
			v, err := varint(&rest)
			if err != nil || v > widths[bit] {
				return nil, errors.New("bad field")
			}
			if bit == 2 {
				e.person = v
			}
			if bit == 12 {
				e.count = v
			}
		}
	}
	e.length = len(b) - len(rest)
	return e, nil
}

func blocks(count uint64) uint64 { return max(1, (count+7)/8) }

func blockLeaf(salt []byte, subjects []uint32) []byte {
	b := append([]byte{0}, salt...)
	for _, s := range subjects {
		b = binary.BigEndian.AppendUint32(b, s)
	}
	return sum(b)
}

func subjectRoot(salts []byte, subjects []uint32) []byte {
	var leaves [][]byte
	for i := range blocks(uint64(len(subjects))) {
		leaves = append(leaves, blockLeaf(salts[i*16:i*16+16], subjects[i*8:min(i*8+8, uint64(len(subjects)))]))
	}
	return root(leaves)
}

// folder checks all segments of a ledger and gives the leaf of each frame.
func (a *auditor) folder(dir string) (events uint64, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		return 0, err
	}
	sort.Strings(files)
	var leaves [][]byte
	var prev []byte
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		if string(b[:8]) != "CUSTLDG1" || binary.BigEndian.Uint32(b[508:]) != crc32.Checksum(b[:508], crcTable) {
			return 0, errors.New("bad segment header")
		}
		origin := b[61 : 61+b[60]]
		if prev == nil {
			prev = sum([]byte("CUSTLDG1\n"), origin, []byte("\n"))
		}
		if !bytes.Equal(b[28:60], prev) {
			return 0, errors.New("segment does not continue the chain")
		}
		for b = b[512:]; len(bytes.Trim(b, "\x00")) > 0; {
			h, err := parseFrame(b)
			if err != nil {
				return 0, err
			}
			if h.frame != uint64(len(leaves)) || h.event != events+1 || !bytes.Equal(h.prev, prev) {
				return 0, fmt.Errorf("frame %d is out of its place", h.frame)
			}
			if err := wholeFrame(h, b[100:100+h.body]); err != nil {
				return 0, fmt.Errorf("frame %d: %w", h.frame, err)
			}
			prev = sum([]byte{0}, b[:100])
			leaves = append(leaves, prev)
			events += uint64(h.count)
			b = b[100+h.body:]
		}
	}
	history, err := os.ReadFile(filepath.Join(dir, "checkpoints"))
	if err != nil {
		return 0, err
	}
	newest, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return 0, err
	}
	notes := []string{string(newest)}
	pieces := strings.Split(string(history), "\n\n") // text, signatures, text, signatures, nothing
	for i := 0; i+1 < len(pieces); i += 2 {
		notes = append(notes, pieces[i]+"\n\n"+pieces[i+1]+"\n")
	}
	for _, note := range notes {
		c, err := a.checkpoint(note)
		if err != nil {
			return 0, err
		}
		if c.size > uint64(len(leaves)) || !bytes.Equal(root(leaves[:c.size]), c.root) {
			return 0, errors.New("checkpoint and frames differ")
		}
	}
	return events, nil
}

func wholeFrame(h *frameHead, body []byte) error {
	if crc32.Checksum(body, crcTable) != h.crc || body[len(body)-1] != 0xc5 {
		return errors.New("bad body")
	}
	seed, rest := body[:16], body[16:len(body)-1]
	var leaves [][]byte
	salt := uint64(0)
	for range h.count {
		e, err := parseHead(rest)
		if err != nil {
			return err
		}
		head := rest[:e.length]
		rest = rest[e.length:]
		var subjects []uint32
		last := uint64(0)
		for range e.count {
			d, err := varint(&rest)
			if err != nil {
				return err
			}
			last += d
			subjects = append(subjects, uint32(last))
		}
		var salts []byte
		for range blocks(e.count) {
			pair := sum([]byte{2}, seed, binary.BigEndian.AppendUint64(nil, salt/2))
			salts = append(salts, pair[salt%2*16:salt%2*16+16]...)
			salt++
		}
		leaves = append(leaves, sum([]byte{0}, head, subjectRoot(salts, subjects)))
	}
	if len(rest) != 0 || !bytes.Equal(root(leaves), h.events) {
		return errors.New("events differ from the header")
	}
	return nil
}

type line struct {
	Type, Origin, Checkpoint, From, To, Key string
	Version                                 int
	Subject, Person, System                 uint32
	Frame, Event                            uint64
	Header, Head, Salt                      []byte
	Proof                                   [][]byte
	Events, Names, Unsigned, Unnamed        int
	Block                                   *struct {
		Root, Salt []byte
		Block      uint64
		Subjects   []uint32
		Proof      [][]byte
	}
	All *struct {
		Salts    []byte
		Subjects []uint32
	}
}

// extract checks an extract and gives how many events and names it proves.
func (a *auditor) extract(file []byte) (events, names int, err error) {
	var about line
	var tree *signedTree
	var frame *frameHead
	namings := map[uint64]*seenEvent{}
	shown := map[uint32]bool{}
	ended := false
	lastEvent := uint64(0)
	for text := range bytes.Lines(file) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return 0, 0, err
		}
		if ended || (l.Type == "extract") != (tree == nil) {
			return 0, 0, errors.New("line out of place")
		}
		switch l.Type {
		case "extract":
			about = l
			if tree, err = a.checkpoint(l.Checkpoint); err == nil && (tree.origin != l.Origin || l.Version != 1) {
				err = errors.New("another ledger")
			}
		case "frame":
			var h *frameHead
			if h, err = parseFrame(l.Header); err == nil {
				if h.frame != l.Frame || len(l.Header) != 100 || frame != nil && h.frame <= frame.frame {
					err = errors.New("frame out of place")
				} else {
					err = proves(h.frame, tree.size, sum([]byte{0}, l.Header), l.Proof, tree.root)
				}
				frame = h
			}
		case "event":
			var e *seenEvent
			if frame == nil || l.Event <= lastEvent || l.Event < frame.event {
				return 0, 0, errors.New("event out of place")
			}
			lastEvent = l.Event
			if e, err = oneEvent(&l, frame, &about, shown); err == nil && e.kind == 6 {
				namings[l.Event] = e
			}
			events++
		case "name":
			n := namings[l.Event]
			if n == nil || !shown[l.Subject] || uint64(l.Subject) < n.first || len(l.Salt) != 16 {
				return 0, 0, errors.New("name of nothing")
			}
			leaf := sum([]byte{0}, l.Salt, binary.BigEndian.AppendUint32(nil, l.System), []byte(l.Key))
			err = proves(uint64(l.Subject)-n.first, n.span, leaf, l.Proof, n.root)
			names++
		case "end":
			ended = true
			if l.Events != events || l.Names != names {
				err = errors.New("something is missing")
			}
		default:
			err = errors.New("unknown line")
		}
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %w", l.Type, err)
		}
	}
	if !ended {
		return 0, 0, errors.New("no end")
	}
	return events, names, nil
}

func oneEvent(l *line, frame *frameHead, about *line, shown map[uint32]bool) (*seenEvent, error) {
	e, err := parseHead(l.Head)
	if err != nil || e.length != len(l.Head) || (l.Block == nil) == (l.All == nil) {
		return nil, errors.New("bad event")
	}
	var subjects []uint32
	var tree []byte
	if b := l.Block; b != nil {
		subjects, tree = b.Subjects, b.Root
		if uint64(len(subjects)) != min(8, e.count-b.Block*8) || b.Block >= blocks(e.count) {
			return nil, errors.New("bad block")
		}
		if err := proves(b.Block, blocks(e.count), blockLeaf(b.Salt, subjects), b.Proof, tree); err != nil {
			return nil, err
		}
	} else {
		subjects = l.All.Subjects
		if uint64(len(subjects)) != e.count || uint64(len(l.All.Salts)) != 16*blocks(e.count) {
			return nil, errors.New("subjects missing")
		}
		tree = subjectRoot(l.All.Salts, subjects)
	}
	holds := false
	for i, s := range subjects {
		if i > 0 && s <= subjects[i-1] {
			return nil, errors.New("subjects out of order")
		}
		shown[s] = true
		holds = holds || s == about.Subject
	}
	if e.kind != 6 && (about.Subject != 0 && !holds || about.Person != 0 && uint64(about.Person) != e.person) {
		return nil, errors.New("event of somebody else")
	}
	return e, proves(l.Event-frame.event, uint64(frame.count), sum([]byte{0}, l.Head, tree), l.Proof, frame.events)
}
