package routing

// A ranking finds the first of its values at once. It is a heap; the values are in it, and
// not behind pointers, because reading memory is most of its cost.
type ranking[T any] struct {
	items []ranked[T]
	less  func(a, b T) bool
}

// A ranked value is in one ranking.
type ranked[T any] struct {
	value T
	rank  *rank // of the value
}

// A rank is where in a ranking a value is: its index, plus 1; 0: it is not in it.
type rank int

const branches = 4

// first is the first value; nil: there is none.
func (r *ranking[T]) first() *T {
	if len(r.items) == 0 {
		return nil
	}
	return &r.items[0].value
}

// set adds a value, or replaces the one that has that rank.
func (r *ranking[T]) set(at *rank, value T) {
	if *at == 0 {
		r.items = append(r.items, ranked[T]{rank: at})
		*at = rank(len(r.items))
	}
	i := int(*at) - 1
	r.items[i].value = value
	r.settle(i)
}

// remove removes the value that has that rank, if there is one.
func (r *ranking[T]) remove(at *rank) {
	if *at == 0 {
		return
	}
	i, last := int(*at)-1, len(r.items)-1
	*at = 0
	if i < last {
		r.put(i, r.items[last])
	}
	r.items[last] = ranked[T]{}
	r.items = r.items[:last]
	if i < last {
		r.settle(i)
	}
}

// settle moves the value at i to where it belongs.
func (r *ranking[T]) settle(i int) {
	moved := r.items[i]
	for i > 0 && r.less(moved.value, r.items[(i-1)/branches].value) {
		parent := (i - 1) / branches
		r.put(i, r.items[parent])
		i = parent
	}
	for child := r.firstChild(i); child > 0 && r.less(r.items[child].value, moved.value); child = r.firstChild(i) {
		r.put(i, r.items[child])
		i = child
	}
	r.put(i, moved)
}

// firstChild is the child of i that comes first; 0: it has none.
func (r *ranking[T]) firstChild(i int) int {
	first := i*branches + 1
	if first >= len(r.items) {
		return 0
	}
	best := first
	for j := first + 1; j < min(first+branches, len(r.items)); j++ {
		if r.less(r.items[j].value, r.items[best].value) {
			best = j
		}
	}
	return best
}

func (r *ranking[T]) put(i int, x ranked[T]) {
	r.items[i] = x
	*x.rank = rank(i + 1)
}
