// The faults that the plays must catch: a piece of text and what takes its place.

// faults of cold-transfer.js.
export const plainFaults = {
  "trusts answers": [
    ["await until(() => by, () => seen >= 0 && (shows() || (refusal && updates > seen)));",
      "await until(() => by, () => seen >= 0);"],
    ["together = joining && customer?.state === \"connected\" && leg?.state === \"connected\";",
      "together = joining && leg?.state === \"connected\";"],
  ],
  "two commands at once": [
    ["await until(() => by, () => seen >= 0 && (shows() || (refusal && updates > seen)));",
      "await until(() => now + 500, shows);"],
  ],
  "no deadline for the answer to a command": [["let by = now + LIMIT,", "let by = Infinity,"]],
  "no ring limit": [["const ringBy = now + ringFor;", "const ringBy = Infinity;"]],
  "drops the agent too early": [
    ["together = joining && customer?.state === \"connected\" && leg?.state === \"connected\";",
      "together = joining && leg?.state === \"connected\";"],
  ],
  "leaves the target ringing": [
    ["      await drop(() => true);\n      if (onFailure", "      if (onFailure"],
    ["isHeld());\n      await drop(() => true);", "isHeld());"],
  ],
  "takes a lingering dead leg for the target": [["old = view.legs.map((leg) => leg.id);", "old = [];"]],
  "forgets legs that appear late": [["care(!completed && old ? now + CARE : 0);", "care(0);"]],
  "no failure handler": [[", failure: answer(true)", ""]],
  "leaves the customer on hold": [["await insist(\"resume\", customer, () => !isHeld());", ";"]],
  "dials again on a double click": [
    ["if (other?.busy && other.key === key) return other.outcome;", ""],
    ["other?.busy || ", ""],
  ],
  "ignores the abort": [["if (signal?.aborted && !leaving)", "if (false)"]],
  "does not look whether the customer is there": [["if (left && !(view.out && leaving))", "if (false)"]],
};
