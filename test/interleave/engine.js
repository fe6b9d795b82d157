import { readFileSync } from "node:fs";

import { streamsDesk } from "../../connect/desk-streams.js";
import { Transfers } from "../../connect/transfers.js";
import "../../connect/dist/wasm_exec.js";

// One engine plays all seeds: each has a contact of its own. A worker that dies with its
// page is an engine that is asked to forget the contact.
let listener = () => {};
await new Promise((resolve) => {
  globalThis.holdfastPage = { post: (message) => (message.type === "ready" ? resolve() : listener(message)) };
  const go = new globalThis.Go();
  const wasm = readFileSync(new URL("../../connect/dist/holdfast.wasm", import.meta.url));
  WebAssembly.instantiate(wasm, go.importObject).then(({ instance }) => go.run(instance));
});

// portOn returns a port to the engine as a worker would be: messages take a while.
function portOn({ setTimeout }) {
  const contacts = new Set();
  let open = true;
  return {
    post(message) {
      contacts.add(message.contactId);
      setTimeout(() => open && globalThis.holdfastEngine.take(structuredClone(message)), 1);
    },
    listen(take) {
      listener = (message) => setTimeout(() => open && take(structuredClone(message)), 1);
      setTimeout(() => take({ type: "ready" }), 50);
    },
    close() {
      open = false;
      for (const contactId of contacts) globalThis.holdfastEngine.take({ type: "forget", contactId });
    },
  };
}

// storageOn returns what sessionStorage would be.
const storageOn = (kept) => ({
  get length() {
    return kept.size;
  },
  key: (n) => [...kept.keys()][n] ?? null,
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => void kept.set(key, value),
  removeItem: (key) => void kept.delete(key),
});

// engine returns a driver that runs the transfers of the package with its engine. Its
// options are faults of the page. forgetful: nothing is kept for a reload. timeless: no
// time passes for the engine. twice: each command is carried out twice.
export function engine({ forgetful = false, timeless = false, twice = false } = {}) {
  return (page, kept) => {
    const { Date, setTimeout, clearTimeout } = page.globals;
    const port = portOn(page.globals);
    const desk = streamsDesk(page.connect);
    if (twice) desk.hold = (...all) => (Object.getPrototypeOf(desk).hold.apply(desk, all), Object.getPrototypeOf(desk).hold.apply(desk, all));
    const transfers = new Transfers({
      desk,
      port,
      clock: { now: Date.now, setTimeout: timeless ? () => 0 : setTimeout, clearTimeout },
      storage: storageOn(forgetful ? new Map() : kept),
    });
    const outcomeOf = async (transfer) => {
      const state = await transfer.outcome();
      const { customer, stuck } = transfers.state;
      return { ...state, customer, stuck };
    };
    return {
      async transfer(_, endpoint, options) {
        await transfers.ready;
        return outcomeOf(await transfers.cold(endpoint, options));
      },
      async adopt(contactId) {
        await transfers.ready;
        for (let n = 0; n < 10; n++) {
          const transfer = await transfers.get(contactId);
          if (transfer) return outcomeOf(transfer);
          await new Promise((resolve) => setTimeout(resolve, 300));
        }
        return { outcome: "none" };
      },
      shown: () => transfers.state.customer,
      die: () => port.close(),
    };
  };
}
