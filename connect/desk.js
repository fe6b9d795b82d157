// The two desks share this file: the words of Amazon Connect as the engine knows
// them.

// partyOf: the customer's connection is the initial one, whichever type it has. On an
// outbound call that is "outbound".
export const partyOf = (type, isInitial) => (isInitial ? "customer" : type === "agent" ? "agent" : "target");

// stateOf returns a state that the engine knows. A word that is new to us decides
// nothing: it counts as connecting, which ends by the time-out.
export function stateOf(word) {
  switch (word) {
    case "connected":
    case "barge":
    case "silent_monitor":
      return "connected";
    case "hold":
      return "hold";
    case "disconnected":
    case "rejected":
      return "disconnected";
    default:
      return "connecting";
  }
}

// targetOf returns an endpoint in the engine's words. Amazon Connect shows agents and
// queues that were dialled as a number INTERNAL-TRANSFER.
export function targetOf(endpoint, quickConnectName) {
  const { type, phoneNumber, endpointARN, endpointId, name } = endpoint ?? {};
  const shown = quickConnectName || name || "";
  if (type === "agent" || type === "queue") return { kind: type, address: endpointARN || endpointId || name || "", name: shown };
  const address = phoneNumber || "";
  return { kind: isAddress(address) ? "uri" : "number", address, name: shown };
}

const isAddress = (text) => /^sips?:/i.test(text);

// looksDialled: this text is a number or an address rather than a name.
export const looksDialled = (text) => isAddress(text) || /^\+?[\d\s().-]{3,}$/.test(text);

// endpointOf returns an endpoint as the libraries take it.
export function endpointOf(to) {
  if (typeof to !== "string") return to;
  const phoneNumber = isAddress(to) ? to : to.replace(/[\s().-]/g, "");
  return { type: "phone_number", phoneNumber, name: null, endpointARN: null };
}

// settles makes a promise of a call that may throw, answer late, twice, or never.
export const settles = (call) =>
  new Promise((resolve, reject) => {
    try {
      call(resolve, reject);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(textOf(error)));
    }
  });

// textOf returns the sentence of a refusal, which is an object, a text, JSON in a text,
// or missing.
export function textOf(error, data) {
  for (const one of [error, data]) {
    const text = sentenceOf(one);
    if (text) return text;
  }
  return "no reason was given";
}

function sentenceOf(one) {
  if (typeof one !== "string") return one?.message || one?.reason || one?.errorKey || one?.type || "";
  try {
    const read = JSON.parse(one);
    return (typeof read === "object" && sentenceOf(read)) || one;
  } catch {
    return one;
  }
}
