// The texts of the page.

export const kinds = {
  cold: "You stay until they have picked up. If they do not, the customer is with you again.",
  warm: "You talk to them first, and then let the customer in.",
  blind: "You leave while it rings. If they do not answer, the customer comes back.",
};

export const verbs = {
  accept: "Accept", reject: "Reject", hold: "Hold", resume: "Resume", mute: "Mute", unmute: "Unmute",
  transfer: "Transfer", digits: "Keypad", end: "Hang up", hangUp: "Hang up", cancel: "Cancel", leave: "Leave now",
  swap: "Swap", join: "Join all", complete: "Hand over", clear: "Done",
};

const states = {
  "available": "Available", "offline": "Offline", "reserved": "A call for you", "busy": "On a call",
  "after-call-work": "After-call work", "away": "Reconnecting", "not-ready": "Not ready",
};

// short returns an address without what only phones need: the number or the user.
export function short(address) {
  const uri = address.match(/^sips?:([^@;]+)/);
  return uri ? uri[1] : address;
}

// agentState returns an agent's state in words.
export function agentState(agent) {
  if (agent.state === "not-ready") return agent.name === "missed" ? "Missed a call" : agent.name;
  return states[agent.state] ?? agent.state;
}

export function statusName(status) {
  return status.state === "not-ready" ? status.name : states[status.state];
}

export const idle = {
  "available": "Waiting for calls",
  "offline": "You are offline. Choose Available to take calls.",
  "not-ready": "No calls until you are available again.",
  "missed": "Choose Available to take the next call.",
  "away": "Reconnecting…",
  "reserved": "", "busy": "", "after-call-work": "",
};

// phase returns a call's phase in words.
export function phase(c) {
  const held = c.customer.state === "held";
  switch (c.phase) {
    case "ringing":
      if (c.from) return `${c.from} hands a customer over`;
      return c.failure ? "A customer comes back" : c.outbound ? "Your call" : "Incoming call";
    case "dialling":
      return c.customer.state === "gone" ? "Calling" : c.customer.rings ? "Ringing" : "Calling";
    case "target":
      return `With ${c.from}`;
    case "reaching":
      return "Customer on hold";
    case "consulting":
      if (held) return "Customer on hold";
      return c.others.some((p) => p.state === "held") ? "With the customer" : "All together";
    case "joining":
      return "Handing over";
    case "finishing":
      return "The customer has left";
    case "away":
      return "Your audio is lost";
    case "ended":
      return "After-call work";
    case "missed":
      return "Missed";
    case "rejected":
      return "Rejected";
  }
  return held ? "On hold" : "Talking";
}

// swapsTo returns the title of the swap button.
export function swapsTo(c) {
  const other = c.others[0]?.name ?? "the other";
  return c.customer.state === "held" ? `Talk to the customer; ${other} goes on hold` : `Talk to ${other}; the customer goes on hold`;
}

export function partyState(p) {
  switch (p.state) {
    case "connecting":
      return p.rings ? "ringing" : "being called";
    case "screening":
      return "is asked to take the call";
    case "connected":
      return p.muted ? "muted" : "connected";
    case "held":
      return "on hold";
    case "away":
      return "line lost";
  }
  return "has left";
}

// Why there is no microphone and what to do, by the name of the browser's error.
export function microphoneTrouble(error) {
  switch (error?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "The browser does not let this page use the microphone. Allow it beside the page's address or in the browser's settings; the page around this one must allow it, too.";
    case "NotFoundError":
    case "OverconstrainedError":
      return "There is no microphone. Connect one; this page uses it at once.";
    case "NotReadableError":
    case "AbortError":
      return "The microphone is in use by another program, or does not work. Close that program, or choose another microphone in the menu.";
    case "TypeError":
      return "The browser has no microphone for this page: it must come from this machine or over https.";
  }
  return `The microphone cannot be used: ${error?.message ?? error}.`;
}

// pathTrouble is the text when the browser cannot reach the address in the server's answer.
export function pathTrouble(answer) {
  const [, address, port] = answer.match(/^a=candidate:\S+ \d+ \S+ \d+ (\S+) (\d+)/m) ?? [];
  if (!address) return "There is no audio: your network blocks the way to the server.";
  const over = / tcptype passive/.test(answer) ? "UDP and TCP" : "UDP";
  return `There is no audio: your network blocks ${over} to the server at ${address}, port ${port}. Ask its administrators to allow ${over === "UDP" ? "it" : "one of them"}.`;
}

// problem returns an error of a request as a sentence.
export function problem(err) {
  const text = (err?.message || err?.type || "It did not work").trim();
  const sentence = text[0].toUpperCase() + text.slice(1);
  return /[.!?)]$/.test(sentence) ? sentence : `${sentence}.`;
}
