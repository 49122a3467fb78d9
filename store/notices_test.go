package store_test

import (
	"testing"
	"time"

	"custody"
	"custody/notice"
	"custody/store"
)

func put(t *testing.T, s *store.Store, m notice.Message) *notice.Message {
	t.Helper()
	must(t, notice.Prepare(&m, time.Now()))
	if _, err := s.PutNotice(&m); err != nil {
		t.Fatal(err)
	}
	return &m
}

func TestNoticesArePutOnce(t *testing.T) {
	s, _ := open(t)
	m := put(t, s, notice.Message{Key: "leave-1", Kind: notice.PersonLeft, Subject: "A person has left", Data: map[string]string{"person": "7"},
		To: []notice.Recipient{{Organisation: 1, Role: "manager"}}, Customers: []custody.SubjectID{4, 5}})
	if m.ID == 0 {
		t.Fatal("no number was given")
	}
	again := *m
	if fresh, err := s.PutNotice(&again); err != nil || fresh {
		t.Fatalf("the same key was put twice: %v, %v", fresh, err)
	}
	open, err := s.Unrouted(10)
	if err != nil || len(open) != 1 {
		t.Fatalf("unrouted: %v, %v", open, err)
	}
	got := open[0]
	if got.Kind != m.Kind || got.Data["person"] != "7" || len(got.Customers) != 2 || got.To[0].Role != "manager" || !got.Time.Equal(m.Time.Truncate(time.Millisecond)) {
		t.Errorf("what was kept differs: %+v", got)
	}
}

func TestDeliveriesAreTriedUntilTheyAreSentOrGivenUp(t *testing.T) {
	s, _ := open(t)
	m := put(t, s, notice.Message{Kind: notice.Trial, Subject: "Trial"})
	now := time.Now().Truncate(time.Millisecond)
	list := []notice.Delivery{{Channel: "mail", Address: "a@northfield.example"}, {Channel: "mail", Address: "b@northfield.example"}}
	must(t, s.Route(m.ID, list, now))
	must(t, s.Route(m.ID, list, now)) // a second router changes nothing
	due, err := s.Due("mail", now, 10)
	if err != nil || len(due) != 2 {
		t.Fatalf("due: %v, %v", due, err)
	}
	must(t, s.Delivered(due[0].ID, now))
	must(t, s.Failed(due[1].ID, now, now.Add(time.Minute), "the server is away"))
	if due, err = s.Due("mail", now, 10); err != nil || len(due) != 0 {
		t.Fatalf("due too early: %v, %v", due, err)
	}
	if due, err = s.Due("mail", now.Add(time.Minute), 10); err != nil || len(due) != 1 || due[0].Attempts != 1 {
		t.Fatalf("not due again: %v, %v", due, err)
	}
	must(t, s.Failed(due[0].ID, now, time.Time{}, "no such mailbox"))
	n, err := s.NoticeState()
	if err != nil || n != (store.NoticeState{GivenUp: 1, Sent: 1}) {
		t.Fatalf("state %+v, %v", n, err)
	}
	if count, err := s.RetryDelivery(0, now.Add(time.Hour)); err != nil || count != 1 {
		t.Fatalf("retried %d, %v", count, err)
	}
	if count, err := s.RetryDelivery(99, now); custody.CodeOf(err) != custody.CodeNotFound || count != 0 {
		t.Fatalf("retried what is not there: %d, %v", count, err)
	}
	if failed, err := s.Deliveries(true, 10); err != nil || len(failed) != 1 || failed[0].Why != "no such mailbox" || failed[0].State() != "retried" {
		t.Fatalf("failed: %+v, %v", failed, err)
	}
}

func trial() notice.Message { return notice.Message{Kind: notice.Trial, Subject: "Trial"} }
