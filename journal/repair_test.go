package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A town is a journal with everything in it: contacts that live and that are
// archived, and stored items.
func town(t testing.TB, dir string) {
	t.Helper()
	j := open(t, dir)
	archive(t, j, "c", 2)
	a, b := live(t, j, "a", 1), live(t, j, "b", 1)
	archive(t, j, "d", 2)
	a, b = mustAppend(t, j, entry("a", 2), a), mustAppend(t, j, entry("b", 2), b)
	mustAppend(t, j, entry("a", 3), a)
	mustAppend(t, j, entry("b", 3), b)
	ana := mustPut(t, j, "agent", "ana", "free", 0)
	mustPut(t, j, "queue", "heart", "1", 0)
	mustPut(t, j, "agent", "ana", "busy", ana)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

const townLives = "9:a/3 10:b/3"

// TestRepair damages each stream in each way, and looks what becomes of it.
func TestRepair(t *testing.T) {
	cut := func(at int) func([]byte) []byte { return func(b []byte) []byte { return b[:len(b)+at] } }
	for name, test := range map[string]struct {
		stream string
		change func([]byte) []byte // nil: the block is removed
		damage string
	}{
		"nothing":                  {"CONTACTS", cut(0), ""},
		"the first entry":          {"CONTACTS", flip(100), "unreadable (1), entry 3 of contact a"},
		"the last entry":           {"CONTACTS", flip(-1), "unreadable (1), entry 10 of contact b"},
		"the last entry is cut":    {"CONTACTS", cut(-1), "entry 10 of contact b"},
		"the last entries are cut": {"CONTACTS", cut(-700), "entry 9 of contact a, entry 10 of contact b, step 2 of contact b is lost"},
		"contacts are emptied":     {"CONTACTS", func([]byte) []byte { return nil }, "entry 9 of contact a, entry 10 of contact b, entry 3 of contact a, entry 4 of contact b, step 2 of contact a is lost, step 2 of contact b is lost"},
		"contacts are removed":     {"CONTACTS", nil, "entry 9 of contact a, entry 10 of contact b, entry 3 of contact a, entry 4 of contact b, step 2 of contact a is lost, step 2 of contact b is lost"},
		"an archived entry":        {"ARCHIVE", flip(100), "unreadable (1), entry 1 is missing"},
		"the last archived":        {"ARCHIVE", cut(-1), "entry 6 is missing"},
		"the archive is emptied":   {"ARCHIVE", func([]byte) []byte { return nil }, "entries 1 to 6 are missing"},
		"the archive is removed":   {"ARCHIVE", nil, "entries 1 to 6 are missing"},
		"what was replaced":        {"ROUTING", flip(100), "unreadable (1)"},
		"an agent":                 {"ROUTING", flip(-1), "unreadable (1), entry 3 of agent ana"},
		"routing is removed":       {"ROUTING", nil, "entry 3 of agent ana, entry 2 of queue heart"},
	} {
		for _, killed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/killed %v", name, killed), func(t *testing.T) {
				dir := t.TempDir()
				town(t, dir)
				b := theBlock(t, dir, test.stream)
				if killed {
					if err := os.Remove(filepath.Join(filepath.Dir(b.file), "index.db")); err != nil {
						t.Fatal(err)
					}
				}
				if test.change == nil {
					if err := os.Remove(b.file); err != nil {
						t.Fatal(err)
					}
				} else {
					change(t, b.file, test.change)
				}
				isRepaired(t, dir, test.damage)
			})
		}
	}
}

