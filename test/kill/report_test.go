package kill

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// A matrix gathers the results of cells.
type matrix struct {
	began time.Time

	mu      sync.Mutex          // guards what follows
	results map[string][]result // by ending
	foreign int                 // cells with a foreign customer
}

func newMatrix() *matrix {
	return &matrix{began: time.Now(), results: map[string][]result{}}
}

func (m *matrix) add(p plot, r result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.results[p.ending.name] = append(m.results[p.ending.name], r)
	if p.foreign {
		m.foreign++
	}
}

// report prints what customers noticed, for each ending and for all.
func (m *matrix) report() {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []result
	for _, e := range endings {
		if list := m.results[e.name]; len(list) > 0 {
			fmt.Printf("kill matrix, %s: %s\n", e.name, summary(list))
			all = append(all, list...)
		}
	}
	if len(all) > 0 {
		fmt.Printf("kill matrix: %s\n", summary(all))
		stopped := func(r result) bool { return r.stopped }
		if terms := slices.DeleteFunc(slices.Clone(all), func(r result) bool { return !stopped(r) }); len(terms) > 0 {
			fmt.Printf("kill matrix, by SIGTERM: %s\n", summary(terms))
		}
		if kills := slices.DeleteFunc(slices.Clone(all), stopped); len(kills) > 0 {
			fmt.Printf("kill matrix, by SIGKILL: %s\n", summary(kills))
		}
		fmt.Printf("kill matrix: %d cells in %.0f s, %d of them with a customer at baresip; the machine stood still for %d ms\n",
			len(all), time.Since(m.began).Seconds(), m.foreign, machine.Stood(m.began).Milliseconds())
	}
}

func summary(list []result) string {
	var took time.Duration
	var gaps, backs []time.Duration
	for _, r := range list {
		took += r.took
		gaps = append(gaps, r.gap)
		if r.back > 0 {
			backs = append(backs, r.back)
		}
	}
	return fmt.Sprintf("%d cells, %.1f s each; ms of a customer's longest silence: %s; ms from the signal to the next audio: %s",
		len(list), took.Seconds()/float64(len(list)), distribution(gaps), distribution(backs))
}

// distribution is some quantiles, in milliseconds.
func distribution(list []time.Duration) string {
	if len(list) == 0 {
		return "none"
	}
	slices.Sort(list)
	var out []string
	for _, percent := range []int{0, 50, 90, 99, 100} {
		q := list[percent*(len(list)-1)/100]
		out = append(out, fmt.Sprintf("%d%% %d", percent, q.Milliseconds()))
	}
	return strings.Join(out, ", ")
}
