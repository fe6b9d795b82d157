import { Clock } from "./clock.js";
import { Page } from "./page.js";
import { number, ringFor, scriptOf } from "./script.js";
import { World } from "./world.js";

const started = 1_000_000; // the clock's first moment
const settlesWithin = ringFor + 90_000;
const patience = 8_000; // until a page must have noticed something
const quiet = 40_000; // after the outcome, until nothing happens any more

// play plays the script of a seed with a driver: driver(page) returns
// { transfer(endpoint, options), a promise of an outcome, adopted }. It returns what came of
// it and what was wrong.
export async function play(seed, driver, { reload = false } = {}) {
  const clock = new Clock(), script = scriptOf(seed);
  let page = null;
  const world = new World(clock, script, seed, (snapshot) => page?.deliver(snapshot));
  page = new Page(clock, world);
  page.deliver(world.snapshot());
  const storage = new Map();
  const run = { seed, script, world, wrong: [], outcome: null, settledAt: 0, reloaded: false, kept: storage };
  const abort = new AbortController();
    const settle = (outcome) => {
    if (run.outcome) run.wrong.push("settled twice");
    [run.outcome, run.settledAt] = [outcome, clock.now];
    run.blind = page.isBlind();
    run.leftBehind = page.targets().length > 0 && page.shown.state === "connected";
    world.note("outcome:", JSON.stringify(outcome));
  };
  let desk = driver(page, storage);
  const endpoint = { type: "phone_number", phoneNumber: number, name: "cardiology" };
  const { contactId } = world;
  const options = { contactId, ringFor, onFailure: script.resume ? "resume" : "hold", signal: abort.signal };
  const first = desk.transfer(page.connect, endpoint, options);
  const inFirst = (outcome) => run.reloaded || settle(outcome);
  first.then(inFirst, (error) => inFirst({ outcome: "refused", text: error.message, code: error.code }));
  if (script.aborts) clock.after(script.aborts, () => run.reloaded || (world.note("page: abort"), (run.aborted = clock.now), abort.abort()));
  if (script.doubleClick) clock.after(script.doubleClick.after, () => run.reloaded || run.aborted || run.outcome || clickAgain());
  const clickAgain = () => {
    const other = script.doubleClick.to === "other", clicked = clock.now;
    const second = desk.transfer(page.connect, other ? { ...endpoint, phoneNumber: "+49301111111" } : endpoint, options);
    second.then(
      (outcome) => {
        // The first transfer may have failed just when the second was asked for.
        if (run.settledAt && run.settledAt < clicked + 50) run.again = true;
        else if (other || outcome.outcome !== run.outcome?.outcome) run.wrong.push("a second click: another transfer");
      },
      (error) => error.name === "TransferError" || run.wrong.push(`a second click: ${error.stack}`),
    );
  };
  if (reload) {
    clock.after(script.reloads, () => {
      if (run.outcome) return;
      world.note("page: reload");
      run.reloaded = true;
      desk.die();
      run.wrong.push(...page.over());
      page = new Page(clock, world, page);
      const adopting = page;
      clock.after(400, () => adopting.deliver(world.snapshot()));
      desk = driver(page, storage);
      desk.adopt(contactId).then(settle);
    });
  }
  await clock.run(started + settlesWithin, () => run.outcome);
  if (!run.outcome) run.wrong.push("no outcome in time");
  await clock.run(clock.now + quiet, () => false);
  run.shown = desk.shown?.() ?? run.outcome?.customer;
  desk.die?.();
  run.wrong.push(...page.over());
  run.where = world.where();
  run.page = page;
  run.wrong.push(...judge(run), ...judgeCourse(run));
  return run;
}

// judge compares the outcome with what is true in the end.
function judge({ world, script, outcome, settledAt, where, page, aborted, blind, shown, again }) {
  const wrong = [];
  const byFate = world.agentHungUp || world.removed; // no page can do anything then
  const controls = world.state === "connected" && !world.removed;
  if (where === "alone" && !byFate && !page.droppedAgent) wrong.push("the customer is alone");
  if (!outcome || outcome.outcome === "refused") return outcome && !byFate && !aborted && where !== "left" ? [...wrong, `refused: ${outcome.text}`] : wrong;
  if (controls && outcome.outcome !== "completed" && world.targets().length > 0) wrong.push("a leg of the target is left");
  if (page.adds > (again ? 2 : 1)) wrong.push("dialled twice");
  const late = world.lateCommand >= settledAt;
  const changed = byFate || late || blind || where === "left";
  switch (outcome.outcome) {
    case "completed":
      if (world.joined.length === 0) wrong.push("completed, but customer and target never heard each other");
      if (!outcome.reason && !outcome.text?.includes("left") && (where === "held" || where === "talking")) wrong.push(`completed, but the customer is ${where}`);
      break;
    case "abandoned":
      if (where !== "left" && !(world.agentHungUp && script.endedShows === "disconnected")) wrong.push(`abandoned, but the customer is ${where}`);
      break;
    case "cancelled":
      if (!aborted) wrong.push("cancelled by itself");
    // fallthrough: the customer is where a failed transfer leaves them
    case "failed":
      if (shown === "unknown" && (!outcome.stage || where !== "left") && !byFate && !page.droppedAgent) wrong.push("where the customer is could have been known");
      if (shown !== "unknown" && shown !== where && !changed) wrong.push(`the customer is ${where}, not ${shown}`);
      if (script.resume && where === "held" && !late && !blind) wrong.push("the customer is still on hold");
      break;
    case "none": // the reloaded page knows of no transfer
      if (page.adds > 0 && where === "held" && !late) wrong.push("forgotten on reload");
      break;
    default:
      wrong.push(`unknown outcome ${outcome.outcome}`);
  }
  return wrong;
}

// judgeCourse looks at how the outcome came about.
function judgeCourse({ world, script, outcome, settledAt, aborted, blind, leftBehind, reloaded }) {
  const wrong = [];
  if (!outcome || outcome.outcome === "refused") return wrong;
  const completed = outcome.outcome === "completed", calm = script.hostile === 0 && !reloaded;
  const undisturbed = calm && !script.customerLeaves && !script.agentLeaves && !script.aborts;
  if (leftBehind && !completed && !blind && !outcome.stage) wrong.push("a leg was left when it was over");
  if (undisturbed && script.target === "answers" && !completed) wrong.push("failed for no reason");
  // The engine does not cancel a transfer whose target has answered.
  if (aborted && completed && !outcome.stage && world.joined[0]?.[0] > aborted + patience) wrong.push("went on after the abort");
  if (calm && outcome.reason === "no-answer" && settledAt > started + ringFor + patience) wrong.push("rang for too long");
  if (calm && world.customerLeft && world.customerLeft < settledAt - patience && outcome.outcome === "failed") {
    wrong.push("went on without the customer");
  }
  return wrong;
}
