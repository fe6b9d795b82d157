// States iterates over the states of transfers that the server publishes for a contact.
// It follows them from the first next() until return() or the last state. After each
// interruption the server publishes all of them again, so states that have been
// delivered are left out.
export class States {
  #proxy;
  #topic;
  #options;
  #queue = [];
  #waiting = []; // { resolve, reject } of next() calls
  #last = null;
  #begun = false;
  #follows = false;
  #signals = []; // that end the wait: the caller's, and that of an engine that stops
  #abortedBy;
  #over = false;

  // options may have: signal; first, a state to begin with; accepts(state, last);
  // seen(state); isLast(state).
  constructor(proxy, contactId, options) {
    this.#proxy = proxy;
    this.#topic = { key: "changed", parameter: contactId };
    this.#options = options;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    const { signal, first } = this.#options;
    if (signal?.aborted) this.#abort(signal);
    if (!this.#begun && !this.#over) this.#begin(first);
    if (this.#abortedBy) return Promise.reject(this.#abortedBy.reason);
    if (this.#queue.length > 0) return Promise.resolve({ done: false, value: this.#queue.shift() });
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  return() {
    this.#queue = [];
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  #begin(first) {
    this.#begun = true;
    if (first) this.#receive(first);
    if (this.#over) return;
    this.#follows = true;
    const { stopped } = this.#proxy;
    this.#signals = [this.#options.signal, stopped].filter(Boolean);
    for (const signal of this.#signals) signal.addEventListener("abort", this.#aborted, { once: true });
    this.#proxy.subscribe(this.#topic, this.#published);
    if (stopped?.aborted) this.#abort(stopped);
  }

  #published = async (state) => this.#receive(state);

  #receive(state) {
    const { accepts, seen, isLast } = this.#options;
    if (this.#over || (accepts && !accepts(state, this.#last)) || isSame(state, this.#last)) return;
    this.#last = state;
    seen?.(state);
    const waits = this.#waiting.shift();
    if (waits) waits.resolve({ done: false, value: state });
    else this.#queue.push(state);
    if (isLast?.(state)) this.#end();
  }

  #aborted = ({ target }) => this.#abort(target);

  #abort(signal) {
    if (this.#over) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#queue = [];
    this.#abortedBy = signal;
    this.#end();
    for (const { reject } of waiting) reject(signal.reason);
  }

  #end() {
    if (this.#over) return;
    this.#over = true;
    for (const signal of this.#signals) signal.removeEventListener("abort", this.#aborted);
    if (this.#follows) this.#proxy.unsubscribe(this.#topic, this.#published);
    for (const { resolve } of this.#waiting) resolve({ done: true, value: undefined });
    this.#waiting = [];
  }
}

const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);
