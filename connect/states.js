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
  #aborted = false;
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
    if (signal?.aborted && !this.#over) this.#abort();
    if (this.#aborted) return Promise.reject(signal.reason);
    if (!this.#begun) this.#begin(first);
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
    this.#options.signal?.addEventListener("abort", this.#abort, { once: true });
    this.#proxy.subscribe(this.#topic, this.#published);
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

  #abort = () => {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#queue = [];
    this.#aborted = true;
    this.#end();
    for (const { reject } of waiting) reject(this.#options.signal.reason);
  };

  #end() {
    if (this.#over) return;
    this.#over = true;
    this.#options.signal?.removeEventListener("abort", this.#abort);
    if (this.#follows) this.#proxy.unsubscribe(this.#topic, this.#published);
    for (const { resolve } of this.#waiting) resolve({ done: true, value: undefined });
    this.#waiting = [];
  }
}

const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);
