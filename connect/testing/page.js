import { Transfers } from "../transfers.js";
import { Clock, Desk, Locks, Port, settled, Storage } from "./fakes.js";

// page opens a page; ready pages have an engine that may act.
export async function page({ ready = true, ...parts } = {}) {
  const made = { desk: new Desk(), port: new Port(), clock: new Clock(), storage: new Storage(), locks: new Locks(), ...parts };
  const transfers = new Transfers(made);
  await settled();
  if (ready) {
    made.port.say({ type: "ready" });
    await settled();
  }
  return { transfers, ...made };
}

// begun has asked for a transfer that the engine has begun.
export async function begun(options, parts) {
  const opened = await page(parts);
  const asked = opened.transfers.cold("+4930123", options);
  await settled();
  opened.port.state();
  return { ...opened, transfer: await asked };
}

export const refusal = (code) => ({ name: "TransferError", code });
