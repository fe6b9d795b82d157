// The name of this window, by which the server knows it again.

const held = "holdfast-window";
const patience = 1_000; // with the page that had this name before and is being closed

export function randomID() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

// windowID names this window, also after a reload, or after a new load of the frame
// that it is. A copy of the window gets another name: a page holds a lock on its name
// until it is closed.
export async function windowID() {
  const before = remembered();
  if (before && (await claim(before))) return before;
  const id = randomID();
  void claim(id);
  try {
    sessionStorage.setItem(held, id);
  } catch {
    // storage is not allowed here
  }
  return id;
}

function remembered() {
  try {
    return sessionStorage.getItem(held);
  } catch {
    return null;
  }
}

// claim locks a name until this page is closed. It returns false if another has it.
function claim(id) {
  if (!navigator.locks) return performance.getEntriesByType("navigation")[0]?.type === "reload";
  return new Promise((resolve) => {
    const hold = () => {
      resolve(true);
      return new Promise((release) => window.addEventListener("pagehide", release, { once: true }));
    };
    navigator.locks.request(`${held}-${id}`, { signal: AbortSignal.timeout(patience) }, hold).catch(() => resolve(false));
  });
}
