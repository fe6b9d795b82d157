import { readFileSync } from "node:fs";

const file = new URL("../../connect/cold-transfer.js", import.meta.url);

// plain returns a driver that runs cold-transfer.js, with pieces of its text replaced. Each
// piece must be there, once.
export function plain(...replaced) {
  let text = readFileSync(file, "utf8");
  for (const [piece, by] of replaced) {
    if (text.split(piece).length !== 2) throw new Error(`cold-transfer.js has not exactly one ${JSON.stringify(piece)}`);
    text = text.replace(piece, () => by);
  }
  const load = new Function("setTimeout", "setInterval", "clearTimeout", "clearInterval", "Date", "globalThis", "module", text);
  return (page) => {
    const { setTimeout, setInterval, clearTimeout, clearInterval, Date } = page.globals;
    const globals = {};
    load(setTimeout, setInterval, clearTimeout, clearInterval, Date, globals, undefined);
    return { transfer: globals.coldTransfer };
  };
}
