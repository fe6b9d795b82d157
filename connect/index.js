import { ConnectClient } from "@amazon-connect/core";

import { isTransferError, request, TransferError } from "./errors.js";
import { States } from "./states.js";
import { Transfer } from "./transfer.js";

export { isTransferError, Transfer, TransferError };

export const transferNamespace = "holdfast.transfer";

// A TransferClient asks the Holdfast server behind the agent's page for whole
// transfers. index.d.ts describes its members.
export class TransferClient extends ConnectClient {
  constructor(config) {
    super(transferNamespace, config);
  }

  cold(contactId, to, options) {
    return this.#start("cold", contactId, to, options);
  }

  warm(contactId, to, options) {
    return this.#start("warm", contactId, to, options);
  }

  blind(contactId, to, options) {
    return this.#start("blind", contactId, to, options);
  }

  async get(contactId) {
    try {
      return new Transfer(this.context.proxy, await request(this.context.proxy, "get", { contactId }));
    } catch (error) {
      if (isTransferError(error) && error.code === "no-such-transfer") return undefined;
      throw error;
    }
  }

  watch(contactId, { signal } = {}) {
    return new States(this.context.proxy, contactId, { signal, accepts: (state, last) => !last || numberOf(state) >= numberOf(last) });
  }

  async #start(kind, contactId, to, { cancelSignal, ...options } = {}) {
    cancelSignal?.throwIfAborted();
    const proxy = this.context.proxy;
    const transfer = new Transfer(proxy, await request(proxy, "start", { ...options, contactId, kind, to }));
    if (cancelSignal) cancelOn(cancelSignal, transfer);
    return transfer;
  }
}

// numberOf tells which of a contact's transfers is later: their ids are t1, t2 and so
// on.
const numberOf = (state) => Number(state.id.slice(1));

// cancelOn cancels a transfer when a signal is aborted. The server may refuse that, for
// example because the target has just answered: the outcome then shows what happened.
function cancelOn(signal, transfer) {
  const cancel = () => void transfer.cancel().catch(() => {});
  if (signal.aborted) return cancel();
  const ended = new AbortController();
  signal.addEventListener("abort", cancel, { once: true, signal: ended.signal });
  void transfer.outcome().then(() => ended.abort());
}
