package ledger

import (
	"bytes"
	"fmt"
	"io"
	"mime/quotedprintable"
	"regexp"
	"slices"
	"sort"
	"strings"

	"custody"

	"golang.org/x/mod/sumdb/note"
)

// maxSent bounds what a checkpoint that was sent is looked for in, in bytes.
const maxSent = 1 << 20

// sentForm is a checkpoint with one signature wherever it stands: its words have other
// white space between them in a line of a log.
var sentForm = regexp.MustCompile(`([A-Za-z0-9][A-Za-z0-9./_-]{0,99})\s+([0-9]{1,19})\s+([A-Za-z0-9+/]{43}=)\s+\x{2014}\s+([!-~]{1,120})\s+([A-Za-z0-9+/]{8,200}={0,2})`)

// FindCheckpoint finds a signed checkpoint in what kept it: the file itself, a mail as it
// was saved, a line of a log, JSON. The signature must be v's. The error has
// CodeInvalid.
func FindCheckpoint(kept []byte, v note.Verifier) (*Checkpoint, error) {
	if len(kept) > maxSent {
		return nil, custody.E(custody.CodeTooLarge, "this is too long for a checkpoint", "cut out the mail or the line that holds it; at most 1 MiB is read")
	}
	forged := false
	for _, text := range readings(kept) {
		for _, m := range sentForm.FindAllSubmatch(text, 100) {
			signed := fmt.Appendf(nil, "%s\n%s\n%s\n\n\u2014 %s %s\n", m[1], m[2], m[3], m[4], m[5])
			c, err := openCheckpoint(signed, v)
			if err == nil {
				return c, nil
			}
			forged = true
		}
	}
	if forged {
		return nil, custody.E(custody.CodeInvalid, "the checkpoint is not signed by this ledger's key", "it was changed, or it is of another ledger: ask whoever kept it for the original, and take the key from them too")
	}
	return nil, custody.E(custody.CodeInvalid, "no signed checkpoint is in this file", "give it as it was received: three lines, an empty one and the signature")
}

// readings are what a text may be: as it is, as a mail encodes it, as JSON escapes it.
func readings(kept []byte) [][]byte {
	list := [][]byte{kept}
	if mail, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(bytes.ReplaceAll(kept, []byte("\r\n"), []byte("\n"))))); len(mail) > 0 || err == nil {
		list = append(list, mail)
	}
	plain := strings.NewReplacer(`\\n`, "\n", `\n`, "\n", `\u2014`, "\u2014", `\/`, "/").Replace(string(kept))
	return append(list, []byte(plain))
}

// VerifySent is Verify that also holds the ledger to a checkpoint which was sent to
// somebody: its frames must be there and be those that were signed.
func VerifySent(dir string, v note.Verifier, sent *Checkpoint) (*Report, error) {
	return verify(dir, v, &kept{*sent, "the checkpoint that was sent", 0})
}

// hold adds a checkpoint from outside to those that are compared.
func (c *checker) hold(sent *kept) {
	c.origin = sent.Origin
	if sent.Size == 0 {
		return // of a ledger that was empty: any ledger of this name holds it
	}
	c.wanted = append(slices.Clone(c.wanted), *sent) // the report points into the list
	sort.SliceStable(c.wanted, func(i, j int) bool { return c.wanted[i].Size < c.wanted[j].Size })
}
