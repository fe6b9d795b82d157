// A Clock is virtual time. Its timers fire in order, and nothing waits in between.
export class Clock {
  #heap = [];
  #count = 0;
  #cancelled = new Set();
  now = 1_000_000;

  // at has an action done at a time, or now if that has passed. It returns an id.
  at(time, action, every = 0) {
    const timer = { time: Math.max(time, this.now), id: ++this.#count, action, every };
    this.#push(timer);
    return timer.id;
  }

  after(delay, action) {
    return this.at(this.now + (delay > 0 ? delay : 0), action);
  }

  // cancel is clearTimeout and clearInterval.
  cancel(id) {
    if (id !== undefined) this.#cancelled.add(id);
  }

  // globals are what a page has of a clock.
  globals() {
    const clock = this;
    return {
      setTimeout: (action, delay = 0, ...args) => this.after(delay, () => action(...args)),
      clearTimeout: (id) => this.cancel(id),
      setInterval: (action, every, ...args) => this.at(this.now + every, () => action(...args), every),
      clearInterval: (id) => this.cancel(id),
      Date: class extends Date {
        constructor(...args) {
          super(...(args.length ? args : [clock.now]));
        }
        static now() {
          return clock.now;
        }
      },
    };
  }

  // run has everything done until a time, or until a condition holds. Promises that an
  // action resolves are heard before the next action.
  async run(until, isOver) {
    for (let timer; (timer = this.#heap[0]) && timer.time <= until && !isOver(); ) {
      this.#pop();
      if (this.#cancelled.delete(timer.id)) continue;
      this.now = timer.time;
      timer.action();
      for (let tick = 0; tick < 40; tick++) await undefined;
      if (timer.every) this.#push({ ...timer, time: this.now + timer.every });
    }
  }

  #push(timer) {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    for (let up; at > 0 && before(timer, heap[(up = (at - 1) >> 1)]); at = up) heap[at] = heap[up];
    heap[at] = timer;
  }

  #pop() {
    const heap = this.#heap;
    const last = heap.pop();
    if (heap.length === 0) return;
    let at = 0;
    for (let down; (down = 2 * at + 1) < heap.length; at = down) {
      if (down + 1 < heap.length && before(heap[down + 1], heap[down])) down++;
      if (!before(heap[down], last)) break;
      heap[at] = heap[down];
    }
    heap[at] = last;
  }
}

const before = (a, b) => a.time < b.time || (a.time === b.time && a.id < b.id);

// A Random is a sequence that depends on its seed only. Random.of(seed, "hold", 2) is
// another sequence for each name.
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  static of(...names) {
    let hash = 2166136261;
    for (const letter of names.join("/")) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619);
    return new Random(hash);
  }

  // next is mulberry32: at least 0, less than 1.
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  }

  chance(probability) {
    return this.next() < probability;
  }

  between(low, high) {
    return Math.round(low + this.next() * (high - low));
  }

  pick(...values) {
    return values[Math.floor(this.next() * values.length)];
  }
}
