// node main.js plain|engine|reload|compare [COUNT]: plays that many seeds, from FROM (1).
// node main.js faults [plain|engine]: each planted fault must be caught.
// SEED=n node main.js plain|engine|reload: one seed, with all that happens.
import { plainFaults } from "./faults.js";
import { plain } from "./plain.js";
import { play } from "./play.js";

const [mode = "plain", argument] = process.argv.slice(2);
const seedsForFault = 3000;
const range = (from, count) => Array.from({ length: count }, (_, n) => from + n);
const seeds = process.env.SEED ? [Number(process.env.SEED)] : range(Number(process.env.FROM ?? 1), Number(argument ?? 1000));
const engineDriver = async (faults) => (await import("./engine.js")).engine(faults);

// tally counts outcomes and where the customer was in the end.
async function playAll(name, driver, options) {
  const began = Date.now(), tally = new Map(), wrong = [];
  for (const seed of seeds) {
    const run = await play(seed, driver, options);
    const key = `${run.outcome?.outcome} ${run.outcome?.reason ?? ""}, customer ${run.where}`;
    tally.set(key, (tally.get(key) ?? 0) + 1);
    if (run.wrong.length > 0) wrong.push(`seed ${seed}: ${run.wrong.join("; ")}`);
    if (process.env.SEED) console.log(JSON.stringify(run.script), run.world.log.join("\n"), JSON.stringify(run.outcome), sep(run));
  }
  console.log(`${name}: seeds ${seeds[0]} to ${seeds.at(-1)} in ${Date.now() - began} ms, ${wrong.length} wrong`);
  for (const [key, count] of [...tally].sort(([, a], [, b]) => b - a)) console.log(`  ${String(count).padStart(5)}  ${key}`);
  for (const line of wrong.slice(0, 20)) console.log(`${line} (SEED=${line.match(/\d+/)[0]} node main.js ${mode} repeats it)`);
  return wrong.length === 0;
}

const sep = (run) => `\ncustomer ${run.where}; wrong: ${run.wrong.join("; ") || "nothing"}`;

// isCaught plays until something is wrong.
async function isCaught(name, driver, options) {
  for (const seed of range(1, seedsForFault)) {
    const { wrong } = await play(seed, driver, options);
    if (wrong.length === 0) continue;
    console.log(`fault "${name}" caught with seed ${seed}: ${wrong[0].split("\n")[0]}`);
    return true;
  }
  console.log(`fault "${name}" NOT CAUGHT with ${seedsForFault} seeds`);
  return false;
}

async function faults() {
  const caught = [];
  if (argument !== "engine") {
    for (const [name, pieces] of Object.entries(plainFaults)) caught.push(await isCaught(name, plain(...pieces), {}));
  }
  if (argument !== "plain") {
    caught.push(await isCaught("the page forgets on reload", await engineDriver({ forgetful: true }), { reload: true }));
    caught.push(await isCaught("no time passes for the engine", await engineDriver({ timeless: true }), {}));
    caught.push(await isCaught("the page carries out commands twice", await engineDriver({ twice: true }), {}));
  }
  return !caught.includes(false);
}

const withAgent = ["held", "talking", "joined"];
const placeOf = ({ where }) => (withAgent.includes(where) ? "with the agent" : where);

// compare takes the engine as the oracle of cold-transfer.js: where nothing disturbs a
// transfer, the customer must be in the same place in the end. Other differences are
// counted: which of two things at nearly the same time came first depends on the page.
async function compare() {
  const [one, other] = [plain(), await engineDriver()];
  const differ = new Map();
  let same = 0, wrong = 0;
  for (const seed of seeds) {
    const [a, b] = [await play(seed, one), await play(seed, other)];
    if (placeOf(a) === placeOf(b)) {
      same++;
      continue;
    }
    const { hostile, customerLeaves, agentLeaves, aborts, target } = a.script;
    const disturbed = hostile || customerLeaves || agentLeaves || aborts || target === "late" || target === "leaves";
    if (!disturbed) wrong++;
    const key = `${disturbed ? "" : "UNDISTURBED "}plain ${placeOf(a)}, engine ${placeOf(b)}`;
    differ.set(key, [...(differ.get(key) ?? []), seed]);
  }
  console.log(`compare: seeds ${seeds[0]} to ${seeds.at(-1)}: ${same} end alike, ${seeds.length - same} differ`);
  for (const [key, of] of differ) console.log(`  ${String(of.length).padStart(5)}  ${key}: seeds ${of.slice(0, 8).join(" ")}`);
  return wrong === 0;
}

const modes = {
  plain: () => playAll("cold-transfer.js", plain(), {}),
  engine: async () => playAll("engine", await engineDriver(), {}),
  reload: async () => playAll("engine, page reloaded", await engineDriver(), { reload: true }),
  compare,
  faults,
};
process.exit((await modes[mode]()) ? 0 : 1);
