package portal

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"custody/subjects/body"
)

// codings are those that an answer may have on its way.
var codings = map[string]bool{"gzip": true, "br": true, "zstd": true, "deflate": true}

// acceptable gives the client's content codings that the gate can take off and put on
// again; the application chooses among them.
func acceptable(lines []string) string {
	var kept []string
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(item, ";")
			if codings[strings.ToLower(strings.TrimSpace(name))] {
				kept = append(kept, strings.TrimSpace(item))
			}
		}
	}
	return strings.Join(kept, ", ")
}

// coder puts the content coding on again that the application had chosen.
type coder struct {
	w   body.Encoder
	out bytes.Buffer
}

// code codes a part. What it gives holds until the next call.
func (c *coder) code(part []byte, end bool) ([]byte, error) {
	c.out.Reset()
	if _, err := c.w.Write(part); err != nil {
		return nil, err
	}
	if end {
		err := c.w.Close()
		return c.out.Bytes(), err
	}
	err := c.w.Flush()
	return c.out.Bytes(), err
}

// decode takes the content coding off an answer, and prepares to put it on again.
func (v *visit) decode(resp *http.Response, coding string) (io.Reader, error) {
	rest, err := body.Decode(coding, resp.Body)
	if err != nil {
		return nil, err
	}
	v.coder = &coder{}
	if v.coder.w, err = body.Encode(coding, &v.coder.out); err != nil {
		return nil, err
	}
	v.coding, v.unpack = coding, rest
	return rest, nil
}
