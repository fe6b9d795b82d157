package journal

import (
	"maps"
	"slices"
)

func keptIn(r record, block int) kept {
	return kept{r.subject, r.headerNumber(headerStep), r.base(), block}
}

// lacking yields the entries that build on one that CONTACTS has not, in order.
func (s *survey) lacking() (all []uint64) {
	for _, seq := range slices.Sorted(maps.Keys(s.contacts.kept)) {
		if base := s.contacts.kept[seq].base; base != 0 && s.contacts.kept[base].subject != s.contacts.kept[seq].subject {
			all = append(all, seq)
		}
	}
	return all
}

// restoreBases finds the copies of whole entries that were lost and on which others
// build.
func (s *survey) restoreBases() {
	c, tried := &copies{dir: s.dir}, map[uint64]bool{}
	for _, seq := range s.lacking() {
		k := s.contacts.kept[seq]
		if tried[k.base] {
			continue
		}
		tried[k.base] = true
		if r, has := c.find(k.subject, k.base); has && r.base() == 0 {
			s.restoreRecord(s.contacts, r)
		}
	}
}

// findOrphans takes out of CONTACTS the entries that cannot be read any more,
// because they build on an entry that is lost in both places. The entries of a
// contact that is archived to its end are in ARCHIVE.
func (s *survey) findOrphans() {
	st, newest := s.contacts, s.contacts.newest()
	told := map[uint64]bool{} // of these bases
	for _, seq := range s.lacking() {
		k := st.kept[seq]
		if newest[k.subject] <= s.ended[contactOf(k.subject)] {
			continue
		}
		delete(st.kept, seq)
		st.orphans[seq], st.bad[k.block] = true, true
		if !told[k.base] {
			s.found(st, "stream %s: entry %d of %s, on which others build, is lost", st.name, k.base, named(k.subject))
		}
		told[k.base] = true
	}
	st.restored = slices.DeleteFunc(st.restored, func(r record) bool { return st.orphans[r.seq] })
}