// isRepaired opens the journal of the town, makes sure that nobody who lives is
// lost, and that the damage is told.
func isRepaired(t *testing.T, dir, damage string) {
	t.Helper()
	j := open(t, dir)
	if got := short(j.Damage()); got != damage {
		t.Errorf("damage: %s\nwant:   %s\n%s", got, damage, strings.Join(j.Damage(), "\n"))
	}
	if got := steps(j.Live(t.Context())); got != townLives {
		t.Errorf("live: %s, want %s", got, townLives)
	}
	itemsAre(t, j, "agent", "ana=busy")
	itemsAre(t, j, "queue", "heart=1")
	if seq := mustAppend(t, j, over("a", 4), 9); seq != 11 {
		t.Errorf("the next entry is %d, want 11", seq)
	}
	if err := j.Archive(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	if got := steps(j.Live(t.Context())); got != "10:b/3" {
		t.Errorf("in the end live: %s", got)
	}
	for _, d := range j.Damage() {
		if !stepsLost.MatchString(d) {
			t.Errorf("it is not repaired: %s", d)
		}
	}
}

// stepsLost is what is told at each start until the contact has ended.
var stepsLost = regexp.MustCompile(`: steps? .* of contact b (is|are) lost$`)

var where = regexp.MustCompile(`^stream [A-Z]+: (.*?)( was missing, and comes from its copy)?$`)

// short is damage without its places.
func short(damage []string) string {
	var all []string
	for _, d := range damage {
		if strings.Contains(d, ": unreadable: ") {
			d = "unreadable (1)"
		}
		all = append(all, where.ReplaceAllString(d, "$1"))
	}
	return strings.Join(all, ", ")
}

// logged is what a journal says that an operator should look into.
func logged(t *testing.T, dir string, do func(*Journal)) string {
	t.Helper()
	var log strings.Builder
	j, err := Open(t.Context(), Options{
		Dir: dir, Owner: "one", Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatal(err)
	}
	awaitArchive(t, j)
	do(j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return log.String()
}

// killed is the directory of a journal as it would be if its process were killed
// now.
func killed(t *testing.T, j *Journal) string {
	t.Helper()
	return killedAt(t, j.hold.dir)
}

func killedAt(t *testing.T, dir string) string {
	t.Helper()
	left := t.TempDir()
	if err := os.CopyFS(left, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return left
}

// A kill damages nothing, and what it leaves half done is not reported as damage.
func TestAKillIsNoDamage(t *testing.T) {
	dir := t.TempDir()
	town(t, dir)
	j := open(t, dir) // after an orderly stop the server has an index, which is outdated soon
	mustAppend(t, j, entry("a", 4), 9)
	mustAppend(t, j, over("b", 4), 10)
	left := map[string]string{"nothing is written": killed(t, j)}

	dir = killed(t, j)
	b := theBlock(t, dir, "CONTACTS")
	change(t, b.file, func(data []byte) []byte {
		r, err := formatOf("CONTACTS", b.number).parse(data)
		if err != nil {
			t.Fatal(err)
		}
		return append(data, r.raw[:len(r.raw)-1]...)
	})
	left["an entry is written"] = dir

	dir = killed(t, j)
	if err := os.Remove(filepath.Join(dir, copiesDir, "contact.a")); err != nil {
		t.Fatal(err)
	}
	(&copies{dir: dir}).keep(record{seq: 9, subject: "contact.a", data: []byte("{}")})
	left["an entry has no copy yet"] = dir

	dir = killed(t, j)
	change(t, filepath.Join(dir, copiesDir, "contact.b"), func(b []byte) []byte { return b[:len(b)-1] })
	left["a copy is written"] = dir

	entries, err := j.collect(t.Context(), j.contacts, "contact.b")
	if err == nil {
		err = errors.Join(j.copyTo(t.Context(), j.past.stream, "archive.b", entries, 12), j.forgetCopy(t.Context(), "b"))
	}
	if err != nil {
		t.Fatal(err)
	}
	left["a contact is archived"] = killed(t, j)

	for when, dir := range left {
		if log := logged(t, dir, func(j *Journal) {
			if got, want := steps(j.Live(t.Context())), "11:a/4 12:b/4"; got != want {
				t.Errorf("killed while %s: live are %s, want %s", when, got, want)
			}
		}); log != "" {
			t.Errorf("killed while %s, it logs: %s", when, log)
		}
	}
}

// An archived contact stays where it is when the note is lost that its first
// entry was taken out of CONTACTS.
func TestTheArchivedDoNotComeBack(t *testing.T) {
	dir := t.TempDir()
	town(t, dir)
	b := theBlock(t, dir, "CONTACTS")
	change(t, b.file, func(data []byte) []byte {
		for p := range formatOf("CONTACTS", b.number).pieces(data) {
			if p.removes && p.seq == 5 {
				data[p.from+6] ^= 1
				return data
			}
		}
		t.Fatal("entry 5 was not removed")
		return nil
	})
	isRepaired(t, dir, "unreadable (1)")
}

// Copies that are lost are made again, and nobody need know.
func TestCopiesAreRenewed(t *testing.T) {
	for name, lose := range map[string]func(file string) error{
		"emptied":   func(file string) error { return os.Truncate(file, 0) },
		"shortened": func(file string) error { return os.Truncate(file, 100) },
		"removed":   os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			town(t, dir)
			before := copied(t, dir)
			files, err := filepath.Glob(filepath.Join(dir, copiesDir, "*"))
			if err != nil || len(files) != 5 {
				t.Fatalf("there are the copies %v (%v)", files, err)
			}
			for _, file := range files {
				if err := lose(file); err != nil {
					t.Fatal(err)
				}
			}
			if log := logged(t, dir, func(*Journal) {}); log != "" {
				t.Errorf("it logs: %s", log)
			}
			if got := copied(t, dir); got != before {
				t.Errorf("there are the copies %s, want %s", got, before)
			}
		})
	}
}

// copied is the copies in a directory.
func copied(t *testing.T, dir string) string {
	t.Helper()
	all, err := (&copies{dir: dir}).all()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for subject, c := range all {
		got[subject] = c.seq
	}
	return fmt.Sprint(got)
}

// TestRepairManyBlocks: a contact in each of several blocks, one of which is
// damaged. The others keep what they have.
func TestRepairManyBlocks(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(t.Context(), Options{Dir: dir, Owner: "one", SyncInterval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	awaitArchive(t, j)
	withSmallBlocks(t, j)
	var want []string
	for contact := range 12 {
		id, last := fmt.Sprintf("c%02d", contact), uint64(0)
		for step := uint64(1); step <= 3; step++ {
			e := entry(id, step)
			e.Trace = []string{noise(3_000)}
			last = mustAppend(t, j, e, last)
		}
		want = append(want, fmt.Sprintf("%d:%s/3", last, id))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	all, err := blocks(dir, "CONTACTS")
	if err != nil || len(all) < 4 {
		t.Fatalf("there are the blocks %v (%v)", all, err)
	}
	for i, damage := range []func(file string) error{
		os.Remove,
		func(file string) error { return os.Truncate(file, 0) },
		func(file string) error { change(t, file, flip(8_000)); return nil },
		func(file string) error { return os.Truncate(file, 8_000) },
	} {
		t.Run(all[i].String(), func(t *testing.T) {
			dir := killedAt(t, dir)
			if err := damage(filepath.Join(streamDir(dir, "CONTACTS"), "msgs", filepath.Base(all[i].file))); err != nil {
				t.Fatal(err)
			}
			j := open(t, dir)
			if got, want := steps(j.Live(t.Context())), strings.Join(want, " "); got != want {
				t.Errorf("live: %s, want %s", got, want)
			}
			if lost := unnamed(t, j, 12); lost != "" {
				t.Errorf("it is not told that these are lost: %s\n%s", lost, strings.Join(j.Damage(), "\n"))
			}
		})
	}
}

// unnamed are the steps up to the third of so many contacts which the journal
// has not, without saying so.
func unnamed(t *testing.T, j *Journal, contacts int) string {
	t.Helper()
	var all []string
	told := strings.Join(j.Damage(), "\n")
	for contact := range contacts {
		id := fmt.Sprintf("c%02d", contact)
		got := history(t, j, id)
		for step := 1; step < 3; step++ {
			which := []string{fmt.Sprintf("step %d of contact %s is lost", step, id), fmt.Sprintf("steps 1 to 2 of contact %s are lost", id)}
			if !strings.Contains(got, fmt.Sprintf("%s/%d", id, step)) && !strings.Contains(told, which[0]) && !strings.Contains(told, which[1]) {
				all = append(all, fmt.Sprintf("%s/%d", id, step))
			}
		}
	}
	return strings.Join(all, " ")
}

// A block is put aside without taking room, and only when what replaces it is there.
func TestPuttingAsideTakesNoRoom(t *testing.T) {
	dir := t.TempDir()
	town(t, dir)
	b := theBlock(t, dir, "CONTACTS")
	change(t, b.file, flip(100))
	before, err := os.Stat(b.file)
	if err != nil {
		t.Fatal(err)
	}
	inTheWay := b.file + newFile
	if err := os.Mkdir(inTheWay, 0o700); err != nil {
		t.Fatal(err)
	}
	c := &copies{dir: dir, log: slog.New(slog.DiscardHandler)}
	kept := func() []string {
		files, err := filepath.Glob(filepath.Join(dir, damagedDir, "*", "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	if _, err := repair(t.Context(), c); err == nil || len(kept()) > 0 {
		t.Errorf("nothing was replaced (%v), and %v was kept", err, kept())
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	if _, err := repair(t.Context(), c); err != nil || len(kept()) != 1 {
		t.Fatalf("kept are %v, %v", kept(), err)
	}
	if after, err := os.Stat(kept()[0]); err != nil || !os.SameFile(before, after) {
		t.Errorf("the block was copied (%v)", err)
	}
}
