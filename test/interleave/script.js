import { Random } from "./clock.js";

export const number = "+493012345", ringFor = 20_000;

// scriptOf is what happens in the contact of a seed, whatever the page does: what the
// target, the customer and the agent do and when (in ms), and how hostile the service is.
export function scriptOf(seed) {
  const r = Random.of(seed, "script");
  const hostile = r.pick(0, 0.1, 0.3, 0.5); // how often the service does something wrong
  const target = r.pick("answers", "answers", "answers", "answers", "busy", "never", "late", "leaves", "gone-at-once");
  return {
    hostile,
    target,
    answersAfter: target === "late" ? r.between(ringFor - 1500, ringFor + 4000) : r.pick(0, 200, r.between(100, 15_000)),
    endsAfter: r.pick(50, r.between(50, 12_000)), // busy: after being dialled; leaves: after the answer
    staysDead: r.chance(0.5), // a leg that has ended is shown as disconnected for a while
    customerLeaves: r.chance(0.15) ? r.between(0, 30_000) : 0,
    agentLeaves: r.chance(0.06) ? r.between(0, 30_000) : 0,
    whenLeft: r.pick("ended", "open", "removed"), // the contact after its customer
    endedShows: r.pick("truth", "disconnected"), // the connections of an ended contact
    outbound: r.chance(0.3),
    heldBefore: r.chance(0.1),
    lingering: r.chance(0.2),
    aborts: r.chance(0.15) ? r.between(0, 30_000) : 0,
    doubleClick: r.chance(0.3) ? { to: r.pick("same", "same", "other"), after: r.between(0, 1500) } : null,
    resume: r.chance(0.5),
    noise: r.between(500, 20_000), // between updates that have nothing to do with the contact
    reloads: r.between(1, 30_000), // only in plays with a reload
  };
}
