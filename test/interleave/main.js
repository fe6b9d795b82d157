import { plain } from "./plain.js";
import { play } from "./play.js";

const [from, count] = process.env.SEED ? [Number(process.env.SEED), 1] : [Number(process.env.FROM ?? 1), Number(process.argv[3] ?? 1000)];
const what = process.argv[2] ?? "plain";
const driver = what === "plain" ? plain() : (await import("./engine.js")).engine();
const tally = {}, kinds = {};
let bad = 0;
const began = Date.now();
for (let seed = from; seed < from + count; seed++) {
  const run = await play(seed, driver, { reload: what === "reload" });
  const key = `${run.outcome?.outcome ?? "-"} ${run.outcome?.reason ?? ""}: customer ${run.where}`;
  tally[key] = (tally[key] ?? 0) + 1;
  for (const w of run.wrong) { const k = w.replace(/\d+/g, "N").slice(0, 70); (kinds[k] ??= []).push(seed); }
  if (run.wrong.length) bad++;
  if (process.env.SEED) console.log(JSON.stringify(run.script), "\n" + run.world.log.join("\n"), "\n", run.where, run.wrong);
}
console.log(Date.now() - began, "ms", bad, "bad");
console.log(tally);
for (const [k, s] of Object.entries(kinds)) console.log(s.length, k, s.slice(0, 8).join(" "));
process.exit(0);
