import { request } from "./errors.js";
import { States } from "./states.js";

// A Transfer is a handle to one transfer of an engine. index.d.ts describes its members.
export class Transfer {
  #proxy;
  #state;

  constructor(proxy, state) {
    this.#proxy = proxy;
    this.#state = state;
  }

  get id() {
    return this.#state.transferId;
  }

  get contactId() {
    return this.#state.contactId;
  }

  get state() {
    return this.#state;
  }

  progress({ signal } = {}) {
    return new States(this.#proxy, this.contactId, {
      signal,
      first: this.#state,
      accepts: (state) => state.transferId === this.id,
      seen: (state) => (this.#state = state),
      isLast: (state) => state.stage === "ended",
    });
  }

  [Symbol.asyncIterator]() {
    return this.progress();
  }

  async outcome({ signal } = {}) {
    for await (const state of this.progress({ signal })) {
      if (state.stage === "ended") return state;
    }
  }

  async cancel() {
    await request(this.#proxy, "cancel", { transferId: this.id });
  }

  async complete() {
    await request(this.#proxy, "complete", { transferId: this.id });
  }

  async confirm() {
    await request(this.#proxy, "confirm", { transferId: this.id });
  }
}
