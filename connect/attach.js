// The entry for pages on Amazon Connect Streams. It imports no other package, so a page
// without a bundler loads it as it is.

import { isTransferError, TransferError } from "./errors.js";
import { streamsDesk } from "./desk-streams.js";
import { Transfer } from "./transfer.js";
import { Transfers } from "./transfers.js";
import { workerPort } from "./worker-port.js";

export { isTransferError, Transfer, TransferError, Transfers };

export const Holdfast = { attach };

// attach adds transfers to a page. attach.d.ts describes its options.
export async function attach({ streams, sdk, desk, provider }, options) {
  if (sdk) throw new TypeError('import { Holdfast } from "holdfast-transfer/sdk" to attach to the Amazon Connect SDK');
  if (!desk && typeof streams?.Contact !== "function") throw new TypeError("attach({ streams }) needs the object connect of Amazon Connect Streams");
  if (!desk && !streams.core?.getEventBus?.()) throw new TypeError("call connect.core.initCCP before attach({ streams })");
  return attachDesk(desk ?? streamsDesk(streams), provider, options);
}

// attachDesk uses the browser's worker, storage, locks and channel.
export async function attachDesk(desk, provider, { workerURL = besideThisFile() } = {}) {
  return new Transfers({
    desk,
    port: workerPort(workerURL),
    provider: () => provider ?? desk.provider?.(),
    storage: storageOf(globalThis),
    locks: globalThis.navigator?.locks,
    openChannel: (name) => (typeof BroadcastChannel === "function" ? new BroadcastChannel(name) : undefined),
  });
}

// besideThisFile: a bundle that is a classic script has no address of its own.
function besideThisFile() {
  if (!import.meta.url) throw new TypeError("attach needs the option workerURL: the address of worker.js");
  return new URL("./dist/worker.js", import.meta.url);
}

// storageOf returns the storage of this tab. A browser that denies it throws when it is read.
function storageOf(page) {
  try {
    return page.sessionStorage;
  } catch {
    return undefined;
  }
}
