package site

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"custody"
)

// metrics reads the state of the site when it is asked. What is counted comes from the
// ledger itself, so that no path of a look counts beside its record. Labels are names
// of systems, kinds and codes, never of people.
type metrics struct {
	s     *Site
	mu    sync.Mutex // guards what follows
	next  uint64     // the first event that was not counted
	looks map[[3]string]uint64
	shown map[[2]string]uint64
}

var (
	eventsDesc    = desc("events_total", "Events recorded since the start, by kind, system and code", "kind", "system", "code")
	shownDesc     = desc("disclosures_total", "Customers disclosed since the start: one for each customer of each answer", "system", "route")
	ledgerDesc    = desc("ledger_events", "Events in the ledger")
	pairsDesc     = desc("ledger_disclosures", "Pairs of event and customer in the ledger")
	healthyDesc   = desc("ledger_healthy", "1 while the ledger takes events and signs checkpoints")
	checkedDesc   = desc("ledger_checkpoint_timestamp_seconds", "When the newest checkpoint was signed; 0 if none was")
	liveDesc      = desc("sessions_live", "Live sessions")
	heardDesc     = desc("revocations_heard_seconds", "Since when revocations were not heard; above 1 nothing is released")
	downDesc      = desc("portal_down", "1 while the portal is taken offline", "system")
	noticesDesc   = desc("notices", "Notices by what became of them", "state")
	oldestDesc    = desc("notices_oldest_timestamp_seconds", "When the oldest notice that waits was put; 0 if none waits")
	stateSizeDesc = desc("state_bytes", "Size of the state database")
	readyDesc     = desc("ready", "1 while the gate can do its work, as /ready says")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("custody_"+name, help, labels, nil)
}

// registry holds the site's metrics and those of the process.
func (s *Site) registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	events, _ := s.Ledger.Index().Len()
	r.MustRegister(&metrics{s: s, next: events + 1, looks: map[[3]string]uint64{}, shown: map[[2]string]uint64{}},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{eventsDesc, shownDesc, ledgerDesc, pairsDesc, healthyDesc, checkedDesc, liveDesc, heardDesc, downDesc,
		noticesDesc, oldestDesc, stateSizeDesc, readyDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count()
	for k, n := range m.looks {
		ch <- prometheus.MustNewConstMetric(eventsDesc, prometheus.CounterValue, float64(n), k[:]...)
	}
	for k, n := range m.shown {
		ch <- prometheus.MustNewConstMetric(shownDesc, prometheus.CounterValue, float64(n), k[:]...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	events, pairs := m.s.Ledger.Index().Len()
	gauge(ledgerDesc, float64(events))
	gauge(pairsDesc, float64(pairs))
	gauge(healthyDesc, one(m.s.Ledger.Health() == nil))
	gauge(checkedDesc, modified(filepath.Join(m.s.o.LedgerDir, "checkpoint")))
	gauge(liveDesc, float64(m.s.Gate.Live()))
	gauge(heardDesc, m.s.Gate.Unheard().Seconds())
	gauge(readyDesc, one(m.s.readiness().Ready))
	for name, e := range m.s.portals {
		gauge(downDesc, one(e.portal.IsDown() != nil), name)
	}
	m.state(gauge)
}

// state reads what is in the store; where that fails, the metrics are absent.
func (m *metrics) state(gauge func(*prometheus.Desc, float64, ...string)) {
	if info, err := os.Stat(m.s.o.Store.Path()); err == nil {
		gauge(stateSizeDesc, float64(info.Size()))
	}
	n, err := m.s.o.Store.NoticeState()
	if err != nil {
		return
	}
	gauge(noticesDesc, float64(n.Unrouted), "outbox")
	gauge(noticesDesc, float64(n.Waiting-n.Failing), "waiting")
	gauge(noticesDesc, float64(n.Failing), "failing")
	gauge(noticesDesc, float64(n.GivenUp), "given-up")
	gauge(noticesDesc, float64(n.Sent), "sent")
	oldest := 0.0
	if !n.Oldest.IsZero() {
		oldest = float64(n.Oldest.UnixMilli()) / 1000
	}
	gauge(oldestDesc, oldest)
}

// count adds the events since the last time.
func (m *metrics) count() {
	for n, e := range m.s.Ledger.Index().Events(m.next) {
		m.next = n + 1
		system := m.s.systemName(e.System)
		m.looks[[3]string{e.Kind.String(), system, e.Code.String()}]++
		if e.Kind == custody.EventDisclosure {
			m.shown[[2]string{system, e.Route.String()}] += uint64(len(e.Subjects))
		}
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func modified(file string) float64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return float64(info.ModTime().UnixMilli()) / 1000
}
