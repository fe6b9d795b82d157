import { isTransferError, request } from "./errors.js";
import { States } from "./states.js";
import { Transfer } from "./transfer.js";

// A Client asks for whole transfers by a proxy: the server's by the SDK, or the engine in
// the page. index.d.ts describes its members, as those of TransferClient.
export class Client {
  #proxy;

  constructor(proxy) {
    this.#proxy = proxy;
  }

  async start(kind, contactId, to, { cancelSignal, ...options } = {}) {
    cancelSignal?.throwIfAborted();
    const transfer = new Transfer(this.#proxy, await request(this.#proxy, "start", { ...options, contactId, kind, to }));
    if (cancelSignal) cancelOn(cancelSignal, transfer);
    return transfer;
  }

  async get(contactId) {
    try {
      return new Transfer(this.#proxy, await request(this.#proxy, "get", { contactId }));
    } catch (error) {
      if (isTransferError(error) && error.code === "no-such-transfer") return undefined;
      throw error;
    }
  }

  watch(contactId, { signal } = {}) {
    return new States(this.#proxy, contactId, { signal, accepts: (state, last) => !last || numberOf(state) >= numberOf(last) });
  }
}

// numberOf returns the number of a contact's transfer: their ids are t1, t2 and so on.
const numberOf = (state) => Number(state.id.slice(1));

// cancelOn cancels a transfer when a signal is aborted. The engine may refuse that, for
// example because the target has just answered: the outcome then shows what happened.
function cancelOn(signal, transfer) {
  const cancel = () => void transfer.cancel().catch(() => {});
  if (signal.aborted) return cancel();
  const ended = new AbortController();
  signal.addEventListener("abort", cancel, { once: true, signal: ended.signal });
  void transfer.outcome().catch(() => {}).then(() => ended.abort());
}
