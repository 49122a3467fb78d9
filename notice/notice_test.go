package notice

import (
	"strings"
	"testing"
	"time"

	"custody"
)

// kept is a storage for what Put checks before it keeps anything.
type kept []Message

func (k *kept) PutNotice(m *Message) (bool, error) { *k = append(*k, *m); return true, nil }

func TestPutFillsInAndChecks(t *testing.T) {
	var k kept
	o := NewOutbox(&k, func() time.Time { return time.Date(2026, 5, 31, 12, 0, 0, 0, time.UTC) })
	if err := o.Put(Message{Kind: Trial, Subject: "Trial"}); err != nil {
		t.Fatal(err)
	}
	if m := k[0]; m.Key == "" || m.Severity != Info || m.Time.Hour() != 12 {
		t.Errorf("not filled in: %+v", m)
	}
	for name, m := range map[string]Message{
		"header injection": {Kind: Trial, Subject: "a\r\nBcc: x@example.com"},
		"no subject":       {Kind: Trial},
		"no kind":          {Subject: "a"},
		"odd kind":         {Kind: "Person Left", Subject: "a"},
		"long text":        {Kind: Trial, Subject: "a", Text: strings.Repeat("a", MaxText+1)},
		"control in text":  {Kind: Trial, Subject: "a", Text: "a\x1b[2J"},
		"foreign link":     {Kind: Trial, Subject: "a", Path: "//evil.example/x"},
		"odd key":          {Kind: Trial, Subject: "a", Key: "a b"},
		"odd data":         {Kind: Trial, Subject: "a", Data: map[string]string{"a": "b\nc"}},
		"severity":         {Kind: Trial, Subject: "a", Severity: 9},
	} {
		if err := o.Put(m); custody.CodeOf(err) != custody.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(k) != 1 {
		t.Errorf("%d notices were kept", len(k))
	}
}
