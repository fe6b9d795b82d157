// This file derives a page's view from the state of the desk.

const find = (snapshot, party, ...states) =>
  snapshot.connections.find((one) => one.party === party && (states.length === 0 || states.includes(one.state)));

// isWithAgent: the agent and the customer are both in this call.
export const isWithAgent = (snapshot) =>
  Boolean(snapshot && !snapshot.ended && find(snapshot, "agent", "connected", "hold") && find(snapshot, "customer", "connected", "hold"));

// canLeave: dropping a connection does not leave the customer alone, as dropping the
// agent's may. Of a blind transfer the target need not have answered.
export function canLeave(snapshot, id, kind) {
  if (!snapshot || snapshot.ended || find(snapshot, "agent")?.id !== id) return true;
  if (kind === "blind") return Boolean(find(snapshot, "target", "connecting", "connected", "hold"));
  return Boolean(find(snapshot, "target", "connected") && find(snapshot, "customer", "connected"));
}

// customerOf returns where the customer is, as far as it can be seen.
export function customerOf(snapshot, transfer) {
  if (!snapshot || snapshot.ended || !find(snapshot, "agent", "connected", "hold")) return customerAfter(transfer);
  const customer = find(snapshot, "customer", "connected", "hold", "connecting");
  if (!customer) return "left";
  if (customer.state === "hold") return "held";
  if (customer.state === "connecting") return "unknown";
  return find(snapshot, "target", "connected") ? "joined" : "talking";
}

// customerAfter: the agent has left, so the page sees nothing more of the customer.
function customerAfter(transfer) {
  switch (transfer?.outcome) {
    case "completed":
      return "with-target";
    case "abandoned":
      return "left";
    default:
      return "unknown";
  }
}

// milliseconds returns how long a target may ring, 0 if that is left to the engine.
export function milliseconds(ringFor = 0) {
  if (typeof ringFor === "number") return ringFor;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(ringFor) ?? [];
  if (!unit) throw new TypeError(`ringFor is ${ringFor}: want milliseconds, or a text such as "20s"`);
  return Number(amount) * { ms: 1, s: 1000, m: 60_000 }[unit];
}

// serverTime returns it as the server reads it.
export const serverTime = (ringFor) => (typeof ringFor === "number" ? `${ringFor / 1000}s` : ringFor);
