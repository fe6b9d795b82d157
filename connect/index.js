import { ConnectClient } from "@amazon-connect/core";

import { Client } from "./client.js";
import { isTransferError, TransferError } from "./errors.js";
import { Transfer } from "./transfer.js";

export { isTransferError, Transfer, TransferError };

export const transferNamespace = "holdfast.transfer";

// A TransferClient asks the Holdfast server behind the agent's page for whole
// transfers. index.d.ts describes its members.
export class TransferClient extends ConnectClient {
  constructor(config) {
    super(transferNamespace, config);
  }

  get #client() {
    return new Client(this.context.proxy);
  }

  cold(contactId, to, options) {
    return this.#client.start("cold", contactId, to, options);
  }

  warm(contactId, to, options) {
    return this.#client.start("warm", contactId, to, options);
  }

  blind(contactId, to, options) {
    return this.#client.start("blind", contactId, to, options);
  }

  get(contactId) {
    return this.#client.get(contactId);
  }

  watch(contactId, options) {
    return this.#client.watch(contactId, options);
  }
}
